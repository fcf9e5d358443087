"""What clients wish for: orders of every type around a price that moves."""

import math
import random
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.chaos.cast import MARKETS, TICKS

Body = dict[str, Any]


def any_symbol(rng: random.Random) -> str:
    return rng.choices(list(MARKETS), [5, 3, 2])[0]


def price(symbol: str, rng: random.Random, offset: float) -> str:
    """Return a price so far from the middle, which wanders by 2 % within minutes, as text with the market's ticks."""
    middle = float(MARKETS[symbol]) * (1 + 0.02 * math.sin(time.time() / 25 + len(symbol)))
    tick = Decimal(TICKS[symbol])
    ticks = round(middle * (1 + offset + rng.gauss(0, 0.0005)) / float(tick))
    return str(ticks * tick)


def stop_price(placed: Mapping[str, Any], rng: random.Random) -> str:
    """Return another stop price for a stop that waits, on its side of the market."""
    is_above = (placed["side"] == "buy") != placed["type"].startswith("take_profit")
    return price(placed["symbol"], rng, (1 if is_above else -1) * rng.uniform(0.001, 0.01))


def quantity(rng: random.Random, most: float = 3.0) -> str:
    return f"{max(0.1, rng.random() * most):.3f}"


def order(rng: random.Random) -> tuple[str, Body]:
    """Return where to send an order, and the order."""
    symbol, side = any_symbol(rng), rng.choice(("buy", "sell"))
    body: dict[str, str | None] = {"symbol": symbol, "side": side, "quantity": quantity(rng)}
    kind = rng.choices(list(_KINDS), [weight for weight, _ in _KINDS.values()])[0]
    path = {"oco": "/api/v1/orders/oco", "bracket": "/api/v1/orders/bracket"}.get(kind, "/api/v1/orders")
    body |= _KINDS[kind][1](symbol, 1 if side == "buy" else -1, rng)
    return path, {name: value for name, value in body.items() if value is not None}


def _limit(symbol: str, sign: int, rng: random.Random) -> Body:
    return {"type": "limit", "price": price(symbol, rng, -sign * rng.choice((0.002, 0.001, 0.0, -0.001)))}


def _away(symbol: str, sign: int, rng: random.Random) -> Body:
    return {"type": "limit", "price": price(symbol, rng, -sign * rng.uniform(0.003, 0.02))}


def _immediate(symbol: str, sign: int, rng: random.Random) -> Body:
    offset = sign * rng.choice((0.002, 0.0))
    return {"type": "limit", "price": price(symbol, rng, offset), "time_in_force": rng.choice(("ioc", "fok"))}


def _market(symbol: str, sign: int, rng: random.Random) -> Body:
    return {"type": "market"}


def _budget(symbol: str, sign: int, rng: random.Random) -> Body:
    return {"type": "market", "side": "buy", "quantity": None, "quote_quantity": f"{rng.uniform(10, 200):.2f}"}


def _post_only(symbol: str, sign: int, rng: random.Random) -> Body:
    wish = {"post_only": True} | ({"reprice": True} if rng.random() < 0.4 else {})
    return _limit(symbol, sign, rng) | wish


def _iceberg(symbol: str, sign: int, rng: random.Random) -> Body:
    return _limit(symbol, sign, rng) | {"quantity": f"{rng.uniform(3, 9):.3f}", "display_quantity": "0.5"}


def _expiring(symbol: str, sign: int, rng: random.Random) -> Body:
    expire_at = datetime.now(UTC) + timedelta(seconds=rng.uniform(0.2, 20))
    return _away(symbol, sign, rng) | {
        "time_in_force": "gtd",
        "expire_at": expire_at.isoformat(timespec="milliseconds"),
    }


def _stop(symbol: str, sign: int, rng: random.Random) -> Body:
    stop_price = price(symbol, rng, sign * rng.uniform(0.002, 0.01))
    limit = price(symbol, rng, sign * 0.015) if rng.random() < 0.5 else None
    return {"type": "stop_limit" if limit else "stop", "stop_price": stop_price, "price": limit}


def _take_profit(symbol: str, sign: int, rng: random.Random) -> Body:
    stop_price = price(symbol, rng, -sign * rng.uniform(0.002, 0.01))
    limit = stop_price if rng.random() < 0.5 else None
    return {"type": "take_profit_limit" if limit else "take_profit", "stop_price": stop_price, "price": limit}


def _trailing(symbol: str, sign: int, rng: random.Random) -> Body:
    return {"type": "trailing_stop", "trailing_percent": f"{rng.uniform(0.2, 1.5):.2f}"}


def _oco(symbol: str, sign: int, rng: random.Random) -> Body:
    limit = price(symbol, rng, -sign * rng.uniform(0.001, 0.006))
    return {"price": limit, "stop_price": price(symbol, rng, sign * rng.uniform(0.003, 0.01))}


def _bracket(symbol: str, sign: int, rng: random.Random) -> Body:
    exits = {
        "take_profit": {"price": price(symbol, rng, sign * rng.uniform(0.003, 0.01))},
        "stop_loss": {"stop_price": price(symbol, rng, -sign * rng.uniform(0.004, 0.01))},
    }
    return {"type": "limit", "price": price(symbol, rng, sign * rng.choice((-0.001, 0.001)))} | exits


_KINDS: dict[str, tuple[float, Any]] = {
    "limit": (38, _limit),
    "away": (10, _away),
    "immediate": (9, _immediate),
    "market": (8, _market),
    "budget": (3, _budget),
    "post_only": (6, _post_only),
    "iceberg": (4, _iceberg),
    "expiring": (5, _expiring),
    "stop": (4, _stop),
    "take_profit": (2, _take_profit),
    "trailing": (3, _trailing),
    "oco": (4, _oco),
    "bracket": (4, _bracket),
}
