"""Beats: what stands in the file, what the watchdog makes of it, and what hb-write does with the same file."""

from __future__ import annotations

import asyncio
import datetime
import decimal
import errno
import json
import math
import os
import signal
import stat
import subprocess
import sys
import threading
import time
import unittest
from typing import Any
from unittest import mock

from support import Root

import holdfast

# Those of docs/formats/heartbeat.md, in their order.
KEYS = ["v", "at", "iso", "status", "name", "host", "pid", "seq", "boot", "up", "awake", "interval", "begun", "took",
        "circuit"]  # fmt: skip
BEAT, NAMED = "data/heartbeat.json", "data/heartbeats/bot.json"


class Bytes(unittest.TestCase):
    def test_a_beat_has_the_keys_and_the_form_of_hb_write(self) -> None:
        for name, file in [(None, BEAT), ("bot", NAMED)]:
            with self.subTest(file):
                root = Root(self)
                heart = holdfast.Heartbeat(root.path, name=name, interval=300)
                named = ["--name", name] if name else []
                found: list[dict[str, Any]] = []
                raw: list[bytes] = []
                for ours in (True, False):
                    if ours:
                        heart.begin()
                        heart.beat("no quotes", candle_at=1, price=2.5, text="größer \u2028 \x7f\x1f\n", none=None)
                    else:
                        own = '{"candle_at":1,"price":2.5,"text":"größer \\u2028 \x7f\\u001f\\n","none":null}'
                        args = ["--interval", "5m", "--status", "no quotes", "--json", "-"]
                        root.says(0, "hb-write", *named, "--begin", "--interval", "5m")
                        root.says(0, "hb-write", *named, *args, stdin=own)
                    found.append(root.json(file))
                    raw.append(root.bytes(file))
                client, program = found
                self.assertEqual(list(program), list(client))
                expected = [key for key in KEYS if key != "name" or name]
                self.assertEqual([*expected, "candle_at", "price", "text", "none"], list(client))
                self.assertEqual([2, 4], [client["seq"], program["seq"]])
                differ = {"at", "iso", "pid", "seq", "up", "awake", "begun", "took"}
                same = [{key: value for key, value in beat.items() if key not in differ} for beat in found]
                self.assertEqual(same[1], same[0])
                for key in ("at", "up", "awake", "begun"):
                    self.assertLess(abs(client[key] - program[key]), 30, key)
                    self.assertEqual(type(program[key]), type(client[key]), key)
                    self.assertLess(abs(client[key] * 1000 - round(client[key] * 1000)), 1e-3, "to milliseconds")
                self.assertEqual(client["pid"], os.getpid())
                at = datetime.datetime.fromisoformat(client["iso"].replace("Z", "+00:00")).timestamp()
                self.assertAlmostEqual(client["at"], at, 3)
                # The same but for the numbers that differ.
                forms = [json.dumps(json.loads(line), ensure_ascii=False, separators=(",", ":")) for line in raw]
                self.assertEqual([line.decode() for line in raw], [f"{form}\n" for form in forms])

    def test_mode_and_group_of_what_is_replaced_are_kept(self) -> None:
        root = Root(self)
        heart = holdfast.Heartbeat(root.path)
        os.umask(os.umask(0o022))
        heart.beat()
        self.assertEqual(0o640, stat.S_IMODE(os.stat(root.at(BEAT)).st_mode))
        os.chmod(root.at(BEAT), 0o664)
        as_root = os.geteuid() == 0
        if as_root:
            os.chown(root.at(BEAT), 65534, 65533)
        heart.beat()
        found = os.stat(root.at(BEAT))
        self.assertEqual(0o664, stat.S_IMODE(found.st_mode))
        if as_root:
            self.assertEqual((65534, 65533), (found.st_uid, found.st_gid))
            os.chown(root.at("data"), 65534, 65534)
            holdfast.Heartbeat(root.path, name="bot").beat()
            for made in ("data/heartbeats", NAMED):
                self.assertEqual(65534, os.stat(root.at(made)).st_uid, made)
        self.assertEqual(["heartbeat.json"], [name for name in os.listdir(root.at("data")) if "beat.json" in name])

    def test_the_count_goes_on_over_both_writers_and_begins_anew_after_what_cannot_be_read(self) -> None:
        root = Root(self)
        heart = holdfast.Heartbeat(root.path)
        seqs = []
        for step in (
            "ours",
            "theirs",
            "ours",
            '{"at":',
            "ours",
            '{"at":1,"status":"ok","seq":18446744073709551615}',
            "ours",
        ):
            if step == "ours":
                heart.beat()
            elif step == "theirs":
                root.says(0, "hb-write")
            else:
                root.put(BEAT, step)
                continue
            seqs.append(root.json(BEAT)["seq"])
        self.assertEqual([1, 2, 3, 1, 1], seqs)

    def test_the_circuit_that_was_seen_stands_in_the_beat(self) -> None:
        root = Root(self)
        heart = holdfast.Heartbeat(root.path)
        for face, word in [
            ('{"paused":false}', "green"),
            ('{"paused":true,"mode":"reduce"}', "reduce"),
            ('{"paused":true}', "paused"),
            ("", "paused"),
        ]:
            root.put("data/circuit.json", face)
            heart.held()
            beat = root.json(BEAT)
            self.assertEqual((word, "held"), (beat["circuit"], beat["status"]))


