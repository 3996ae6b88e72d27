"""Cycles: their begin and end, by exceptions too, and what the watchdog makes of them."""

from __future__ import annotations

import asyncio
import json
import os
import time
import unittest
from typing import Any
from unittest import mock

from support import Root

import holdfast

BEAT, NAMED = "data/heartbeat.json", "data/heartbeats/bot.json"


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

    def test_a_key_that_cannot_be_told_hides_no_end(self) -> None:
        for error, status, exception in [
            (None, "failed", "FieldError"),
            (KeyError("its own"), "failed", "KeyError"),
            (holdfast.Paused(holdfast.Verdict("paused")), "held", None),
        ]:
            with self.subTest(status=status, error=error):
                root = Root(self)
                expected = type(error) if error else holdfast.FieldError
                heart, log = holdfast.Heartbeat(root.path), mock.patch.object(holdfast._LOG, "error")
                with log as logged, self.assertRaises(expected), heart.cycle() as own:
                    own["pid"] = 7
                    if error:
                        raise error
                # The body's error is raised; the other one is told beside it.
                self.assertEqual(error is not None, logged.called)
                beat = self.status(root)
                self.assertEqual((status, exception, os.getpid()), (beat["status"], beat.get("exception"), beat["pid"]))
                self.assertIn("took", beat)

    def test_a_root_that_is_none_stops_the_body_and_one_that_goes_hides_no_error(self) -> None:
        root = Root(self)
        with self.assertRaises(holdfast.NotARoot), holdfast.Heartbeat(root.at("nowhere")).cycle():
            self.fail("it ran")
        heart = holdfast.Heartbeat(root.path)
        with self.assertLogs("holdfast", "ERROR") as logged, self.assertRaises(KeyError), heart.cycle():
            os.rename(root.at("data"), root.at("gone"))
            raise KeyError("its own")
        self.assertIn("is not a Holdfast root", logged.output[0])

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

        self.assertGreater(asyncio.run(bot()), 5)
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


if __name__ == "__main__":
    unittest.main()
