"""A freqtrade strategy that beats at each loop, and enters no trade while the circuit is paused.

    HOLDFAST_ROOT=/srv/bot freqtrade trade --strategy Swings --strategy-path clients/python/examples …

A strategy of your own derives from HoldfastStrategy instead of IStrategy. Exits are left alone: they reduce risk, and a
stop must work while trading is paused. freqtrade asks nobody before it adds to a position (`adjust_trade_position`): a
strategy that does so asks `self.may_enter` first. Run with freqtrade 2026.9.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from freqtrade.persistence import Order, Trade
from freqtrade.strategy import IStrategy
from pandas import DataFrame

import holdfast

log = logging.getLogger(__name__)


class HoldfastStrategy(IStrategy):
    """The hooks. A heartbeat of its own: data/heartbeats/freqtrade.json."""

    def bot_start(self, **kwargs: Any) -> None:
        interval = self.config.get("internals", {}).get("process_throttle_secs", 5)
        self.heart = holdfast.Heartbeat(name="freqtrade", interval=interval)

    def bot_loop_start(self, current_time: datetime, **kwargs: Any) -> None:
        # A loop that hangs, or that freqtrade has stopped, beats no more. One where all is well but no candle comes
        # beats on, and a watch with advance = ["/candle_at"] sees it.
        own = {"candle_at": candle_at} if (candle_at := self.last_candle()) else {}
        self.heart.beat("ok" if holdfast.check().is_green else "held", **own)

    def last_candle(self) -> float | None:
        """When the newest candle of all pairs began."""
        frames = [self.dp.get_analyzed_dataframe(pair, self.timeframe)[0] for pair in self.dp.current_whitelist()]
        return max((frame["date"].iloc[-1].timestamp() for frame in frames if len(frame)), default=None)

    def may_enter(self, **decision: Any) -> bool:
        """Asks the circuit, and writes the decision down before anything is sent.

        freqtrade takes an exception in a hook for a yes. So none leaves this (fail-closed).
        """
        try:
            verdict = holdfast.check()
            holdfast.append({"kind": "entry" if verdict.is_green else "refused", "why": verdict.why, **decision})
        except Exception:
            log.exception("no entry: nobody knows whether it is allowed, or it cannot be written down")
            return False
        if not verdict.is_green:
            log.warning("no entry: %s", holdfast.Paused(verdict))
        return verdict.is_green

    def confirm_trade_entry(
        self,
        pair: str,
        order_type: str,
        amount: float,
        rate: float,
        time_in_force: str,
        current_time: datetime,
        entry_tag: str | None,
        side: str,
        **kwargs: Any,
    ) -> bool:
        return self.may_enter(pair=pair, side=side, amount=float(amount), rate=float(rate), tag=entry_tag)

    def order_filled(self, pair: str, trade: Trade, order: Order, current_time: datetime, **kwargs: Any) -> None:
        filled = {"pair": pair, "side": order.ft_order_side, "amount": order.safe_filled, "price": order.safe_price}
        holdfast.append({"kind": "filled", **filled})


class Swings(HoldfastStrategy):
    """Buys what fell twice, sells at the next rise. A stand-in for a strategy."""

    timeframe = "1m"
    minimal_roi = {"0": 10.0}
    stoploss = -0.5
    startup_candle_count = 3

    def populate_indicators(self, dataframe: DataFrame, metadata: dict[str, Any]) -> DataFrame:
        dataframe["falls"] = dataframe["close"] < dataframe["close"].shift(1)
        return dataframe

    def populate_entry_trend(self, dataframe: DataFrame, metadata: dict[str, Any]) -> DataFrame:
        dataframe.loc[dataframe["falls"] & dataframe["falls"].shift(1, fill_value=False), "enter_long"] = 1
        return dataframe

    def populate_exit_trend(self, dataframe: DataFrame, metadata: dict[str, Any]) -> DataFrame:
        dataframe.loc[~dataframe["falls"], "exit_long"] = 1
        return dataframe
