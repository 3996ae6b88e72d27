"""A bot on asyncio: files are read and written in a thread, so that neither quotes nor orders wait for a disk.

mkdir -p /tmp/trader/data
printf '%s\\n' 1763711940,101.5 1763712000,99.0 | HOLDFAST_ROOT=/tmp/trader python asyncio_bot.py
"""

from __future__ import annotations

import asyncio
import sys

import holdfast


# What sends orders stands behind a guard of its own: a pause may come between a decision and its order.
@holdfast.guard()
async def send_order(order: dict[str, object]) -> None:
    await asyncio.to_thread(holdfast.append, {"kind": "order", **order})


async def quotes(queue: asyncio.Queue[tuple[int, float] | None]) -> None:
    """Candles from stdin. A real bot has a socket here."""
    while line := await asyncio.to_thread(sys.stdin.readline):
        at, price = line.split(",")
        await queue.put((int(at), float(price)))
    await queue.put(None)


async def trade(queue: asyncio.Queue[tuple[int, float] | None]) -> None:
    heart = holdfast.Heartbeat(name="asyncio-bot", interval=60)
    before = 0.0
    while (candle := await queue.get()) is not None:
        at, price = candle
        try:
            async with heart.cycle() as own, holdfast.guard():
                if price < before:
                    await send_order({"candle_at": at, "side": "buy", "price": price})
                own["candle_at"], before = at, price
        except holdfast.Paused as paused:
            print(paused, file=sys.stderr)


async def main() -> None:
    queue: asyncio.Queue[tuple[int, float] | None] = asyncio.Queue()
    reading = asyncio.create_task(quotes(queue))
    await trade(queue)
    await reading


if __name__ == "__main__":
    asyncio.run(main())
