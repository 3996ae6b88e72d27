"""The actor in a BacktestEngine of nautilus_trader, on real daily prices, with the circuit tripped under way."""

from __future__ import annotations

import csv
import datetime
import json
import sys
import unittest
from decimal import Decimal

from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig
from nautilus_trader.model.currencies import USD
from nautilus_trader.model.data import Bar, BarType
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide
from nautilus_trader.model.identifiers import Venue
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.test_kit.providers import TestInstrumentProvider
from nautilus_trader.trading.strategy import Strategy
from support import CLIENT, Root

sys.path.insert(0, str(CLIENT / "examples"))
from nautilus_actor import HoldfastActor, HoldfastConfig

PRICES = CLIENT.parent.parent / "crates/drill/data/daily-prices.csv"
DAYS = 600
DAY_NS = 86_400 * 10**9


def bars(bar_type: BarType) -> list[Bar]:
    found = []
    with open(PRICES, newline="") as file:
        for row in csv.DictReader(file):
            if row["Ticker"] == "AAPL" and len(found) < DAYS:
                day = datetime.datetime.fromisoformat(row["Date"]).replace(tzinfo=datetime.timezone.utc)
                at = int(day.timestamp()) * 10**9 + DAY_NS
                open_, high, low, close = (Price(float(row[key]), 2) for key in ("Open", "High", "Low", "Close"))
                volume = Quantity(float(row["Volume"]), 0)
                found.append(Bar(bar_type, open_, high, low, close, volume, at, at))
    return found


class Swings(Strategy):
    """Buys what fell for two days, and sells what it has at the next rise. `act` is done at bars of these numbers."""

    def __init__(self, bar_type: BarType, acts: dict[int, object], bracket: bool = False) -> None:
        super().__init__()
        self.bar_type, self.acts, self.bracket = bar_type, acts, bracket
        self.closes: list[float] = []
        self.fills: list[tuple[int, OrderSide]] = []
        self.denied: list[tuple[int, str]] = []
        self.ordered: list[int] = []

    def on_start(self) -> None:
        self.subscribe_bars(self.bar_type)

    def on_bar(self, bar: Bar) -> None:
        self.closes.append(float(bar.close))
        act = self.acts.get(len(self.closes))
        if callable(act):
            act()
        last = self.closes[-3:]
        instrument = self.bar_type.instrument_id
        falls = len(last) == 3 and last[0] > last[1] > last[2]
        if falls and self.portfolio.is_flat(instrument):
            self.order(OrderSide.BUY, reduce_only=False)
        elif self.portfolio.is_net_long(instrument) and last[-1] > last[-2]:
            self.order(OrderSide.SELL, reduce_only=True)

    def order(self, side: OrderSide, reduce_only: bool) -> None:
        self.ordered.append(len(self.closes))
        instrument, lot = self.bar_type.instrument_id, Quantity.from_int(100)
        if self.bracket and side == OrderSide.BUY:
            price = self.closes[-1]
            orders = self.order_factory.bracket(
                instrument, side, lot, sl_trigger_price=Price(price * 0.9, 2), tp_price=Price(price * 1.1, 2)
            )
            self.submit_order_list(orders)
        else:
            self.submit_order(self.order_factory.market(instrument, side, lot, reduce_only=reduce_only))

    def on_order_filled(self, event: object) -> None:
        self.fills.append((len(self.closes), event.order_side))  # type: ignore[attr-defined]

    def on_order_denied(self, event: object) -> None:
        self.denied.append((len(self.closes), event.reason))  # type: ignore[attr-defined]


