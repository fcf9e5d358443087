"""Prices that nobody trades at yet: where the maker quotes and which way the crowd leans.

Each market against the dollar walks at random around its reference price: calm and wild hours come in turns, trends
last for some minutes, and part of each step is common to all. A market between two others (ETH/BTC) follows from their
prices. These are floats because nothing here is money: orders are made of whole ticks and lots (`ladder`).
"""

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass

DOLLAR = "USDT"
STEP_MAX_S = 60.0  # after a pause nothing has happened meanwhile, or a day's move would come at once

_SIGMA = 0.001  # of the logarithm in a minute, in an hour that is neither calm nor wild
_HALF_LIFE_MIN = 12 * 60.0
_COMMON = 0.6
_TREND_MIN, _TREND_SIGMA = 15.0, 0.0002  # how long it lasts, and its usual size in a minute
_HEAT_MIN, _HEAT_SIGMA = 25.0, 0.5
_FAR = 0.25


@dataclass(slots=True)
class _Walk:
    anchor: float
    distance: float = 0.0  # logarithm of price / anchor
    trend: float = 0.0

    @property
    def price(self) -> float:
        return self.anchor * math.exp(self.distance)


class World:
    """All prices at one moment. Give it a reference price for each market."""

    def __init__(self, rng: random.Random, references: Mapping[str, float]) -> None:
        self._rng = rng
        self._walks = {symbol: _Walk(price) for symbol, price in references.items()}
        self._heat = 0.0
        self._now_s: float | None = None

    @property
    def heat(self) -> float:
        """How wild it is: about 1, between a half and two."""
        return min(2.0, max(0.5, math.exp(self._heat)))

    def advance(self, now_s: float) -> None:
        """Move all prices to a moment of a monotonic clock."""
        before, self._now_s = self._now_s, now_s
        if before is not None and now_s > before:
            self._step(min(now_s - before, STEP_MAX_S) / 60)

    def _step(self, minutes: float) -> None:
        gauss, root = self._rng.gauss, math.sqrt(minutes)
        self._heat = _reverted(self._heat, minutes, _HEAT_MIN, _HEAT_SIGMA, gauss(0, 1))
        common, own = _COMMON * gauss(0, 1), math.sqrt(1 - _COMMON**2)
        pull = math.log(2) / _HALF_LIFE_MIN
        for walk in self._walks.values():
            walk.trend = _reverted(walk.trend, minutes, _TREND_MIN, _TREND_SIGMA, gauss(0, 1))
            noise = _SIGMA * self.heat * root * (common + own * gauss(0, 1))
            moved = walk.distance + (walk.trend - pull * walk.distance) * minutes + noise
            walk.distance = min(_FAR, max(-_FAR, moved))

    def price(self, symbol: str) -> float:
        """Return what a market's price would be now."""
        base, _, quote = symbol.partition("/")
        legs = [self._walks.get(f"{asset}/{DOLLAR}") for asset in (base, quote)]
        if quote != DOLLAR and legs[0] and legs[1]:
            return legs[0].price / legs[1].price
        return self._walks[symbol].price

    def dollars(self, asset: str) -> float:
        """Return what one of an asset is worth; 1 for one that has no market."""
        walk = self._walks.get(f"{asset}/{DOLLAR}")
        return walk.price if walk else 1.0

    def trend(self, symbol: str) -> float:
        """Return the trend of a market at present: -1 to 1."""
        return math.tanh(self._walks[symbol].trend / _TREND_SIGMA)

    def go_on_from(self, symbol: str, price: float) -> None:
        """Continue a walk from where the market really is."""
        walk = self._walks[symbol]
        walk.distance = min(_FAR, max(-_FAR, math.log(price / walk.anchor)))


def _reverted(value: float, minutes: float, lasts_min: float, sigma: float, chance: float) -> float:
    """Return a mean-reverting value one step later; in the long run it is about `sigma` from 0."""
    kept = math.exp(-minutes / lasts_min)
    return value * kept + sigma * math.sqrt(1 - kept**2) * chance