class Refused(unittest.TestCase):
    def test_what_no_reader_would_take(self) -> None:
        root = Root(self)
        heart = holdfast.Heartbeat(root.path)
        deep: Any = 1
        for _ in range(127):
            deep = [deep]
        refusals: list[tuple[dict[str, Any], str]] = [
            *[({key: 1}, "is a key of the heartbeat itself") for key in KEYS if key != "status"],
            ({"cost": math.nan}, "'cost' cannot be JSON"),
            ({"cost": [math.inf]}, "'cost' cannot be JSON"),
            ({"cost": decimal.Decimal("1.5")}, "Decimal is not JSON serializable\n  give what JSON has"),
            ({"text": "\ud800"}, "'text' cannot be JSON"),
            ({"deep": deep}, "nested too deeply"),
            ({"twice": {1: "a", "1": "b"}}, "stands twice"),
            ({"filler": "x" * (1 << 20)}, "readers take at most 1048576\n  put less into the beat"),
        ]
        for own, says in refusals:
            with self.subTest(str(own)[:60]):
                with self.assertRaises(holdfast.FieldError) as refused:
                    heart.beat("ok", **own)
                self.assertIn(says, str(refused.exception))
                self.assertFalse(os.path.exists(root.at(BEAT)))

    def test_names_and_spans(self) -> None:
        for name in ["", ".", "..", "A", "a b", "a/b", "../a", "ä", "a\n", "a" * 65, "heartbeat"]:
            with self.subTest(name), self.assertRaises(ValueError):
                holdfast.Heartbeat(name=name)
        spans: list[holdfast.Seconds] = [0, -1, math.nan, math.inf, datetime.timedelta(0)]
        for span in spans:
            with self.subTest(span), self.assertRaises(ValueError):
                holdfast.Heartbeat(interval=span)
            with self.subTest(span), self.assertRaises(ValueError):
                holdfast.guard(require_watchdog=span)

    def test_a_folder_that_is_no_root(self) -> None:
        root = Root(self)
        with (
            mock.patch.dict(os.environ, {"HOLDFAST_ROOT": root.at("nowhere")}),
            self.assertRaises(holdfast.NotARoot) as no,
        ):
            holdfast.Heartbeat().beat()
        self.assertIn(f"make one with: mkdir -p {root.at('nowhere')}/data", str(no.exception))
        with self.assertRaises(holdfast.NotARoot):
            holdfast.Heartbeat("").beat()
        with mock.patch.dict(os.environ, {"HOLDFAST_ROOT": root.path}):
            holdfast.Heartbeat().beat()
        self.assertEqual(1, root.json(BEAT)["seq"])

    def test_a_disk_that_refuses_leaves_the_old_beat_and_no_other_file(self) -> None:
        root = Root(self)
        heart = holdfast.Heartbeat(root.path)
        heart.beat()
        before = root.bytes(BEAT), os.listdir(root.at("data"))
        for call in ("open", "write", "fsync", "replace", "fchmod"):
            for number, says in [
                (errno.ENOSPC, "make room"),
                (errno.EACCES, "let this user"),
                (errno.EIO, "check that disk"),
            ]:
                with self.subTest(call=call, errno=number):
                    fails = mock.patch(f"os.{call}", side_effect=OSError(number, os.strerror(number)))
                    with fails, self.assertRaises(holdfast.WriteError) as failed:
                        heart.beat()
                    text = str(failed.exception)
                    self.assertIn("heartbeat.json cannot be written", text)
                    self.assertIn(says, text)
                    self.assertEqual(before, (root.bytes(BEAT), os.listdir(root.at("data"))))

    def test_no_link_is_written_through(self) -> None:
        root = Root(self)
        root.put("precious", "precious")
        os.symlink("../precious", root.at(BEAT))
        holdfast.Heartbeat(root.path).beat()
        self.assertEqual(b"precious", root.bytes("precious"))
        self.assertFalse(os.path.islink(root.at(BEAT)))
        os.mkdir(root.at("elsewhere"))
        os.symlink("../elsewhere", root.at("data/heartbeats"))
        with self.assertRaisesRegex(holdfast.WriteError, "is a symbolic link; Holdfast follows none"):
            holdfast.Heartbeat(root.path, name="bot").beat()
        self.assertEqual([], os.listdir(root.at("elsewhere")))


