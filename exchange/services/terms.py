"""Terms and stops of markets that take two people: proposed by one, done when another approves.

One person moves a fee or a price band within a margin of what two people last agreed on, and stops a market for a day.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone

from base.errors import ApiError, ErrorCode, ValidationError
from exchange.models import Market, Rule, User
from exchange.selectors import rule_value
from exchange.services.fees import (
    TierTerms,
    fee_schedule_lock,
    fee_tier_problems,
    market_set_fee_tiers,
    tiers_difference,
)
from exchange.services.markets import (
    limit_problems,
    market_lock,
    market_stop_end,
    market_stop_lasts,
    market_update,
    state_problems,
)
from proposals.errors import ProposalCode, ProposalError
from proposals.kinds import Kind
from proposals.models import Proposal
from proposals.services import proposal_new

__all__ = ["KINDS", "market_stop_propose", "market_stops_end", "market_terms_propose", "terms_for_two"]

FEES, BAND = ("maker_fee_ppm", "taker_fee_ppm"), "price_band_ppm"
TERMS, STOP = "market.terms", "market.stop"
CHANGE_MARKET = "exchange.change_market"


def terms_for_two(market: Market, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return those changes of a market that are too far for one person. Two queries."""
    margins = dict.fromkeys(FEES, rule_value(Rule.Name.FEE_MARGIN_PPM)) | {BAND: rule_value(Rule.Name.BAND_MARGIN_PPM)}
    return {
        name: value
        for name, value in changes.items()
        if name in margins and _is_far(name, getattr(market, f"agreed_{name}"), value, margins[name])
    }


def _is_far(name: str, agreed: int, wanted: int, margin: int) -> bool:
    is_without_band = name == BAND and agreed != wanted and 0 in (agreed, wanted)
    return is_without_band or abs(agreed - wanted) > margin


@transaction.atomic
def market_terms_propose(
    *,
    actor: User,
    market_id: int,
    changes: Mapping[str, int],
    tiers: Sequence[TierTerms] | None = None,
    reason: str,
) -> Proposal:
    """Propose fees, a price band and fee tiers of a market; `tiers` None leaves those as they are.

    Raises MARKET_NOT_FOUND, VALIDATION_ERROR, ProposalError.
    """
    market = market_lock(market_id)
    if problems := limit_problems(changes, market):
        raise ValidationError(problems)
    before, after = _terms_of(market, changes), dict(changes)
    payload: dict[str, Any] = {"changes": dict(changes)}
    if tiers is not None:
        if texts := fee_tier_problems(sorted(tiers)):
            raise ValidationError({"fee_tiers": texts})
        was, will = tiers_difference(market, sorted(tiers))
        before, after = before | was, after | will
        payload["tiers"] = [[tier.level, str(tier.min_volume), *tier[2:]] for tier in sorted(tiers)]
    return proposal_new(
        kind=TERMS,
        actor=actor,
        reason=reason,
        target=str(market.pk),
        subject=market.symbol,
        payload=payload,
        before=before,
        after=after,
    )


def _terms_execute(proposal: Proposal, actor: User) -> str:
    fee_schedule_lock()
    market = market_lock(int(proposal.target))
    payload, now = proposal.payload, _terms_of(market, proposal.payload["changes"])
    tiers = [TierTerms(level, Decimal(volume), *fees) for level, volume, *fees in payload.get("tiers", ())]
    if "tiers" in payload:
        now |= tiers_difference(market, tiers)[0]
    _require_as_before(proposal, now)
    market_update(actor=actor, market_id=market.pk, note=proposal.reason, **payload["changes"])
    if "tiers" in payload:
        market_set_fee_tiers(actor=actor, market_id=market.pk, tiers=tiers, note=proposal.reason)
    return ""


def _terms_of(market: Market, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(market, name) for name in names}


def market_stop_propose(*, actor: User, market_id: int, state: str, reason: str) -> Proposal:
    """Propose that a market be kept in a state other than continuous until somebody changes it.

    Raises MARKET_NOT_FOUND, VALIDATION_ERROR, ProposalError.
    """
    market = Market.objects.filter(pk=market_id).first()
    if market is None:
        raise ApiError(ErrorCode.MARKET_NOT_FOUND, "There is no such market")
    if problems := state_problems(state, reason):
        raise ValidationError(problems)
    end = market.stop_ends_at
    before = {"trading_state": market.trading_state, "ends_at": _iso(end) if end else None}
    return proposal_new(
        kind=STOP,
        actor=actor,
        reason=reason,
        target=str(market.pk),
        subject=market.symbol,
        payload={"state": state},
        before=before,
        after={"trading_state": state, "ends_at": "when somebody changes it"},
    )


def _stop_execute(proposal: Proposal, actor: User) -> str:
    market_stop_lasts(
        actor=actor, market_id=int(proposal.target), state=proposal.payload["state"], note=proposal.reason
    )
    return ""


def market_stops_end(*, now: datetime | None = None) -> list[str]:
    """Bring back the markets that one person has stopped for as long as one may; return them. Safe to repeat."""
    due = Market.objects.filter(stop_ends_at__lte=now or timezone.now()).order_by("id").values_list("id", flat=True)
    ended = [market_stop_end(market_id=market_id) for market_id in due]
    return [market.symbol for market in ended if market is not None]


def _require_as_before(proposal: Proposal, now: Mapping[str, Any]) -> None:
    if changed := [name for name in proposal.before if proposal.before[name] != now.get(name)]:
        names = ", ".join(name.replace("_", " ") for name in changed)
        message = f"It was changed meanwhile ({names}): reject this and propose it anew"
        raise ProposalError(ProposalCode.CHANGED_MEANWHILE, message)


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


KINDS = (
    Kind(TERMS, "Fees and price band", CHANGE_MARKET, CHANGE_MARKET, _terms_execute),
    Kind(STOP, "Stop of a market", CHANGE_MARKET, CHANGE_MARKET, _stop_execute),
)
