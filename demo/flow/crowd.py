"""What takers do next: mostly at market, sometimes at a limit, small sums often and large ones rarely.

They lean with the trend of a market, so that its candles have direction, and against having too much or too little of
an asset. So money goes round between maker and takers for as long as the demo runs, and never has to be added.
"""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from base.scaling import plain
from base.times import iso_ms
from demo.flow.ladder import Pair
from demo.flow.world import World

_DOLLARS, _SPREAD_OF_DOLLARS, _DOLLARS_MAX = 180.0, 1.2, 25_000.0
_WITH_THE_TREND = 0.3
_SURPLUS_DOLLARS, _AGAINST_SURPLUS_MAX = 200_000.0, 0.3
_AT_MARKET, _AT_A_BETTER_PRICE = 0.65, 0.2  # the others pay a little more than the best price asks for
_RESTS_S = (30, 180)


def crowd_pair(pairs: list[Pair], rng: random.Random) -> Pair:
    """Return the market of the next order."""
    return rng.choices(pairs, [pair.style.weight for pair in pairs])[0]


def crowd_order(pair: Pair, world: World, *, surplus: float, now: datetime, rng: random.Random) -> dict[str, Any]:
    """Return an order as `POST /orders` takes it; `surplus` is how much base asset the taker has come to.

    Limit orders expire by themselves, within minutes, so none is left behind whatever happens to the taker.
    """
    price = world.price(pair.symbol)
    share_of_buys = _share_of_buys(world.trend(pair.symbol), surplus * world.dollars(pair.base))
    side = "buy" if rng.random() < share_of_buys else "sell"
    dollars = min(_DOLLARS_MAX, _DOLLARS * rng.lognormvariate(0, _SPREAD_OF_DOLLARS))
    order: dict[str, Any] = {
        "symbol": pair.symbol,
        "side": side,
        "type": "market",
        "quantity": plain(pair.quantity(dollars / world.dollars(pair.quote), price)),
        "self_trade_prevention": "cancel_oldest",
    }
    kind = rng.random()
    if kind < _AT_MARKET:
        return order
    steps = rng.expovariate(0.4) if kind < _AT_MARKET + _AT_A_BETTER_PRICE else -rng.uniform(1, 3)
    limit = _limit(pair, price, side, steps)
    expire_at = now.astimezone(UTC) + timedelta(seconds=rng.uniform(*_RESTS_S))
    terms = {"type": "limit", "price": plain(limit), "time_in_force": "gtd", "expire_at": iso_ms(expire_at)}
    return order | terms


def _share_of_buys(trend: float, surplus_dollars: float) -> float:
    lean = min(_AGAINST_SURPLUS_MAX, max(-_AGAINST_SURPLUS_MAX, surplus_dollars / _SURPLUS_DOLLARS))
    return 0.5 + _WITH_THE_TREND * trend * 0.5 - lean


def _limit(pair: Pair, price: float, side: str, steps: float) -> Decimal:
    """Return a price so many widths better for the taker than the middle; worse with a negative number."""
    width = max(1.0, pair.ticks(price) * pair.style.width_bps / 10_000)
    ticks = pair.ticks(price) - steps * width * (1 if side == "buy" else -1)
    return pair.tick * max(1, round(ticks))
