"""A portfolio as the public interface shows it: plain functions without queries."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from base.scaling import MarketScale, from_units, plain, share_units, units_in
from exchange.models import Market
from exchange.selectors import asset_decimals
from portfolio.figures import Figures
from portfolio.valuation import Rate, Unvalued, Valuation
from settlement.ports import Balance

__all__ = ["position_as_json", "worth_as_json"]

_PERCENT_DECIMALS = 2


@dataclass(frozen=True, slots=True)
class _Owned:
    """What a user has of one asset; `value_units` is None where it has no value."""

    balance: Balance
    rate: Rate | Unvalued
    value_units: int | None


def worth_as_json(balances: Iterable[Balance], valuation: Valuation) -> dict[str, Any]:
    """Return what there is of each asset, with its value and its share of the whole, the most valuable first."""
    decimals = asset_decimals(valuation.quote)
    owned = sorted(
        (_owned(balance, valuation, decimals) for balance in balances if balance.total),
        key=lambda each: (-(each.value_units or 0), each.balance.asset_id),
    )
    whole_units = sum(each.value_units or 0 for each in owned)
    return {
        "quote": valuation.quote,
        "value": plain(from_units(whole_units, decimals), decimals),
        "assets": [_owned_as_json(each, whole_units, decimals) for each in owned],
    }


def _owned(balance: Balance, valuation: Valuation, decimals: int) -> _Owned:
    rate = valuation.rate(balance.asset_id)
    worth = None if isinstance(rate, Unvalued) else units_in(Fraction(balance.total) * rate.value, decimals)
    return _Owned(balance, rate, worth)


def _owned_as_json(owned: _Owned, whole_units: int, decimals: int) -> dict[str, Any]:
    balance, rate, units = owned.balance, owned.rate, owned.value_units
    own_decimals = asset_decimals(balance.asset_id)
    return {
        "asset": balance.asset_id,
        "quantity": plain(balance.total, own_decimals),
        "available": plain(balance.available, own_decimals),
        "held": plain(balance.held, own_decimals),
        "value": None if units is None else plain(from_units(units, decimals), decimals),
        "share_percent": _percent(units, whole_units) if units is not None and whole_units else None,
        "markets": [] if isinstance(rate, Unvalued) else rate.symbols,
        "reason": rate.value if isinstance(rate, Unvalued) else None,
    }


def _percent(part: int, whole: int) -> str:
    hundredths = share_units(100 * 10**_PERCENT_DECIMALS, part, whole)
    return plain(from_units(hundredths, _PERCENT_DECIMALS), _PERCENT_DECIMALS)


def position_as_json(market: Market, figures: Figures, last_price: Decimal | None) -> dict[str, Any]:
    """Return the figures of one market; without a last price, what depends on it is null."""
    scale = market.scale
    unrealised = _unrealised_units(figures, last_price, scale)
    profit = None if unrealised is None else figures.profit_units + unrealised - figures.fee_units
    cost, quantity = scale.quote(figures.cost_units), scale.quantity(abs(figures.lots))
    return {
        "symbol": market.symbol,
        "side": ("buy" if figures.lots > 0 else "sell") if figures.lots else None,
        "quantity": _quantity(abs(figures.lots), scale),
        "average_price": scale.average_price_text(cost, quantity),
        "cost": _quote(figures.cost_units, scale),
        "last_price": None if last_price is None else plain(last_price, scale.price_decimals),
        "realised_profit": _quote(figures.profit_units, scale),
        "unrealised_profit": None if unrealised is None else _quote(unrealised, scale),
        "fees": _quote(figures.fee_units, scale),
        "profit": None if profit is None else _quote(profit, scale),
        "bought_quantity": _quantity(figures.bought_lots, scale),
        "bought_quote": _quote(figures.bought_units, scale),
        "sold_quantity": _quantity(figures.sold_lots, scale),
        "sold_quote": _quote(figures.sold_units, scale),
        "trade_count": figures.trade_count,
    }


def _unrealised_units(figures: Figures, last_price: Decimal | None, scale: MarketScale) -> int | None:
    if last_price is None:
        return None
    return figures.unrealised_units(scale.price_ticks(last_price) * scale.tick_lot_units)


def _quote(units: int, scale: MarketScale) -> str:
    return plain(scale.quote(units), scale.quote_decimals)


def _quantity(lots: int, scale: MarketScale) -> str:
    return plain(scale.quantity(lots), scale.quantity_decimals)
