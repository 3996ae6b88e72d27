"""The client and circuit-ctl give the same answer about the same folder (fail-closed)."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import tempfile
import threading
import time
import unittest
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable

from states import GREEN, HOLD, LINE, NO_ROOT, PAUSED, REDUCE, REDUCING, STATES, State
from support import CLIENT, Root, program

import holdfast


def ours(root: Root, within: float | None = None) -> tuple[int, str]:
    try:
        verdict = holdfast.check(root.path, require_watchdog=within)
        return verdict.exit, verdict.why
    except holdfast.NotARoot:
        return NO_ROOT, ""


def theirs(root: Root, *args: str) -> tuple[int, str]:
    ended = root.run("circuit-ctl", "check", "--json", *args)
    answer = json.loads(ended.stdout)
    assert answer["exit"] == ended.returncode, ended
    return ended.returncode, answer.get("why", "")


def guarded(root: Root, **arguments: Any) -> int:
    """The exit code that `circuit-ctl guard -- true` would have."""
    try:
        with holdfast.guard(root.path, **arguments):
            return 0
    except holdfast.NotARoot:
        return NO_ROOT
    except holdfast.Paused as paused:
        return paused.verdict.exit


def each(items: Iterable[Any], job: Callable[[Any], str]) -> list[str]:
    """What is wrong with which. Most wait: what does not parse is read again for a fifth of a second."""
    with ThreadPoolExecutor(8) as pool:
        return [wrong for wrong in pool.map(job, items) if wrong]


class Agreement(unittest.TestCase):
    def test_every_state_of_face_ledger_and_root(self) -> None:
        def compared(state: State) -> str:
            root = Root()
            state.make(root)
            (client, why), (program, its_why) = ours(root), theirs(root)
            reducing = (
                guarded(root, allow_reduce=True),
                root.run("circuit-ctl", "guard", "--allow-reduce", "--", "true").returncode,
            )
            root.remove()
            allowed = 0 if state.code == REDUCE else state.code
            # Of what the files themselves say each speaks in its own words.
            spoken = not its_why.startswith("data/")
            agree = (client, program) == (state.code,) * 2 and reducing == (allowed,) * 2
            agree &= not spoken or holdfast._printable(why) == its_why
            return "" if agree else f"{state}: {client} {why}, circuit-ctl: {program} {its_why}; guards: {reducing}"

        self.assertGreater(len(STATES), 150)
        self.assertEqual([], each(STATES, compared))

    def test_guard_goes_by_the_same_verdict(self) -> None:
        for state in [state for state in STATES if "face " not in state.name]:
            with self.subTest(state.name):
                root = Root(self)
                state.make(root)
                program = root.run("circuit-ctl", "guard", "--", "true").returncode
                self.assertEqual((state.code, state.code), (guarded(root), program))

    def test_faces_that_nobody_thought_of(self) -> None:
        seed = int(os.environ.get("HOLDFAST_SEED", random.SystemRandom().randrange(1 << 32)))
        dice = random.Random(seed)
        faces = [mutant(dice) for _ in range(int(os.environ.get("HOLDFAST_ROUNDS", "300")))]

        def compared(face: bytes) -> str:
            root = Root()
            root.put("data/trips.jsonl", LINE)
            root.put("data/circuit.json", face)
            root.dated("data/trips.jsonl", -1)
            root.dated("data/circuit.json", 0)
            client, program = ours(root)[0], theirs(root)[0]
            root.remove()
            return f"{face!r}: client {client}, circuit-ctl {program}" if client != program else ""

        self.assertEqual([], each(faces, compared), f"HOLDFAST_SEED={seed}")

    def test_a_simple_writer_in_the_middle_of_its_work_is_waited_for(self) -> None:
        root = Root(self)
        root.put("data/circuit.json", '{"paused":fal')
        writer = threading.Timer(0.05, lambda: root.put("data/circuit.json", '{"paused":false}'))
        writer.start()
        self.assertTrue(holdfast.check(root.path).is_green)
        writer.join()

    def test_a_trip_of_the_program_is_seen_and_told(self) -> None:
        root = Root(self)
        trip = ["trip", "--json", "--by", "alice", "--reason", "margin call", "--mode", "reduce"]
        made = json.loads(root.says(0, "circuit-ctl", *trip))
        verdict = holdfast.check(root.path)
        self.assertEqual(("reduce", 3, "margin call", "alice"), (verdict.word, verdict.exit, verdict.why, verdict.by))
        self.assertEqual([made["id"]], [hold.id for hold in verdict.holds])
        self.assertLess(abs(time.time() - (verdict.since or 0)), 60)
        root.says(0, "circuit-ctl", "trip", "--by", "bob", "--reason", "legal review")
        verdict = holdfast.check(root.path)
        self.assertEqual(("paused", "margin call (the oldest of 2 holds)"), (verdict.word, verdict.why))
        root.put("data/circuit.json", '{"paused": false}')
        root.dated("data/circuit.json", 1)
        self.assertTrue(holdfast.check(root.path).is_green)


def mutant(dice: random.Random) -> bytes:
    """A face with some bytes changed, or put together of odd parts."""
    if dice.random() < 0.5:
        face = bytearray(dice.choice([GREEN, '{"paused":true,"mode":"reduce","holds":[%s]}' % REDUCING]).encode())
        for _ in range(dice.randint(1, 3)):
            place, byte = dice.randrange(len(face)), dice.choice(b'{}[]",:\\ \n0123456789-.eEtfn\x00\x0c\xff\xc3u')
            dice.choice([face.__setitem__, face.insert])(place, byte)
        return bytes(face)
    values = [
        "true", "false", "null", "0", "-0", "1", str(len(LINE)), "1.0", "1e0", "1E400", "18446744073709551615",
        "-9223372036854775809", '"halt"', '"reduce"', '"x"', "[]", "{}", f"[{HOLD}]", f"[{REDUCING}]", f"[{HOLD},1]",
        '"\\ud83d\\ude00"', '"\\udead"', '{"a":{"a":1}}', '[{"id":"a","mode":"reduce","mode":"halt"}]',
    ]  # fmt: skip
    keys = ["paused", "v", "mode", "trips", "holds", "reason", "since", "resumed", "x", "Paused", "pa\\u0075sed"]
    pairs = [("paused", dice.choice(["true", "false"])), ("trips", str(len(LINE)))][: dice.randint(0, 2)]
    pairs += [(dice.choice(keys), dice.choice(values)) for _ in range(dice.randint(0, 3))]
    return ("{" + ",".join(f'"{key}":{value}' for key, value in pairs) + "}").encode()


class WatchdogRequired(unittest.TestCase):
    def test_beats_of_the_watchdog(self) -> None:
        now, up, boot = time.time(), time.clock_gettime(time.CLOCK_BOOTTIME), holdfast._boot()

        def own(at: float, since_boot: float, of: str | None = boot) -> str:
            return json.dumps({"v": 1, "at": at, "status": "ok", "up": since_boot, "boot": of})

        for what, beat, code in [
            ("just now", own(now, up), 0),
            ("just now, before the wall clock was set", own(now - 9e6, up), 0),
            ("just now, after the wall clock was set back", own(now + 9e6, up), 0),
            ("long ago, with a wall clock that claims otherwise", own(now, up - 61), 2),
            ("ahead of this boot", own(now, up + 100), 2),
            ("a little ahead of this boot", own(now, up + 20), 2),
            ("in another boot, just now", own(now, up + 100, "other"), 0),
            ("in another boot, long ago", own(now - 61, up, "other"), 2),
            ("in another boot, in the future", own(now + 3600, up, "other"), 2),
            ("in another boot, a little in the future", own(now + 30, up, "other"), 0),
            ("by a simple writer", f'{{"at":{now},"status":"ok"}}', 0),
            ("by a simple writer, long ago", f'{{"at":{now - 61},"status":"ok"}}', 2),
            ("without a boot", f'{{"at":{now},"status":"ok","up":1}}', 0),
            ("with keys of its own", f'{{"at":{now},"status":"ok","watches":{{"a":[1]}}}}', 0),
            ("empty", "", 2),
            ("torn", '{"at":17637', 2),
            ("without a time", '{"status":"ok"}', 2),
            ("without a status", f'{{"at":{now}}}', 2),
            ("with a time as text", f'{{"at":"{now}","status":"ok"}}', 2),
            ("with a time before all times", '{"at":-1,"status":"ok"}', 2),
            ("with a boot as null", f'{{"at":{now},"status":"ok","boot":null}}', 2),
            ("with a broken count", f'{{"at":{now},"status":"ok","seq":1.5}}', 2),
            ("with a time twice", f'{{"at":{now},"at":{now},"status":"ok"}}', 2),
            ("of another version", f'{{"v":2,"at":{now},"status":"ok"}}', 2),
            ("as a list", "[]", 2),
        ]:
            with self.subTest(what):
                root = Root(self)
                root.put("data/watchdog.json", beat)
                self.assertEqual((code, code), (ours(root, 60)[0], theirs(root, "--require-watchdog", "60s")[0]), beat)
                guard = root.run("circuit-ctl", "guard", "--require-watchdog", "60s", "--", "true").returncode
                self.assertEqual((code, code), (guarded(root, require_watchdog=60), guard))
                self.assertEqual((0, 0), (ours(root)[0], theirs(root)[0]))

    def test_one_that_never_ran_or_cannot_be_asked(self) -> None:
        makes: list[tuple[str, Callable[[str], None]]] = [
            ("missing", lambda path: None),
            ("a folder", os.mkdir),
            ("a FIFO", os.mkfifo),
            ("a dangling link", lambda path: os.symlink("nowhere", path)),
        ]
        for what, make in makes:
            with self.subTest(what):
                root = Root(self)
                make(root.at("data/watchdog.json"))
                self.assertEqual((2, 2), (ours(root, 3600)[0], theirs(root, "--require-watchdog", "1h")[0]))
                root.says(0, "circuit-ctl", "trip", "--reason", "margin call", "--mode", "reduce")
                self.assertEqual((2, 2), (ours(root, 3600)[0], theirs(root, "--require-watchdog", "1h")[0]))
                self.assertEqual(2, guarded(root, allow_reduce=True, require_watchdog=3600))

    def test_the_real_one(self) -> None:
        root = Root(self)
        self.assertEqual(2, ours(root, 60)[0])
        holdfast.Heartbeat(root.path).beat()
        root.says(0, "watchdog", "check")
        self.assertEqual((0, 0), (ours(root, 60)[0], theirs(root, "--require-watchdog", "60s")[0]))

    def test_guard_asks_for_one_once_there_is_a_configuration(self) -> None:
        watch, channel = '[[watch]]\nname = "bot"\n', '[[channel]]\nkind = "command"\ncommand = ["true"]\n'
        for what, files, code, program_code in [
            ("no configuration", {}, 0, 0),
            ("a watch", {"holdfast.toml": watch}, 2, 2),
            ("not TOML", {"holdfast.toml": "[["}, 2, 2),
            ("a last good copy alone", {"data/config-last-good.toml": watch}, 2, 2),
            # The client reads no TOML: it is the stricter of the two here.
            ("no watch in it", {"holdfast.toml": channel}, 2, 0),
        ]:
            with self.subTest(what):
                root = Root(self)
                for name, content in files.items():
                    root.put(name, content)
                ended = root.run("circuit-ctl", "guard", "--", "true")
                self.assertEqual((code, program_code), (guarded(root), ended.returncode))
                self.assertEqual(0, guarded(root, no_watchdog=True))
                holdfast.Heartbeat(root.path).beat()
                root.put("data/watchdog.json", root.bytes("data/heartbeat.json"))
                self.assertEqual(0, guarded(root))
                root.says(0, "circuit-ctl", "guard", "--", "true")


class AnotherUser(unittest.TestCase):
    """As nobody, because root may read everything."""

    def test_what_may_not_be_read(self) -> None:
        with tempfile.TemporaryDirectory() as place:
            os.chmod(place, 0o755)
            for file in (program("circuit-ctl"), str(CLIENT / "holdfast.py")):
                shutil.copy(file, place)
            script = f"import sys; sys.path.insert(0, {place!r}); import holdfast\n" + (
                "try: sys.exit(holdfast.check(sys.argv[1]).exit)\nexcept holdfast.NotARoot: sys.exit(78)"
            )
            for file, mode, code in [
                ("data/circuit.json", 0o000, PAUSED),
                ("data/trips.jsonl", 0o000, 0),
                ("data", 0o600, PAUSED),
                ("data", 0o000, PAUSED),
                (".", 0o000, NO_ROOT),
            ]:
                with self.subTest(f"{file} {mode:o}"):
                    root = Root(self)
                    root.put("data/circuit.json", GREEN)
                    root.put("data/trips.jsonl", "")
                    for folder in (".", "data"):
                        os.chmod(root.at(folder), 0o755)
                    os.chmod(root.at(file), mode)
                    client = as_nobody(["/usr/bin/python3", "-I", "-c", script, root.path])
                    checked = as_nobody([f"{place}/circuit-ctl", "--root", root.path, "check"])
                    self.assertEqual((code, code), (client, checked))


def as_nobody(command: list[str]) -> int:
    drop = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"] if os.geteuid() == 0 else []
    return subprocess.run([*drop, *command], cwd="/", capture_output=True, timeout=60).returncode


if __name__ == "__main__":
    unittest.main()