class Nautilus(unittest.TestCase):
    def backtest(self, root: Root, acts: dict[int, object], *, bracket: bool = False, guards: bool = True) -> Swings:
        engine = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True)))
        venue = Venue("XNAS")
        engine.add_venue(venue, OmsType.NETTING, AccountType.MARGIN, [Money(1_000_000, USD)], USD, Decimal(1))
        instrument = TestInstrumentProvider.equity("AAPL", "XNAS")
        engine.add_instrument(instrument)
        bar_type = BarType.from_str("AAPL.XNAS-1-DAY-LAST-EXTERNAL")
        engine.add_data(bars(bar_type))
        actor = HoldfastActor(HoldfastConfig(root=root.path, interval_s=86_400))
        if guards:
            actor.guards(engine.kernel.risk_engine)
        engine.add_actor(actor)
        strategy = Swings(bar_type, acts, bracket)
        engine.add_strategy(strategy)
        engine.run()
        engine.dispose()
        return strategy

    def lines(self, root: Root, kind: str) -> list[dict[str, object]]:
        lines = [json.loads(line) for line in root.bytes("memory/decisions.jsonl").splitlines()]
        return [line for line in lines if line["kind"] == kind]

    def test_green_trades_and_beats_and_writes_down_each_order(self) -> None:
        root = Root(self)
        strategy = self.backtest(root, {})
        self.assertEqual(DAYS, len(strategy.closes))
        self.assertGreater(len(strategy.fills), 20)
        self.assertEqual([], strategy.denied)
        self.assertEqual(len(strategy.fills), len(self.lines(root, "OrderFilled")))
        first = self.lines(root, "OrderInitialized")[0]
        self.assertEqual(("AAPL.XNAS", "100", False), (first["instrument"], first["quantity"], first["reduce_only"]))
        beat = root.json("data/heartbeats/nautilus.json")
        self.assertEqual(("ok", "green", 86_400), (beat["status"], beat["circuit"], beat["interval"]))
        # One a day of the node's clock, weekends too.
        self.assertGreater(beat["seq"], DAYS)
        self.assertGreater(beat["bar_at"], 1e9)
        self.assertIn("fresh", root.says(0, "watchdog", "check"))

    def test_a_trip_under_way_denies_every_order_and_a_resume_lets_them_through(self) -> None:
        root = Root(self)

        def trip() -> None:
            root.says(0, "circuit-ctl", "trip", "--by", "alice", "--reason", "legal review")

        def resume() -> None:
            self.assertEqual("held", root.json("data/heartbeats/nautilus.json")["status"])
            root.put("data/circuit.json", '{"paused": false}')
            root.dated("data/circuit.json", 1)

        # A bar at which it orders, just after the trip: no timer comes in between.
        begun = next(number for number in self.backtest(Root(self), {}).ordered if number > 200)
        strategy = self.backtest(root, {begun: trip, 400: resume})
        self.assertEqual(begun, strategy.denied[0][0])
        self.assertEqual([], [fill for fill in strategy.fills if begun < fill[0] < 400], "filled while paused")
        for begin, end in ((0, begun), (400, DAYS + 1)):
            self.assertGreater(len([fill for fill in strategy.fills if begin <= fill[0] < end]), 5)
        self.assertGreater(len(strategy.denied), 5)
        self.assertEqual({"TradingState.HALTED"}, {reason for _, reason in strategy.denied})
        self.assertTrue(all(begun <= number < 400 for number, _ in strategy.denied), strategy.denied)
        self.assertEqual(len(strategy.denied), len(self.lines(root, "OrderDenied")))

    def test_reduce_lets_a_position_be_left_and_none_be_opened(self) -> None:
        root = Root(self)
        held: list[int] = []

        def reduce() -> None:
            root.says(0, "circuit-ctl", "trip", "--mode", "reduce", "--by", "alice", "--reason", "margin call")

        # A bar after which the strategy has a position, found in a run without a trip.
        free = self.backtest(Root(self), {})
        held = [number for number, side in free.fills if side == OrderSide.BUY and number > 100]
        strategy = self.backtest(root, {held[0] + 1: reduce})
        later = [(number, side) for number, side in strategy.fills if number > held[0]]
        self.assertEqual([OrderSide.SELL], [side for _, side in later])
        self.assertGreater(len(strategy.denied), 5)

    def test_a_list_whose_first_order_opens_is_refused_whole(self) -> None:
        root = Root(self)
        root.put("data/circuit.json", '{"paused": true, "mode": "reduce"}')
        strategy = self.backtest(root, {}, bracket=True)
        self.assertEqual([], strategy.fills)
        self.assertGreater(len(strategy.denied), 20)

    def test_without_a_risk_engine_it_does_not_start(self) -> None:
        with self.assertRaisesRegex(RuntimeError, "no risk engine to halt"):
            self.backtest(Root(self), {}, guards=False)


if __name__ == "__main__":
    unittest.main()
