"""The strategy in a real dry run of freqtrade, whose exchange is a stand-in with real prices."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import unittest
from typing import Any, Callable

from exchange import Exchange
from support import CLIENT, Root

PATIENCE_S = 120
BEAT = "data/heartbeats/freqtrade.json"


def config(exchange: Exchange) -> dict[str, Any]:
    urls = {"api": dict.fromkeys(("public", "private", "v1", "sapi", "sapiV2", "sapiV3"), f"{exchange.url}/api/v3")}
    ccxt = {"urls": urls, "options": {"fetchMarkets": {"types": ["spot"]}, "fetchCurrencies": False}}
    pricing = {"price_side": "other", "use_order_book": True, "order_book_top": 1}
    return {
        "max_open_trades": 1,
        "stake_currency": "USDT",
        "stake_amount": 100,
        "dry_run": True,
        "dry_run_wallet": 1000,
        "cancel_open_orders_on_exit": False,
        "trading_mode": "spot",
        "unfilledtimeout": {"entry": 10, "exit": 10, "unit": "minutes"},
        "entry_pricing": pricing,
        "exit_pricing": pricing,
        "exchange": {
            "name": "binance",
            "key": "",
            "secret": "",
            "enable_ws": False,
            "ccxt_config": ccxt,
            "pair_whitelist": ["BTC/USDT"],
            "pair_blacklist": [],
        },
        "pairlists": [{"method": "StaticPairList"}],
        "initial_state": "running",
        "internals": {"process_throttle_secs": 1},
    }


class Freqtrade(unittest.TestCase):
    def setUp(self) -> None:
        self.root = Root(self)
        self.exchange = Exchange()
        self.addCleanup(self.exchange.close)
        self.root.put("freqtrade.json", json.dumps(config(self.exchange)))
        self.bot: subprocess.Popen[bytes] | None = None
        self.addCleanup(self.kill)

    def start(self) -> None:
        args = ["trade", "--config", "freqtrade.json", "--strategy", "Swings", "--db-url", "sqlite:///trades.sqlite"]
        args += ["--strategy-path", str(CLIENT / "examples"), "--userdir", self.root.at("user_data")]
        os.makedirs(self.root.at("user_data"), exist_ok=True)
        environment = {"PATH": os.environ["PATH"], "HOME": self.root.path, "PYTHONPATH": str(CLIENT)}
        environment |= {"HOLDFAST_ROOT": self.root.path, "PYTHONDONTWRITEBYTECODE": "1"}
        log = open(self.root.at("log"), "ab")  # noqa: SIM115
        self.addCleanup(log.close)
        self.bot = subprocess.Popen(
            [sys.executable, "-m", "freqtrade", *args], cwd=self.root.path, env=environment, stdout=log, stderr=log
        )

    def kill(self) -> None:
        if self.bot is not None:
            self.bot.send_signal(signal.SIGKILL)
            self.bot.wait()

    def eventually(self, what: str, ready: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE_S
        while not ready():
            alive = self.bot is not None and self.bot.poll() is None
            if time.monotonic() > end or not alive:
                self.fail(f"it did not come to this: {what}\n{self.root.bytes('log').decode()[-6000:]}")
            time.sleep(0.05)

    def beat(self) -> dict[str, Any]:
        return dict(self.root.json(BEAT)) if os.path.exists(self.root.at(BEAT)) else {}

    def beats(self, status: str) -> Callable[[], bool]:
        seq = self.beat().get("seq", 0)
        return lambda: self.beat().get("status") == status and self.beat()["seq"] >= seq + 3

    def decisions(self, kind: str) -> list[dict[str, Any]]:
        path = self.root.at("memory/decisions.jsonl")
        lines = self.root.bytes("memory/decisions.jsonl").splitlines() if os.path.exists(path) else []
        return [line for line in map(json.loads, lines) if line["kind"] == kind]

    def trades(self) -> int:
        with sqlite3.connect(self.root.at("trades.sqlite")) as database:
            found: int = database.execute("select count(*) from trades").fetchone()[0]
        return found

    def test_paused_it_beats_and_enters_nothing_resumed_it_trades_killed_it_trips(self) -> None:
        root = self.root
        root.put("holdfast.toml", '[[watch]]\nname = "bot"\nheartbeat = "freqtrade"\nmax_age = "10s"\n')
        root.says(0, "circuit-ctl", "trip", "--by", "alice", "--reason", "legal review")
        self.start()
        self.eventually("it beats, held", self.beats("held"))
        self.eventually("an entry is refused", lambda: len(self.decisions("refused")) >= 2)
        self.assertEqual((0, []), (self.trades(), self.decisions("entry")))
        refused = self.decisions("refused")[0]
        self.assertEqual(("legal review", "BTC/USDT", "long"), (refused["why"], refused["pair"], refused["side"]))

        root.put("data/circuit.json", '{"paused": false}')
        root.dated("data/circuit.json", 1)
        self.eventually("it enters", lambda: len(self.decisions("filled")) >= 1)
        self.assertEqual((1, 1), (self.trades(), len(self.decisions("entry"))))
        self.assertEqual("BTC/USDT", self.decisions("filled")[0]["pair"])
        self.eventually("it beats, ok", self.beats("ok"))
        self.assertGreater(self.beat()["candle_at"], time.time() - 600)
        root.says(0, "watchdog", "check")

        self.kill()
        end = time.monotonic() + PATIENCE_S
        while root.run("circuit-ctl", "check").returncode == 0:
            root.run("watchdog", "check")
            self.assertLess(time.monotonic(), end)
        self.assertIn("stale", root.run("circuit-ctl", "status").stdout)

    def test_where_nobody_knows_it_enters_nothing(self) -> None:
        self.root.put("data/circuit.json", "{}")
        self.root.put("memory", "no folder, so that no decision can be written down")
        self.start()
        self.eventually("it beats, held", self.beats("held"))
        self.eventually("an entry is refused", lambda: b"no entry: nobody knows" in self.root.bytes("log"))
        self.root.put("data/circuit.json", '{"paused": false}')
        seen = len(self.root.bytes("log"))
        self.eventually("it beats, ok", self.beats("ok"))
        self.eventually("and again", lambda: b"no entry: nobody knows" in self.root.bytes("log")[seen:])
        self.assertEqual(0, self.trades())


if __name__ == "__main__":
    unittest.main()
