"""Beats: what stands in the file, and what hb-write does with the same file."""

from __future__ import annotations

import datetime
import decimal
import errno
import json
import math
import os
import signal
import stat
import subprocess
import threading
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
        # A mode that a new file does not have by itself.
        os.chmod(root.at(BEAT), 0o664)
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
    unittest.main()
