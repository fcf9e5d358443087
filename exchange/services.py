"""Changing markets. Every change locks the market's row, leaves an audit entry and tells listeners after its commit."""

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

from django.db import transaction

from exchange import seeds
from exchange.audit import audit_record
from exchange.errors import ApiError, ErrorCode, ValidationError
from exchange.models import Asset, Market, TradingState, User
from exchange.scaling import plain
from exchange.selectors import forget_markets

__all__ = ["market_set_state", "market_update", "markets_seed", "on_market_changed"]

MarketListener = Callable[[Market], None]
_listeners: list[MarketListener] = []

_FEE_PPM_MAX = 500_000
_BAND_PPM_MAX = 1_000_000


def on_market_changed(listener: MarketListener) -> None:
    """Call `listener(market)` in this process after each committed change; its failures are logged, nothing more."""
    if listener not in _listeners:
        _listeners.append(listener)


@transaction.atomic
def markets_seed() -> list[Market]:
    """Create the assets and markets that are missing and return the created markets. Existing ones stay as they are."""
    for asset in seeds.ASSETS:
        Asset.objects.get_or_create(code=asset.code, defaults={"name": asset.name, "decimals": asset.decimals})
    existing = set(Market.objects.values_list("symbol", flat=True))
    return [_create_market(seed) for seed in seeds.MARKETS if seed.symbol not in existing]


def _create_market(seed: seeds.MarketSeed) -> Market:
    base, _, quote = seed.symbol.partition("/")
    return Market.objects.create(
        **seed._asdict(),
        base_id=base,
        quote_id=quote,
        maker_fee_ppm=seeds.MAKER_FEE_PPM,
        taker_fee_ppm=seeds.TAKER_FEE_PPM,
        price_band_ppm=seeds.PRICE_BAND_PPM,
    )


@transaction.atomic
def market_set_state(*, actor: User, market_id: int, state: str, note: str = "") -> Market:
    """Halt, resume or close a market. A state it is already in changes nothing. Raises MARKET_NOT_FOUND."""
    if state not in TradingState.values:
        raise ValidationError({"state": [f"Give one of {', '.join(TradingState.values)}"]})
    return _change(_locked(market_id), {"trading_state": state}, actor, "market.set_state", note)


@transaction.atomic
def market_update(
    *,
    actor: User,
    market_id: int,
    maker_fee_ppm: int | None = None,
    taker_fee_ppm: int | None = None,
    price_band_ppm: int | None = None,
    min_notional: Decimal | None = None,
    max_quantity: Decimal | None = None,
    note: str = "",
) -> Market:
    """Change what may change once a market exists; None leaves a value as it is.

    Orders that are in the book keep the fees they were accepted with. Raises MARKET_NOT_FOUND, VALIDATION_ERROR.
    """
    given = {
        "maker_fee_ppm": maker_fee_ppm,
        "taker_fee_ppm": taker_fee_ppm,
        "price_band_ppm": price_band_ppm,
        "min_notional": min_notional,
        "max_quantity": max_quantity,
    }
    changes = {name: value for name, value in given.items() if value is not None}
    market = _locked(market_id)
    _check(market, changes)
    return _change(market, changes, actor, "market.update", note)


def _locked(market_id: int) -> Market:
    market = Market.objects.select_for_update(of=("self",)).select_related("base", "quote").filter(pk=market_id).first()
    if market is None:
        raise ApiError(ErrorCode.MARKET_NOT_FOUND, "There is no such market")
    return market


def _check(market: Market, changes: dict[str, Any]) -> None:
    rules: dict[str, Callable[[Any], bool]] = {
        "maker_fee_ppm": lambda fee: 0 <= fee <= _FEE_PPM_MAX,
        "taker_fee_ppm": lambda fee: 0 <= fee <= _FEE_PPM_MAX,
        "price_band_ppm": lambda band: 0 <= band <= _BAND_PPM_MAX,
        "min_notional": lambda notional: notional >= 0,
        "max_quantity": lambda quantity: quantity > 0 and quantity % market.lot_size == 0,
    }
    wrong = {name: ["Out of range"] for name, value in changes.items() if not rules[name](value)}
    if wrong:
        raise ValidationError(wrong)


def _change(market: Market, changes: dict[str, Any], actor: User, action: str, note: str) -> Market:
    changed = {name: value for name, value in changes.items() if getattr(market, name) != value}
    if not changed:
        return market
    old = {name: _as_json(getattr(market, name)) for name in changed}
    for name, value in changed.items():
        setattr(market, name, value)
    market.save(update_fields=list(changed))
    new = {name: _as_json(value) for name, value in changed.items()}
    audit_record(actor=actor, action=action, target=market, old=old, new=new, note=note)
    transaction.on_commit(forget_markets)
    for listener in _listeners:
        transaction.on_commit(partial(listener, market), robust=True)
    return market


def _as_json(value: Any) -> Any:
    return plain(value) if isinstance(value, Decimal) else value
