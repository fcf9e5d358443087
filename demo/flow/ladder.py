"""What the maker wants in the book, and the fewest changes that make it so. Whole ticks and lots, no money in floats.

A ladder has rungs on each side of the price, close together near it and further apart away from it. An order stands
for the rung it is nearest to. Orders that no rung needs, because the price has come too close or another one stands
there, move to rungs that have none: a price that walks by one rung costs one amendment a side, not thirty.
"""

import math
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from base.scaling import plain

RUNGS = 15
_STALE = 0.2  # an order with a smaller part left of what its rung usually has gets a new quantity


class Style(NamedTuple):
    """How a market is quoted: how often looked after, how tight, and how much in dollars on the best rung."""

    weight: float
    width_bps: float
    dollars: float


@dataclass(frozen=True, slots=True)
class Pair:
    """A market's rules as `GET /markets` tells them."""

    symbol: str
    base: str
    quote: str
    tick: Decimal
    lot: Decimal
    min_notional: Decimal
    min_quantity: Decimal
    style: Style

    @classmethod
    def of(cls, market: Mapping[str, Any], style: Style) -> "Pair":
        tick, lot = Decimal(market["tick_size"]), Decimal(market["lot_size"])
        least = Decimal(market["min_notional"]), Decimal(market["min_quantity"])
        return cls(market["symbol"], market["base"], market["quote"], tick, lot, *least, style)

    def ticks(self, price: float) -> float:
        """Return a price in ticks, not rounded."""
        return price / float(self.tick)

    def price_text(self, ticks: int) -> str:
        return plain(self.tick * ticks)

    def quantity(self, notional: float, price: float) -> Decimal:
        """Return about as much as costs `notional` at a price: two or three figures, whole lots, as much as must be."""
        wanted = max(notional, 1.05 * float(self.min_notional)) / price
        step = 10.0 ** (math.floor(math.log10(wanted)) - 1)
        lots = max(1, math.ceil(round(wanted / step) * step / float(self.lot)))
        return max(self.lot * lots, self.min_quantity)


class OpenOrder(NamedTuple):
    """One of the maker's orders in the book."""

    id: str
    side: str
    ticks: int
    filled: Decimal
    remaining: Decimal

    @classmethod
    def of(cls, order: Mapping[str, Any], pair: Pair) -> "OpenOrder":
        ticks = int(Decimal(order["price"]) / pair.tick)
        filled, remaining = (Decimal(order[name]) for name in ("filled_quantity", "remaining_quantity"))
        return cls(order["id"], order["side"], ticks, filled, remaining)


class Move(NamedTuple):
    """An amendment: another price and what is left to be traded there."""

    order: OpenOrder
    ticks: int
    quantity: Decimal


@dataclass(slots=True)
class Changes:
    """What makes the book as it is wanted: orders to place, orders to move, orders to cancel."""

    new: list[dict[str, str]] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    surplus: list[OpenOrder] = field(default_factory=list)


class _Rung(NamedTuple):
    ticks: int
    gap: float
    notional: float


def changes(
    pair: Pair, *, price: float, quote_dollars: float, heat: float, orders: Iterable[OpenOrder], rng: random.Random
) -> Changes:
    """Return what to change in one market. Moves that retreat come first, out of the way of the maker's other side."""
    found, by_side = Changes(), {"buy": list[OpenOrder](), "sell": list[OpenOrder]()}
    for order in orders:
        by_side[order.side].append(order)
    limits = {
        "buy": min((order.ticks for order in by_side["sell"]), default=None),
        "sell": max((order.ticks for order in by_side["buy"]), default=None),
    }
    for side, own in by_side.items():
        rungs = _rungs(pair, side, price, quote_dollars, heat)
        _change_side(pair, side, rungs, own, limits[side], found, rng)
    found.moves.sort(key=lambda move: -_retreat(move))
    return found


def _rungs(pair: Pair, side: str, price: float, quote_dollars: float, heat: float) -> list[_Rung]:
    sign = -1 if side == "buy" else 1
    middle, unit = pair.ticks(price), max(1.0, pair.ticks(price) * pair.style.width_bps / 10_000) * math.sqrt(heat)
    distances = [unit * (0.6 + 1.3 * i + 0.22 * i * i) for i in range(RUNGS + 1)]
    rungs: list[_Rung] = []
    for i in range(RUNGS):
        ticks = math.floor(middle - distances[i]) if side == "buy" else math.ceil(middle + distances[i])
        if rungs and (ticks - rungs[-1].ticks) * sign < 1:
            ticks = rungs[-1].ticks + sign
        notional = pair.style.dollars * (1 + 0.35 * i) / quote_dollars
        rungs.append(_Rung(ticks, distances[i + 1] - distances[i], notional))
    return [rung for rung in rungs if rung.ticks > 0]


def _change_side(
    pair: Pair,
    side: str,
    rungs: list[_Rung],
    own: list[OpenOrder],
    limit: int | None,
    found: Changes,
    rng: random.Random,
) -> None:
    free, empty = _unneeded(pair, side, rungs, own)
    for rung in empty:
        ticks = _aside(side, rung.ticks + round(rng.uniform(-0.25, 0.25) * rung.gap), limit)
        quantity = pair.quantity(rung.notional * rng.lognormvariate(0, 0.5), float(pair.tick * ticks))
        if free:
            found.moves.append(Move(free.pop(), ticks, quantity))
        else:
            found.new.append(_limit_order(pair, side, ticks, quantity))
    found.surplus += free


def _unneeded(pair: Pair, side: str, rungs: list[_Rung], own: list[OpenOrder]) -> tuple[list[OpenOrder], list[_Rung]]:
    """Return orders that no rung needs, those nearest to the price last, and rungs without an order, the best first."""
    sign = -1 if side == "buy" else 1
    standing: dict[int, OpenOrder] = {}
    free: list[OpenOrder] = []
    for order in sorted(own, key=lambda order: -sign * order.ticks):
        i = min(range(len(rungs)), key=lambda i: abs(rungs[i].ticks - order.ticks))
        if i not in standing and _stands_for(pair, order, rungs[i], is_best=i == 0):
            standing[i] = order
        else:
            free.append(order)
    return free, [rung for i, rung in enumerate(rungs) if i not in standing]


def _stands_for(pair: Pair, order: OpenOrder, rung: _Rung, *, is_best: bool) -> bool:
    further = (order.ticks - rung.ticks) * (-1 if order.side == "buy" else 1)
    is_too_close = is_best and further < -0.6 * rung.gap
    left = float(order.remaining * pair.tick * order.ticks)
    return not is_too_close and abs(further) <= max(1.0, rung.gap) and left >= _STALE * rung.notional


def _aside(side: str, ticks: int, limit: int | None) -> int:
    """Return a price that does not meet the maker's own other side."""
    if limit is None:
        return max(1, ticks)
    return max(1, min(ticks, limit - 1)) if side == "buy" else max(ticks, limit + 1)


def _retreat(move: Move) -> int:
    sign = -1 if move.order.side == "buy" else 1
    return (move.ticks - move.order.ticks) * sign


def _limit_order(pair: Pair, side: str, ticks: int, quantity: Decimal) -> dict[str, str]:
    return {
        "symbol": pair.symbol,
        "side": side,
        "type": "limit",
        "price": pair.price_text(ticks),
        "quantity": plain(quantity),
    }
