"""What an amount of one asset is worth in another, at the last prices: exactly, over at most two markets.

Of several ways the one with fewer markets counts, then the one whose markets are older. A way with a market that has
not traded yet gives no price, so the next one is taken.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple

from base.errors import ApiError, ErrorCode
from exchange.models import Asset, Market

__all__ = ["Rate", "Unvalued", "Valuation", "quote_asset"]


class Unvalued(StrEnum):
    """Why an asset has no value in another."""

    NO_MARKET = "NO_MARKET"
    NO_LAST_PRICE = "NO_LAST_PRICE"


class Rate(NamedTuple):
    """What one of an asset is worth, and by the last prices of which markets; none for the asset itself."""

    value: Fraction
    symbols: Sequence[str]


class _Crossing(NamedTuple):
    """One market, taken from one of its assets to the other."""

    to: str
    symbol: str
    rate: Fraction | None


class Valuation:
    """Values assets in one of them. `prices` are the last ones by market id; `markets` come the oldest first."""

    def __init__(self, quote: str, markets: Sequence[Market], prices: Mapping[int, Decimal]) -> None:
        self.quote = quote
        self._crossings: dict[str, list[_Crossing]] = defaultdict(list)
        for market in markets:
            price = Fraction(prices[market.pk]) if market.pk in prices else None
            self._crossings[market.base_id].append(_Crossing(market.quote_id, market.symbol, price))
            self._crossings[market.quote_id].append(_Crossing(market.base_id, market.symbol, price and 1 / price))

    def rate(self, asset: str) -> Rate | Unvalued:
        """Return the rate of an asset, or why there is none."""
        why = Unvalued.NO_MARKET
        for way in self._ways(asset):
            value = Fraction(1)
            for crossing in way:
                value *= crossing.rate or 0
            if value:
                return Rate(value, [crossing.symbol for crossing in way])
            why = Unvalued.NO_LAST_PRICE
        return why

    def _ways(self, asset: str) -> Iterator[list[_Crossing]]:
        if asset == self.quote:
            yield []
            return
        first = self._crossings[asset]
        yield from ([only] for only in first if only.to == self.quote)
        for one in first:
            if one.to != self.quote:
                yield from ([one, other] for other in self._crossings[one.to] if other.to == self.quote)


def quote_asset(named: str | None, markets: Sequence[Market]) -> str:
    """Return the asset that is named, else the one that most markets are quoted in; of several the oldest market's.

    Raises ASSET_NOT_FOUND, also where there is no market to tell. One query if it is named.
    """
    if named is not None:
        code = named.upper()
        if not Asset.objects.filter(code=code).exists():
            raise ApiError(ErrorCode.ASSET_NOT_FOUND, "There is no such asset", {"asset": named[:64]})
        return code
    if not markets:
        raise ApiError(ErrorCode.ASSET_NOT_FOUND, "There is no market yet: name an asset")
    return Counter(market.quote_id for market in markets).most_common(1)[0][0]
