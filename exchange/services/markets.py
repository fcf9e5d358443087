"""Changing markets. Every change locks the market's row, leaves an audit entry and tells listeners after its commit."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone

from base.errors import ApiError, ErrorCode, ValidationError
from base.scaling import EXACT, MOVE_LIMIT, plain
from exchange import seeds
from exchange.audit import audit_record
from exchange.models import Asset, FeeTier, Market, Rule, TradingState, User
from exchange.models.market import FEE_PPM_MAX
from exchange.selectors import forget_markets, plays, rule_value

__all__ = [
    "PRICE_BAND_PPM_MAX",
    "amount_problems",
    "limit_problems",
    "market_lock",
    "market_set_state",
    "market_stop_end",
    "market_stop_lasts",
    "market_update",
    "markets_seed",
    "on_market_changed",
    "state_problems",
    "tell_market_changed",
]

MarketListener = Callable[[Market], None]
_listeners: list[MarketListener] = []

PRICE_BAND_PPM_MAX = 1_000_000
ENGINE_INTEGER_MAX = 2**63 - 1
PRICE_HEADROOM = 100  # how often the price may multiply before price x quantity leaves 64 bits
_ORDERS_MAX = 1_000_000
_STOP_FIELDS = ["stop_ends_at", "stopped_by", "state_before_stop"]
_STOP_SLACK = timedelta(minutes=1)  # the clock of the database, which has the last word, may differ a little
STOPPING = frozenset({TradingState.HALTED, TradingState.CLOSED})


def on_market_changed(listener: MarketListener) -> None:
    """Call `listener(market)` in this process after each committed change; its failures are logged, nothing more."""
    if listener not in _listeners:
        _listeners.append(listener)


@transaction.atomic
def markets_seed() -> list[Market]:
    """Create the assets and markets that are missing and return the created markets. Existing ones stay as they are.

    Where there are members of staff, a new asset begins without anything that one of them may move by hand.
    """
    is_new = plays() or not User.objects.filter(is_staff=True).exists()
    for asset in seeds.ASSETS:
        limit = asset.hand_limit if is_new else Decimal(0)
        Asset.objects.get_or_create(code=asset.code, defaults=asset._asdict() | {"hand_limit": limit})
    existing = set(Market.objects.values_list("symbol", flat=True))
    return [_create_market(seed) for seed in seeds.MARKETS if seed.symbol not in existing]


def _create_market(seed: seeds.MarketSeed) -> Market:
    base, _, quote = seed.symbol.partition("/")
    market = Market.objects.create(
        **seed._asdict(),
        base_id=base,
        quote_id=quote,
        maker_fee_ppm=seeds.MAKER_FEE_PPM,
        taker_fee_ppm=seeds.TAKER_FEE_PPM,
        price_band_ppm=seeds.PRICE_BAND_PPM,
        max_open_orders=seeds.OPEN_ORDERS_MAX,
        max_stop_orders=seeds.STOP_ORDERS_MAX,
    )
    FeeTier.objects.bulk_create(FeeTier(market=market, **tier._asdict()) for tier in seeds.FEE_TIERS[quote])
    return market


@transaction.atomic
def market_set_state(*, actor: User | None, market_id: int, state: str, note: str = "") -> Market:
    """Set what a market accepts: any state may follow any other. Setting the present one changes nothing.

    Halting and closing need a note. `actor` None is the exchange itself, which halts markets that do not reconcile.
    Whatever keeps a market from continuous trading ends by itself (`market_stops_end`), unless two people want it to
    last (`market_stop_propose`). Raises MARKET_NOT_FOUND, VALIDATION_ERROR.
    """
    if problems := state_problems(state, note):
        raise ValidationError(problems)
    market = market_lock(market_id)
    if state != market.trading_state:
        _plan_end(market, state, actor)
    return _change(market, {"trading_state": state}, actor, "market.set_state", note)


def _plan_end(market: Market, state: str, actor: User | None) -> None:
    """Set when a stop ends, and where it leads back to: a stop that follows another one ends where that one does."""
    if state == TradingState.CONTINUOUS:
        market.stop_ends_at, market.stopped_by, market.state_before_stop = None, None, ""
    elif market.stop_ends_at is None:
        market.state_before_stop, market.stopped_by = market.trading_state, actor
        market.stop_ends_at = _stop_end()


@transaction.atomic
def market_stop_lasts(*, actor: User, market_id: int, state: str, note: str) -> Market:
    """Keep a market in a state until somebody changes it, as two people have decided. Raises MARKET_NOT_FOUND."""
    market = market_lock(market_id)
    _store_end(market, None, None, "")
    return _change(market, {"trading_state": state}, actor, "market.set_state", note)


@transaction.atomic
def market_stop_end(*, market_id: int) -> Market | None:
    """Bring a market back whose stop by one person has lasted long enough; return it, or None where nothing is due.

    What the exchange itself has stopped stays, and its time begins anew: somebody has to look first.
    """
    market = market_lock(market_id)
    if market.stop_ends_at is None or market.stop_ends_at > timezone.now():
        return None
    if market.stopped_by is None:
        _store_end(market, _stop_end(), None, market.state_before_stop)
        return None
    note = f"Nobody else agreed to keep what {market.stopped_by} had stopped alone"
    market.stop_ends_at, market.stopped_by, back = None, None, market.state_before_stop
    market.state_before_stop = ""
    return _change(market, {"trading_state": back}, None, "market.set_state", note)


def _store_end(market: Market, at: datetime | None, by: User | None, back: str) -> None:
    market.stop_ends_at, market.stopped_by, market.state_before_stop = at, by, back
    market.save(update_fields=_STOP_FIELDS)


def _stop_end() -> datetime:
    return timezone.now() + timedelta(hours=rule_value(Rule.Name.STOP_HOURS)) - _STOP_SLACK


def state_problems(state: str, note: str) -> dict[str, list[str]]:
    """Return what is wrong with a wish for a trading state, by field: nobody stops a market without a word."""
    if state not in TradingState.values:
        return {"state": [f"Give one of {', '.join(TradingState.values)}"]}
    if state in STOPPING and not note.strip():
        return {"note": ["Say why: it is kept in the audit trail, and colleagues will ask"]}
    return {}


@transaction.atomic
def market_update(
    *,
    actor: User,
    market_id: int,
    maker_fee_ppm: int | None = None,
    taker_fee_ppm: int | None = None,
    price_band_ppm: int | None = None,
    min_notional: Decimal | None = None,
    min_quantity: Decimal | None = None,
    max_quantity: Decimal | None = None,
    max_open_orders: int | None = None,
    max_stop_orders: int | None = None,
    note: str = "",
) -> Market:
    """Change what may change once a market exists; None leaves a value as it is.

    Orders that were accepted keep their fees and stay, whatever the new limits are. Raises MARKET_NOT_FOUND,
    VALIDATION_ERROR.
    """
    given = {
        "maker_fee_ppm": maker_fee_ppm,
        "taker_fee_ppm": taker_fee_ppm,
        "price_band_ppm": price_band_ppm,
        "min_notional": min_notional,
        "min_quantity": min_quantity,
        "max_quantity": max_quantity,
        "max_open_orders": max_open_orders,
        "max_stop_orders": max_stop_orders,
    }
    changes = {name: value for name, value in given.items() if value is not None}
    market = market_lock(market_id)
    values = {name: getattr(market, name) for name in given} | changes
    if problems := limit_problems(values, market):
        raise ValidationError(problems)
    return _change(market, changes, actor, "market.update", note)


def limit_problems(values: Mapping[str, Any], market: Market) -> dict[str, list[str]]:
    """Return what is wrong with a market's fees and limits, by field; values that are None or missing are left out.

    `market` has the steps and the reference price, which are sound.
    """
    problems = {
        name: [f"Must be between 0 and {most:,}"]
        for name, most in _INTEGER_LIMITS.items()
        if (number := values.get(name)) is not None and not 0 <= number <= most
    }
    problems |= amount_problems(values, ("min_notional", "min_quantity", "max_quantity"))
    notional, least, most = (
        None if name in problems else values.get(name) for name in ("min_notional", "min_quantity", "max_quantity")
    )
    lot = market.lot_size
    if notional is not None and notional < 0:
        problems["min_notional"] = ["Must not be negative"]
    if most is not None and (most <= 0 or EXACT.remainder(most, lot)):
        problems["max_quantity"] = [f"Must be a positive multiple of the lot, {plain(lot)}"]
    elif most is not None and _largest_product(market, most) > ENGINE_INTEGER_MAX:
        problems["max_quantity"] = [
            "Price x quantity in ticks and lots would not fit 64 bits: allow less, or choose larger steps"
        ]
    if least is not None and (least < 0 or EXACT.remainder(least, lot)):
        problems["min_quantity"] = [f"Must be 0 or a multiple of the lot, {plain(lot)}"]
    elif least is not None and most is not None and least > most > 0:
        problems["min_quantity"] = ["Must not be above the largest quantity"]
    return problems


def amount_problems(values: Mapping[str, Any], names: Iterable[str]) -> dict[str, list[str]]:
    """Return which amounts are no numbers that can be counted in, by field."""
    return {
        name: [f"Must be a number below {MOVE_LIMIT:,f}"]
        for name in names
        if (amount := values.get(name)) is not None and not (amount.is_finite() and amount.copy_abs() < MOVE_LIMIT)
    }


def _largest_product(market: Market, quantity: Decimal) -> Decimal:
    """Return ticks x lots of the largest order, at a price that has multiplied PRICE_HEADROOM times."""
    return (market.reference_price / market.tick_size) * (quantity / market.lot_size) * PRICE_HEADROOM


_INTEGER_LIMITS = {
    "maker_fee_ppm": FEE_PPM_MAX,
    "taker_fee_ppm": FEE_PPM_MAX,
    "price_band_ppm": PRICE_BAND_PPM_MAX,
    "max_open_orders": _ORDERS_MAX,
    "max_stop_orders": _ORDERS_MAX,
}


def market_lock(market_id: int) -> Market:
    """Lock a market's row, but not against foreign keys, and return it with its assets. Raises MARKET_NOT_FOUND."""
    rows = Market.objects.select_for_update(of=("self",), no_key=True).select_related("base", "quote")
    market = rows.filter(pk=market_id).first()
    if market is None:
        raise ApiError(ErrorCode.MARKET_NOT_FOUND, "There is no such market")
    return market


def tell_market_changed(market: Market) -> None:
    """After the commit, have this process read the markets again and call the listeners."""
    transaction.on_commit(forget_markets)
    for listener in _listeners:
        transaction.on_commit(partial(listener, market), robust=True)


def _change(market: Market, changes: dict[str, Any], actor: User | None, action: str, note: str) -> Market:
    changed = {name: value for name, value in changes.items() if getattr(market, name) != value}
    if not changed:
        return market
    old = {name: _as_json(getattr(market, name)) for name in changed}
    for name, value in changed.items():
        setattr(market, name, value)
    planned = _STOP_FIELDS if "trading_state" in changed else []
    market.save(update_fields=[*changed, *planned])
    new = {name: _as_json(value) for name, value in changed.items()}
    audit_record(actor=actor, action=action, target=market, old=old, new=new, note=note)
    tell_market_changed(market)
    return market


def _as_json(value: Any) -> Any:
    return plain(value) if isinstance(value, Decimal) else value
