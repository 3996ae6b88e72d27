"""A bot as a plain loop: asks the circuit before each cycle, beats around it, and writes down what it decided.

mkdir -p /tmp/trader/data
printf '%s\\n' 1763711940,101.5 1763712000,99.0 | HOLDFAST_ROOT=/tmp/trader python plain_loop.py
cat /tmp/trader/data/heartbeat.json /tmp/trader/memory/decisions.jsonl
"""

from __future__ import annotations

import sys

import holdfast


def decide(price: float, before: float | None) -> str:
    """Buys what falls. A stand-in for a strategy."""
    return "buy" if before is not None and price < before else "wait"


def main() -> None:
    heart = holdfast.Heartbeat(interval=60)
    before = None
    # The candles come from stdin here. A failing one ends the bot, and the beat says how.
    for candle in sys.stdin:
        try:
            with heart.cycle() as own, holdfast.guard():
                at, price = candle.split(",")
                act = decide(float(price), before)
                # First the decision, durably; then the order.
                holdfast.append({"candle_at": int(at), "price": float(price), "act": act})
                own["candle_at"] = int(at)
                before = float(price)
        except holdfast.Paused as paused:
            # The beat says held. Nothing was decided, and the next candle asks again.
            print(paused, file=sys.stderr)


if __name__ == "__main__":
    main()
