"""An actor for nautilus_trader: it beats, and every order passes the circuit before the risk engine sees it.

    actor = HoldfastActor(HoldfastConfig(root="/srv/bot"))
    actor.guards(node.kernel.risk_engine)  # of a TradingNode; engine.kernel.risk_engine of a BacktestEngine
    node.trader.add_actor(actor)

Paused halts trading: the risk engine denies new orders, and cancels go through. While only orders that reduce risk are
allowed, those that are marked reduce_only pass; the engine's own REDUCING would let a flat account open a position.
Run with nautilus_trader 1.221.
"""

from __future__ import annotations

from datetime import timedelta

from nautilus_trader.common.actor import Actor
from nautilus_trader.common.config import ActorConfig
from nautilus_trader.model.data import Bar
from nautilus_trader.model.enums import TradingState
from nautilus_trader.model.events import OrderEvent, OrderInitialized
from nautilus_trader.risk.engine import RiskEngine

import holdfast

STATES = {"green": TradingState.ACTIVE, "reduce": TradingState.REDUCING, "paused": TradingState.HALTED}


class HoldfastConfig(ActorConfig, frozen=True):
    """`interval_s` is how often it beats, in seconds of the node's clock."""

    root: str
    name: str = "nautilus"
    interval_s: int = 60


class HoldfastActor(Actor):
    """Beats on a timer of the node's own loop: a loop that hangs beats no more. Reading and writing take about 1 ms."""

    def __init__(self, config: HoldfastConfig) -> None:
        super().__init__(config)
        self._root = config.root
        self._interval = timedelta(seconds=config.interval_s)
        self._heart = holdfast.Heartbeat(config.root, name=config.name, interval=self._interval)
        self._risk: RiskEngine | None = None
        self._refused_list: object = None
        self._bar_at: float | None = None

    def guards(self, risk_engine: RiskEngine) -> None:
        """Names the engine that denies orders. Without one the actor does not start."""
        self._risk = risk_engine

    def on_start(self) -> None:
        if self._risk is None:
            raise RuntimeError("no risk engine to halt: call guards(node.kernel.risk_engine) before the start")
        self.msgbus.subscribe(topic="events.order.*", handler=self._on_order)
        self.msgbus.subscribe(topic="data.bars.*", handler=self._on_any_bar)
        self.clock.set_timer("holdfast", interval=self._interval, callback=lambda _: self._beat())
        self._beat()

    def _beat(self) -> None:
        verdict = self._look()
        own = {} if self._bar_at is None else {"bar_at": self._bar_at}
        self._heart.beat("ok" if verdict.is_green else "held", **own)

    def _look(self) -> holdfast.Verdict:
        verdict = holdfast.check(self._root)
        self._halt(verdict.word)
        return verdict

    def _halt(self, word: str) -> None:
        if self._risk is not None and self._risk.trading_state != STATES[word]:
            self._risk.set_trading_state(STATES[word])

    def _on_any_bar(self, bar: Bar) -> None:
        self._bar_at = bar.ts_event / 1e9

    def _on_order(self, event: OrderEvent) -> None:
        # A new order is told to everybody before the risk engine judges it: what is set here counts for it.
        if isinstance(event, OrderInitialized):
            verdict = self._look()
            opens = not event.reduce_only or (event.order_list_id and event.order_list_id == self._refused_list)
            if verdict.word == "reduce" and opens:
                # One that opens refuses its whole list.
                self._refused_list = event.order_list_id
                self._halt("paused")
        # First the decision, durably; then the order.
        holdfast.append({"kind": type(event).__name__, **_told(event)}, self._root)


def _told(event: OrderEvent) -> dict[str, object]:
    """What of an event a reader of the log wants to know, as JSON has it."""
    told = {"order": str(event.client_order_id), "instrument": str(event.instrument_id), "at": event.ts_event / 1e9}
    for key in ("side", "quantity", "reduce_only", "reason", "last_px", "last_qty"):
        if hasattr(event, key):
            value = getattr(event, key)
            told[key] = value if isinstance(value, (bool, int, str)) else str(value)
    return told
