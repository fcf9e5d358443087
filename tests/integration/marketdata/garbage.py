"""What nobody should send to a stream: broken JSON, wrong types, huge and deep messages, bytes, half a message."""

import json
import random
import string
from typing import Any

from marketdata.consumers.subscriptions import CHANNELS, INTERVALS
from orders.timeframes import TIMEFRAMES

OPERATIONS = ("ping", "subscribe", "unsubscribe", "resume", "auth", "cancel_on_disconnect", "cancel_after", "nothing")
FIELDS = (
    "symbol", "symbols", "channels", "timeframes", "interval", "from_seq", "token", "session", "private_seq",
    "api_key", "timestamp", "signature", "timeout_ms",
)  # fmt: skip
NUMBERS = (0, -1, 1, 2**31, 2**63 - 1, 2**63, -(2**63) - 1, 10**400, 0.5, 1e308, -0.0)
TEXTS = ("", " ", "\x00", "\ud800", "é" * 50, "null", "BTC/USDT", "../../etc", "9" * 5_000, "%00", "' OR 1=1 --")
DEPTH_MAX = 6


class Garbage:
    """Random messages and addresses; the same seed gives the same ones. Some of them are good."""

    def __init__(self, seed: str, symbols: list[str]) -> None:
        self._rng = random.Random(seed)
        self._symbols = symbols

    def address(self) -> str:
        """Return a path of one of the streams, mostly one that can be opened."""
        rng = self._rng
        symbol = self._symbol().replace("/", "-")
        path = rng.choice((f"/ws/markets/{symbol}", "/ws/trades", f"/ws/trades?symbol={symbol}", "/ws/orders"))
        if path.startswith("/ws/markets") and rng.random() < 0.5:
            query = {name: self._word() for name in rng.sample(("channels", "timeframes", "interval", "from_seq"), 2)}
            path += "?" + "&".join(f"{name}={value}" for name, value in query.items())
        return path

    def message(self) -> str | bytes:
        """Return what to send next."""
        rng = self._rng
        kind = rng.random()
        if kind < 0.05:
            return rng.randbytes(rng.choice((0, 1, 50, 70_000)))
        if kind < 0.10:
            return "".join(rng.choices(string.printable, k=rng.choice((0, 3, 200))))
        if kind < 0.13:
            depth = rng.choice((50, 1_000, 20_000))
            return rng.choice(("[" * depth, "[" * depth + "]" * depth, '{"op":' * depth))
        if kind < 0.16:
            return json.dumps({"op": "ping", "more": "x" * rng.choice((60_000, 65_536, 200_000))})
        if kind < 0.25:
            return json.dumps(self._anything(0))
        text = json.dumps(self._operation())
        return text[: rng.randrange(len(text))] if rng.random() < 0.1 else text

    def _operation(self) -> dict[str, Any]:
        rng = self._rng
        message: dict[str, Any] = {"op": rng.choice(OPERATIONS)}
        if rng.random() < 0.05:
            message["op"] = self._anything(4)
        for name in rng.sample(FIELDS, rng.randint(0, 4)):
            message[name] = self._field(name) if rng.random() < 0.7 else self._anything(3)
        return message

    def _field(self, name: str) -> Any:
        rng = self._rng
        good = {
            "symbol": self._symbol,
            "symbols": lambda: [self._symbol() for _ in range(rng.choice((0, 1, 3, 100, 101)))],
            "channels": lambda: rng.sample(CHANNELS, rng.randint(0, 3)),
            "timeframes": lambda: rng.sample(list(TIMEFRAMES), rng.randint(0, 7)),
            "interval": lambda: rng.choice(list(INTERVALS)),
            "timeout_ms": lambda: rng.choice((0, 2_999, 3_000, 60_000, 60_001)),
        }
        return good.get(name, lambda: rng.choice(NUMBERS + TEXTS))()

    def _symbol(self) -> str:
        return self._rng.choice((*self._symbols, *self._symbols, "NO/SUCH", "x" * 300))

    def _word(self) -> str:
        return self._rng.choice((*CHANNELS, *TIMEFRAMES, *INTERVALS, "5", "", "x", "%F0%28", "9" * 30, ",,,"))

    def _anything(self, depth: int) -> Any:
        rng = self._rng
        if depth >= DEPTH_MAX or rng.random() < 0.5:
            return rng.choice((*NUMBERS, *TEXTS, None, True, False))
        if rng.random() < 0.5:
            return [self._anything(depth + 1) for _ in range(rng.randint(0, 4))]
        return {rng.choice((*FIELDS, "op", "")): self._anything(depth + 1) for _ in range(rng.randint(0, 4))}
