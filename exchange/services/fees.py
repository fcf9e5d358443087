"""Fee tiers: what staff set them to, and how the engines learn of it.

A change of a tier's rates holds at once for the users in it; the daily computation decides which users these are.
"""

from collections.abc import Collection, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import F

from base.advisory_locks import ExchangeLock
from base.errors import ValidationError
from base.scaling import MOVE_LIMIT, plain
from exchange.audit import audit_record
from exchange.models import FeeTier, Market, User, UserFeeTier
from exchange.models.market import FEE_PPM_MAX
from exchange.services.markets import market_lock, tell_market_changed

__all__ = [
    "TierTerms",
    "fee_schedule_lock",
    "fee_tier_problems",
    "market_set_fee_tiers",
    "markets_raise_fees_version",
    "tiers_difference",
]


class TierTerms(NamedTuple):
    level: int
    min_volume: Decimal
    maker_fee_ppm: int
    taker_fee_ppm: int


@transaction.atomic
def market_set_fee_tiers(*, actor: User, market_id: int, tiers: Sequence[TierTerms], note: str = "") -> list[FeeTier]:
    """Replace the fee tiers of a market; equal ones change nothing. Users of a level that goes get the next one below.

    Locks the tiers, then the market. Raises MARKET_NOT_FOUND, VALIDATION_ERROR.
    """
    fee_schedule_lock()
    market = market_lock(market_id)
    wanted = sorted(tiers)
    if problems := fee_tier_problems(wanted):
        raise ValidationError({"fee_tiers": problems})
    stored = {tier.level: tier for tier in market.fee_tiers.all()}
    old = [_terms(tier) for tier in stored.values()]
    if old != wanted:
        _store(market, stored, wanted)
        before, after = _changed_levels(old, wanted)
        audit_record(actor=actor, action="market.set_fee_tiers", target=market, old=before, new=after, note=note)
        markets_raise_fees_version(market_ids=[market.pk])
    return list(market.fee_tiers.all())


def fee_tier_problems(tiers: Sequence[TierTerms]) -> list[str]:
    """Return what is wrong with a market's tiers, which stand in the order of their levels."""
    problems = []
    for tier in tiers:
        if tier.level < 1:
            problems.append(f"Level {tier.level}: levels are 1, 2, ...")
        if tier.min_volume.is_nan() or not 0 <= tier.min_volume < MOVE_LIMIT:
            problems.append(f"Level {tier.level}: the volume must be between 0 and {MOVE_LIMIT:,f}")
        if not (0 <= tier.maker_fee_ppm <= FEE_PPM_MAX and 0 <= tier.taker_fee_ppm <= FEE_PPM_MAX):
            problems.append(f"Level {tier.level}: fees must be between 0 and {FEE_PPM_MAX:,}")
    for below, above in pairwise(tiers):
        if below.level == above.level:
            problems.append(f"Level {above.level} is there twice")
        elif below.min_volume >= above.min_volume:
            problems.append(f"Level {above.level}: the volume must be above that of level {below.level}")
    return problems


def _store(market: Market, stored: dict[int, FeeTier], wanted: Sequence[TierTerms]) -> None:
    for terms in wanted:
        FeeTier.objects.update_or_create(market=market, level=terms.level, defaults=terms._asdict())
    kept = {terms.level for terms in wanted}
    for level in sorted(stored.keys() - kept):
        below = FeeTier.objects.filter(market=market, level__in=kept, level__lt=level).order_by("-level").first()
        if below is not None:
            UserFeeTier.objects.filter(tier=stored[level]).update(tier=below)
        stored[level].delete()


def fee_schedule_lock() -> None:
    """Keep others from changing tiers and the users in them, until the end of the transaction.

    It is taken before any lock on a market's row.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ExchangeLock.FEE_TIERS])


@transaction.atomic
def markets_raise_fees_version(*, market_ids: Collection[int]) -> None:
    """Have the engines of these markets read the tiers, and the users in them, again."""
    Market.objects.filter(pk__in=market_ids).update(fees_version=F("fees_version") + 1)
    for market in Market.objects.filter(pk__in=market_ids):
        tell_market_changed(market)


def _terms(tier: FeeTier) -> TierTerms:
    return TierTerms(tier.level, tier.min_volume, tier.maker_fee_ppm, tier.taker_fee_ppm)


def tiers_difference(market: Market, wanted: Sequence[TierTerms]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what the levels that would differ are and would be, in words; None for one that is not there. One query.

    Of levels that stay as they are nothing is said.
    """
    return _changed_levels(sorted(map(_terms, market.fee_tiers.all())), wanted)


def _changed_levels(old: Sequence[TierTerms], new: Sequence[TierTerms]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what the levels that differ were and are, in words; None for a level that is not there."""
    before, after = ({tier.level: _in_words(tier) for tier in tiers} for tiers in (old, new))
    levels = [level for level in sorted(before | after) if before.get(level) != after.get(level)]
    return {f"level {n}": before.get(n) for n in levels}, {f"level {n}": after.get(n) for n in levels}


def _in_words(tier: TierTerms) -> str:
    return f"from {plain(tier.min_volume)}: maker {tier.maker_fee_ppm} ppm, taker {tier.taker_fee_ppm} ppm"
