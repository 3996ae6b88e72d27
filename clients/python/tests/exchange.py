"""A stand-in for the public half of Binance's API on a port of its own: real daily prices as candles of a minute.

The prices are those of AAPL, from crates/drill/data; the pair is called BTC/USDT, for freqtrade asks what a coin is.
"""

from __future__ import annotations

import csv
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from support import CLIENT

PRICES = CLIENT.parent.parent / "crates/drill/data/daily-prices.csv"
SYMBOL = "BTCUSDT"
MINUTE_MS = 60_000
# So many candles have ended when it starts.
PAST = 200


def prices() -> list[list[float]]:
    """Open, high, low, close, volume of some hundred days, so that several fall in a row around now."""
    with open(PRICES, newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["Ticker"] == "AAPL"]
    days = [[float(row[key]) for key in ("Open", "High", "Low", "Close", "Volume")] for row in rows]
    falls = [day[3] < before[3] for before, day in zip(days, days[1:])]
    now = next(n for n in range(PAST, len(falls)) if all(falls[n - 2 : n + 3]))
    return days[now - PAST + 1 :]


class Exchange:
    """Serves until it is closed."""

    def __init__(self) -> None:
        days, began = prices(), int(time.time()) // 60 * MINUTE_MS - PAST * MINUTE_MS

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                url = urlsplit(self.path)
                query = {key: value[0] for key, value in parse_qs(url.query).items()}
                answer = respond(url.path, query, days, began)
                body = json.dumps(answer if answer is not None else {"code": -1, "msg": url.path}).encode()
                self.send_response(404 if answer is None else 200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def respond(path: str, query: dict[str, str], days: list[list[float]], began: int) -> Any:
    now = int(time.time() * 1000)
    current = (now - began) // MINUTE_MS
    last = days[current - 1][3]
    if path.endswith("/exchangeInfo"):
        return {"timezone": "UTC", "serverTime": now, "rateLimits": [], "symbols": [symbol()]}
    if path.endswith("/klines"):
        return candles(query, days, began, current)
    if path.endswith("/depth"):
        price = f"{last:.2f}"
        return {"lastUpdateId": 1, "bids": [[price, "1000000"]], "asks": [[price, "1000000"]]}
    if path.endswith("/time"):
        return {"serverTime": now}
    if "/ticker/" in path:
        numbers = dict.fromkeys(
            ("bidPrice", "askPrice", "lastPrice", "openPrice", "highPrice", "lowPrice"), f"{last:.2f}"
        )
        ticker = {
            "symbol": SYMBOL,
            **numbers,
            "volume": "1000",
            "quoteVolume": "1000000",
            "closeTime": now,
            "openTime": now,
        }
        return ticker if "symbol" in query else [ticker]
    return None


def candles(query: dict[str, str], days: list[list[float]], began: int, current: int) -> list[list[object]]:
    since = int(query.get("startTime", began))
    until = int(query.get("endTime", 1 << 62))
    limit = int(query.get("limit", 500))
    found: list[list[object]] = []
    for number, (open_, high, low, close, volume) in enumerate(days[: current + 1]):
        at = began + number * MINUTE_MS
        if since <= at <= until:
            shown = [f"{value:.2f}" for value in (open_, high, low, close, volume)]
            found.append([at, *shown, at + MINUTE_MS - 1, "1", 1, "1", "1", "0"])
    return found[:limit] if "startTime" in query else found[-limit:]


def symbol() -> dict[str, object]:
    filters = [
        {"filterType": "PRICE_FILTER", "minPrice": "0.01", "maxPrice": "1000000", "tickSize": "0.01"},
        {"filterType": "LOT_SIZE", "minQty": "0.00001", "maxQty": "9000000", "stepSize": "0.00001"},
        {"filterType": "NOTIONAL", "minNotional": "5", "applyMinToMarket": True, "maxNotional": "9000000"},
    ]
    return {
        "symbol": SYMBOL,
        "status": "TRADING",
        "baseAsset": "BTC",
        "quoteAsset": "USDT",
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "orderTypes": ["LIMIT", "MARKET"],
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": filters,
        "permissions": [],
        "permissionSets": [["SPOT"]],
    }