class Cycles(unittest.TestCase):
    def status(self, root: Root) -> dict[str, Any]:
        beat: dict[str, Any] = root.json(BEAT)
        return beat

    def test_a_cycle_begins_and_ends_as_its_body_does(self) -> None:
        class Odd(Exception):
            pass

        for error, status, exception in [
            (None, "ok", None),
            (Odd("secret"), "failed", "Odd"),
            (KeyboardInterrupt(), "failed", "KeyboardInterrupt"),
            (SystemExit(3), "failed", "SystemExit"),
            (SystemExit(0), "ok", None),
            (SystemExit(), "ok", None),
            (holdfast.Paused(holdfast.Verdict("paused", "why")), "held", None),
        ]:
            with self.subTest(repr(error)):
                root = Root(self)
                heart = holdfast.Heartbeat(root.path)
                try:
                    with heart.cycle() as own:
                        begun = self.status(root)
                        self.assertEqual(("ok", True, False), (begun["status"], "begun" in begun, "took" in begun))
                        own["candle_at"] = 7
                        if error:
                            raise error
                except BaseException as raised:
                    self.assertIs(error, raised)
                else:
                    self.assertIsNone(error)
                beat = self.status(root)
                self.assertEqual(
                    (status, exception, 7, 2), (beat["status"], beat.get("exception"), beat["candle_at"], beat["seq"])
                )
                self.assertEqual(begun["begun"], beat["begun"])
                self.assertGreaterEqual(beat["took"], 0)
                self.assertNotIn("secret", json.dumps(beat))

    def test_a_cycle_that_never_ended_keeps_its_begin_as_with_hb_write(self) -> None:
        for first in (True, False):
            root = Root(self)
            heart = holdfast.Heartbeat(root.path)
            heart.begin() if first else root.says(0, "hb-write", "--begin")
            begun = self.status(root)["begun"]
            heart.begin()
            self.assertEqual(begun, self.status(root)["begun"])
            root.says(0, "hb-write", "--begin")
            self.assertEqual(begun, self.status(root)["begun"])
            heart.beat()
            beat = self.status(root)
            self.assertEqual((begun, True), (beat["begun"], beat["took"] >= beat["at"] - begun - 0.01))
            heart.beat()
            self.assertNotIn("begun", self.status(root))

    def test_how_long_it_took_goes_by_the_clock_that_nobody_steps(self) -> None:
        then = holdfast._Now(1000.0, 500.0, 400.0, "this")
        after = holdfast._Now(5000.0, 510.0, 410.0, "this")
        beat = {"at": 1000.0, "up": 500.0, "boot": "this", "host": "h", "begun": 990.0}
        for old, began, found in [
            (beat, None, (990.0, 20.0)),
            ({**beat, "boot": "other"}, None, (990.0, 4010.0)),
            ({**beat, "up": 511.0}, None, (990.0, 4010.0)),
            ({**beat, "host": "another"}, None, (None, None)),
            ({**beat, "took": 1.0}, None, (None, None)),
            ({**beat, "begun": 2000.0}, None, (2000.0, 10.0)),
            (None, then, (1000.0, 10.0)),
            (None, then._replace(boot="other"), (1000.0, 4000.0)),
            (None, None, (None, None)),
        ]:
            self.assertEqual(found, holdfast._cycle_times(after, "h", old, False, began), (old, began))
        self.assertEqual((990.0, None), holdfast._cycle_times(after, "h", beat, True, after))
        self.assertEqual((5000.0, None), holdfast._cycle_times(after, "h", {**beat, "boot": "other"}, True, after))

    def test_where_no_beat_can_be_written_the_body_runs_and_the_error_comes_after_it(self) -> None:
        root = Root(self)
        os.mkdir(root.at(BEAT))
        ran = []
        heart = holdfast.Heartbeat(root.path)
        with self.assertRaisesRegex(holdfast.WriteError, "heartbeat.json cannot be written"), heart.cycle():
            ran.append("without error")
        with self.assertLogs("holdfast", "ERROR") as logged, self.assertRaises(KeyError), heart.cycle():
            ran.append("with error")
            raise KeyError("its own")
        self.assertEqual(["without error", "with error"], ran)
        self.assertIn("cannot be written", logged.output[0])

    def test_an_async_cycle_does_not_keep_the_loop_waiting(self) -> None:
        root = Root(self)
        heart = holdfast.Heartbeat(root.path)
        # Read again for a fifth of a second, at each beat.
        root.put("data/circuit.json", "{")

        async def bot() -> int:
            ticks = 0

            async def tick() -> None:
                nonlocal ticks
                while True:
                    ticks += 1
                    await asyncio.sleep(0.01)

            ticking = asyncio.create_task(tick())
            async with heart.cycle() as own:
                own["a"] = 1
            with self.assertRaises(holdfast.Paused):
                async with heart.cycle(), holdfast.guard(root.path):
                    self.fail("it ran")
            ticking.cancel()
            return ticks

        self.assertGreater(asyncio.run(bot()), 20)
        self.assertEqual("held", self.status(root)["status"])


