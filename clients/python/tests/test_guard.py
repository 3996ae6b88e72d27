"""The guard in front of a body: with, async with, decorators."""

from __future__ import annotations

import asyncio
import unittest
from typing import Callable

from support import Root

import holdfast


class Guard(unittest.TestCase):
    def setUp(self) -> None:
        self.root = Root(self)
        self.ran: list[str] = []

    def trip(self, *args: str) -> None:
        self.root.says(0, "circuit-ctl", "trip", "--by", "alice", "--reason", "legal review\x1b[2J", *args)

    def all_ways(self) -> list[object]:
        """What comes of each way to guard a body: what it returned, or the exception."""
        path = self.root.path

        def plain() -> str:
            with holdfast.guard(path) as verdict:
                self.ran.append("with")
                return verdict.word

        async def in_async() -> str:
            async with holdfast.guard(path) as verdict:
                self.ran.append("async with")
                return verdict.word

        @holdfast.guard(path)
        def decorated(word: str, *, more: str) -> str:
            self.ran.append("decorator")
            return word + more

        @holdfast.guard(path)
        async def decorated_async(word: str) -> str:
            await asyncio.sleep(0)
            self.ran.append("async decorator")
            return word

        self.assertEqual("decorated", decorated.__name__)
        self.assertTrue(asyncio.iscoroutinefunction(decorated_async))
        ways: list[Callable[[], object]] = [
            plain,
            lambda: asyncio.run(in_async()),
            lambda: decorated("gre", more="en"),
            lambda: asyncio.run(decorated_async("green")),
        ]
        found: list[object] = []
        for way in ways:
            try:
                found.append(way())
            except holdfast.Paused as paused:
                found.append(paused.verdict.word)
        return found

    def test_green_runs_and_paused_does_not(self) -> None:
        self.assertEqual(["green"] * 4, self.all_ways())
        self.assertEqual(["with", "async with", "decorator", "async decorator"], self.ran)
        self.ran.clear()
        self.trip("--mode", "reduce")
        self.assertEqual(["reduce"] * 4, self.all_ways())
        self.trip()
        self.assertEqual(["paused"] * 4, self.all_ways())
        self.assertEqual([], self.ran)

    def test_who_is_refused_is_told_why_since_when_and_by_whom_on_a_safe_line(self) -> None:
        self.trip()
        with self.assertRaises(holdfast.Paused) as refused, holdfast.guard(self.root.path):
            self.fail("it ran")
        first, since, advice = str(refused.exception).splitlines()
        self.assertEqual("PAUSED (halt): legal review\\u{1b}[2J", first)
        self.assertRegex(since, r"^  since 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z, by alice$")
        self.assertEqual("  see it with: circuit-ctl status; a person lifts it with: circuit-ctl resume", advice)

    def test_reduce_is_for_who_can_only_reduce(self) -> None:
        self.trip("--mode", "reduce")
        with holdfast.guard(self.root.path, allow_reduce=True) as verdict:
            self.assertEqual(("reduce", False), (verdict.word, verdict.is_green))
        with self.assertRaisesRegex(holdfast.Paused, "^REDUCE ONLY: legal review"), holdfast.guard(self.root.path):
            self.fail("it ran")
        self.trip()
        with self.assertRaisesRegex(holdfast.Paused, "^PAUSED"), holdfast.guard(self.root.path, allow_reduce=True):
            self.fail("it ran")

    def test_each_entry_looks_anew_and_an_error_of_the_body_stays_its_own(self) -> None:
        gate = holdfast.guard(self.root.path)
        with gate:
            self.trip()
        with self.assertRaises(holdfast.Paused), gate:
            self.fail("it ran")
        self.root.put("data/circuit.json", '{"paused": false}')
        self.root.dated("data/circuit.json", 5)
        with self.assertRaises(KeyError), gate:
            raise KeyError("the body's")

    def test_arguments_that_contradict_each_other(self) -> None:
        with self.assertRaisesRegex(ValueError, "contradict"):
            holdfast.guard(require_watchdog=60, no_watchdog=True)


if __name__ == "__main__":
    unittest.main()
