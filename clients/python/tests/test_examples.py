"""The examples that need nothing but the client."""

from __future__ import annotations

import json
import subprocess
import sys
import unittest

from support import CLIENT, Root

CANDLES = "1763711940,101.5\n1763712000,99.0\n1763712060,98.0\n"


class Examples(unittest.TestCase):
    def run_on(self, root: Root, example: str, candles: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-B", str(CLIENT / "examples" / example)],
            input=candles,
            env={"HOLDFAST_ROOT": root.path, "PYTHONPATH": str(CLIENT)},
            capture_output=True,
            text=True,
            timeout=60,
        )

    def test_they_trade_while_green_and_are_held_while_paused(self) -> None:
        for example, beat, decided in [
            ("plain_loop.py", "data/heartbeat.json", ["wait", "buy", "buy"]),
            ("asyncio_bot.py", "data/heartbeats/asyncio-bot.json", ["buy", "buy"]),
        ]:
            with self.subTest(example):
                root = Root(self)
                ended = self.run_on(root, example, CANDLES)
                self.assertEqual((0, ""), (ended.returncode, ended.stderr))
                lines = [json.loads(line) for line in root.bytes("memory/decisions.jsonl").splitlines()]
                self.assertEqual(decided, [line.get("act") or line["side"] for line in lines])
                found = root.json(beat)
                self.assertEqual(("ok", 6, 1763712060), (found["status"], found["seq"], found["candle_at"]))
                self.assertIn("fresh", root.says(0, "watchdog", "check"))

                root.says(0, "circuit-ctl", "trip", "--by", "alice", "--reason", "review")
                ended = self.run_on(root, example, CANDLES)
                self.assertEqual(0, ended.returncode, ended)
                self.assertEqual(3, ended.stderr.count("PAUSED (halt): review"))
                self.assertEqual(("held", 12), (root.json(beat)["status"], root.json(beat)["seq"]))
                self.assertEqual(len(lines), len(root.bytes("memory/decisions.jsonl").splitlines()))

    def test_a_failing_cycle_trips(self) -> None:
        root = Root(self)
        ended = self.run_on(root, "plain_loop.py", "no candle\n")
        self.assertEqual(1, ended.returncode)
        self.assertEqual("ValueError", root.json("data/heartbeat.json")["exception"])
        root.says(1, "watchdog", "check")
        root.says(2, "circuit-ctl", "check")


if __name__ == "__main__":
    unittest.main()