class WithTheWatchdog(unittest.TestCase):
    def test_a_beat_is_fresh_and_an_exception_trips(self) -> None:
        for name in (None, "bot"):
            root = Root(self)
            heart = holdfast.Heartbeat(root.path, name=name)
            with heart.cycle() as own, holdfast.guard(root.path):
                own["candle_at"] = 1763711940
            self.assertIn("fresh", root.says(0, "watchdog", "check"))
            with self.assertRaises(ZeroDivisionError), heart.cycle(), holdfast.guard(root.path):
                raise ZeroDivisionError
            ended = root.run("watchdog", "check")
            self.assertEqual(1, ended.returncode, ended)
            verdict = holdfast.check(root.path)
            self.assertEqual(("paused", "watchdog"), (verdict.word, verdict.by))
            self.assertIn("failed", verdict.why)
            with self.assertRaises(holdfast.Paused) as paused, heart.cycle(), holdfast.guard(root.path):
                self.fail("it ran")
            self.assertIn("a person lifts it with: circuit-ctl resume", str(paused.exception))
            self.assertEqual("held", root.json(NAMED if name else BEAT)["status"])

    def test_one_that_is_held_does_not_trip(self) -> None:
        root = Root(self)
        heart = holdfast.Heartbeat(root.path)
        root.says(0, "circuit-ctl", "trip", "--reason", "review")
        with self.assertRaises(holdfast.Paused), heart.cycle(), holdfast.guard(root.path):
            self.fail("it ran")
        before = root.bytes("data/trips.jsonl")
        root.run("watchdog", "check")
        self.assertEqual(before, root.bytes("data/trips.jsonl"))

    def test_without_another_beat_it_is_stale_and_a_cycle_that_hangs_overruns(self) -> None:
        for begins, limits, says in [
            (False, 'max_age = "1s"', "stale"),
            (True, 'max_age = "1h"\nmax_run = "1s"', "overrun"),
        ]:
            with self.subTest(says):
                root = Root(self)
                root.put("holdfast.toml", f'[[watch]]\nname = "bot"\n{limits}\n')
                heart = holdfast.Heartbeat(root.path)
                heart.begin() if begins else heart.beat()
                deadline = time.monotonic() + 60
                told = ""
                while holdfast.check(root.path).is_green:
                    told = root.run("watchdog", "check").stdout
                    self.assertLess(time.monotonic(), deadline)
                self.assertIn(says, told)


class Killed(unittest.TestCase):
    def test_readers_see_whole_beats_while_writers_are_killed(self) -> None:
        root = Root(self)
        script = f"heart = holdfast.Heartbeat({root.path!r})\nwhile True: heart.beat(filler='x' * 20_000)"
        seen, stop = set(), threading.Event()
        holdfast.Heartbeat(root.path).beat(filler="")

        def read() -> None:
            while not stop.is_set():
                content = root.bytes(BEAT)
                seen.add(json.loads(content)["seq"] if content.endswith(b"}\n") else content)

        reader = threading.Thread(target=read)
        reader.start()
        for _ in range(15):
            writer = subprocess.Popen(root.python(script))
            before = root.json(BEAT)["seq"]
            while root.json(BEAT)["seq"] < before + 5:
                self.assertIsNone(writer.poll())
            writer.send_signal(signal.SIGKILL)
            writer.wait()
        stop.set()
        reader.join()
        self.assertGreater(len(seen), 20)
        self.assertEqual([], [content for content in seen if isinstance(content, bytes)])

    def test_many_writers_of_one_file_leave_a_whole_beat_and_no_other_file(self) -> None:
        root = Root(self)
        heart = holdfast.Heartbeat(root.path)

        def beat() -> None:
            for _ in range(20):
                heart.beat()

        threads = [threading.Thread(target=beat) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual("ok", root.json(BEAT)["status"])
        self.assertEqual(["heartbeat.json"], os.listdir(root.at("data")))


if __name__ == "__main__":
    assert sys.version_info >= (3, 9)
    unittest.main()
