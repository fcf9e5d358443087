"""What only the back office changes: users, groups and new markets. Each change leaves an audit entry."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from base.errors import ApiError, ErrorCode, ValidationError
from base.scaling import EXACT, MarketScale, NotAMultipleError, plain
from exchange.audit import audit_record
from exchange.models import Market, User, UserNote
from exchange.roles import APPOINT
from exchange.selectors import forget_markets
from exchange.services import amount_problems, limit_problems

__all__ = [
    "market_create",
    "market_problems",
    "user_is_in_reach",
    "user_note_write",
    "user_record",
    "user_set_active",
]

NOTE_MAX = 1_000
STEP_MIN = Decimal("1e-12")
_NOT_RECORDED = (
    "id",
    "created_at",
    "fees_version",
    "made_in",
    "state_before_stop",
    "stop_ends_at",
    "stopped_by_id",
    "agreed_maker_fee_ppm",
    "agreed_price_band_ppm",
    "agreed_taker_fee_ppm",
)


@transaction.atomic
def user_set_active(*, actor: User, user_id: UUID, active: bool, note: str = "") -> bool:
    """Freeze or unfreeze a user; return False when it was so already. Locks the user's row, writes an audit entry.

    A frozen user is refused everywhere at once; open orders stay. Raises NOT_FOUND; FORBIDDEN for the actor and for
    members of staff.
    """
    user = User.objects.select_for_update().filter(pk=user_id).first()
    if user is None:
        raise ApiError(ErrorCode.NOT_FOUND, "There is no such user")
    if user.pk == actor.pk:
        raise ApiError(ErrorCode.FORBIDDEN, "You cannot freeze or unfreeze yourself")
    if user.is_staff or user.is_superuser:
        raise ApiError(ErrorCode.FORBIDDEN, "Members of staff are frozen and unfrozen by two people")
    if user.is_active == active:
        return False
    user.is_active = active
    user.save(update_fields=["is_active"])
    audit_record(
        actor=actor,
        action="user.unfreeze" if active else "user.freeze",
        target=user,
        old={"is_active": not active},
        new={"is_active": active},
        note=note,
    )
    return True


@transaction.atomic
def user_note_write(*, actor: User, user: User, text: str) -> UserNote:
    """Keep what a member of staff has to say about a user. Writes an audit entry. Raises VALIDATION_ERROR."""
    if not 0 < len(text.strip()) <= NOTE_MAX:
        raise ValidationError({"note": [f"Must have between 1 and {NOTE_MAX:,} characters"]})
    note = UserNote.objects.create(user=user, author=actor, text=text.strip())
    audit_record(actor=actor, action="user.note", target=user, note=note.text)
    return note


def user_is_in_reach(actor: User, user: User) -> bool:
    """Tell whether a member of staff may change a user. Without this, the right to set passwords would be every right.

    Superusers may change superusers, staff who may appoint may change staff, and everybody may change themselves.
    """
    if actor.is_superuser or actor.pk == user.pk:
        return True
    return not user.is_superuser and (not user.is_staff or actor.has_perm(APPOINT))


def user_record(*, actor: User, action: str, user: User, old: dict[str, Any], new: dict[str, Any]) -> None:
    """Record a change of a user that a form has saved, and the user's groups and permissions with it."""
    audit_record(actor=actor, action=action, target=user, old=old, new=new)


@transaction.atomic
def market_create(*, actor: User, market: Market) -> Market:
    """Store a new market. Raises VALIDATION_ERROR as `market_problems` says. Writes an audit entry."""
    if problems := market_problems(market):
        raise ValidationError(problems)
    market.save(force_insert=True)
    audit_record(actor=actor, action="market.create", target=market, new=_as_json(market))
    transaction.on_commit(forget_markets)
    return market


def market_problems(market: Market) -> dict[str, list[str]]:
    """Return what forbids a new market, by field: the engine counts in whole ticks, lots and units of 64 bits."""
    if market.base_id == market.quote_id:
        return {"quote": ["Base and quote must differ"]}
    if Market.objects.filter(symbol=market.symbol).exists():
        return {"base": [f"There is already a market {market.symbol}"]}
    if problems := amount_problems(vars(market), ("tick_size", "lot_size", "reference_price")):
        return problems
    if small := [name for name in ("tick_size", "lot_size") if getattr(market, name) < STEP_MIN]:
        return {name: [f"Must be at least {STEP_MIN:f}"] for name in small}
    scale, base, quote = market.scale, market.base, market.quote
    problems = limit_problems(vars(market), market)
    if not _is_whole(scale, "lot_units"):
        problems["lot_size"] = [f"{base} is kept to {base.decimals} decimals; the lot must not be finer"]
    if not _is_whole(scale, "tick_lot_units"):
        product = plain(market.tick_size * market.lot_size)
        problems["tick_size"] = [
            f"tick x lot is {product} {quote}, but {quote} is kept to {quote.decimals} decimals: choose a larger step"
        ]
    if market.reference_price <= 0 or EXACT.remainder(market.reference_price, market.tick_size):
        problems["reference_price"] = [f"Must be a positive multiple of the tick, {plain(market.tick_size)}"]
    return problems


def _is_whole(scale: MarketScale, name: str) -> bool:
    try:
        getattr(scale, name)
    except NotAMultipleError:
        return False
    return True


def _as_json(market: Market) -> dict[str, Any]:
    names = [field.attname for field in market._meta.concrete_fields if field.attname not in _NOT_RECORDED]
    values = {name: getattr(market, name) for name in names}
    return {name: plain(value) if isinstance(value, Decimal) else value for name, value in values.items()}
