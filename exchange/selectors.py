"""Reading markets and fee tiers. Markets are few and change rarely, so each process keeps them for a second.

A name that is not among them may be that of a new market, so it is looked for at once; but only so often, whatever
names are asked for: beyond that, what was read last says whether there is such a market.
"""

import re
import threading
import time
from dataclasses import dataclass
from functools import cache

from base.allowance import Allowance
from base.errors import ApiError, ErrorCode
from base.symbols import symbol_of
from exchange.models import Asset, FeeTier, Market, Rule, User, UserFeeTier

__all__ = [
    "asset_decimals",
    "forget_markets",
    "market_by_id",
    "market_by_symbol",
    "markets",
    "plays",
    "rule_value",
    "tiers_of",
]

_KEPT_S = 1.0
_LOOKS_PER_S, _LOOKS_AT_ONCE = 10.0, 50.0
_SYMBOL = re.compile(r"[A-Z0-9]{2,12}/[A-Z0-9]{2,12}")


@dataclass(frozen=True, slots=True)
class _Snapshot:
    by_id: dict[int, Market]
    by_symbol: dict[str, Market]
    until: float


_snapshot = _Snapshot({}, {}, 0.0)
_looks = Allowance(_LOOKS_PER_S, _LOOKS_AT_ONCE)
_looking = threading.Lock()


def markets() -> list[Market]:
    """Return all markets with their assets and fee tiers, oldest first; at most a second old. At most two queries."""
    return list(_fresh().by_id.values())


def market_by_symbol(text: str) -> Market:
    """Return the market called `BTC/USDT`, `BTC-USDT` or `BTC_USDT`, in any case. Raises MARKET_NOT_FOUND.

    At most a second old; assets and fee tiers are loaded, so neither costs a query. A new market is found at once,
    and within that second while many names are asked for that nothing has.
    """
    symbol = symbol_of(text)
    market = _fresh().by_symbol.get(symbol)
    if market is None and _SYMBOL.fullmatch(symbol) and _may_look():
        market = _load().by_symbol.get(symbol)
    if market is None:
        raise ApiError(ErrorCode.MARKET_NOT_FOUND, "There is no such market", {"symbol": text[:64]})
    return market


def market_by_id(market_id: int) -> Market:
    """Return a market that is known to exist; at most a second old."""
    market = _fresh().by_id.get(market_id) or _load().by_id.get(market_id)
    assert market is not None, "Invariant: what names a market names an existing one"
    return market


def tiers_of(user: User) -> dict[int, FeeTier]:
    """Return the fee tiers that a user has, by market id; in other markets the market's own rates hold. One query."""
    held = UserFeeTier.objects.filter(user=user).select_related("tier")
    return {row.market_id: row.tier for row in held}


def rule_value(name: Rule.Name) -> int:
    """Return what a rule says now. One query."""
    return Rule.objects.values_list("value", flat=True).get(name=name)


def plays() -> bool:
    """Tell whether this is a copy with play money, whose funds and staff come from nowhere. One query."""
    return rule_value(Rule.Name.PLAY_MONEY) > 0


def forget_markets() -> None:
    """Make this process read the markets again: it has changed one."""
    global _snapshot
    _snapshot = _Snapshot({}, {}, 0.0)


def _may_look() -> bool:
    with _looking:
        return _looks.take()


def _fresh() -> _Snapshot:
    return _snapshot if time.monotonic() < _snapshot.until else _load()


def _load() -> _Snapshot:
    global _snapshot
    rows = list(Market.objects.select_related("base", "quote").prefetch_related("fee_tiers").order_by("id"))
    _snapshot = _Snapshot({row.pk: row for row in rows}, {row.symbol: row for row in rows}, time.monotonic() + _KEPT_S)
    return _snapshot


@cache
def asset_decimals(code: str) -> int:
    """Return to how many decimals an asset is kept. It never changes; one query per asset and process."""
    return Asset.objects.values_list("decimals", flat=True).get(pk=code)
