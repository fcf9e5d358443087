"""Rules, and limits of what is moved by hand. Both are changed by two people."""

from decimal import Decimal

from django.db import transaction

from base.errors import ApiError, ErrorCode, ValidationError
from base.scaling import MOVE_LIMIT, plain
from exchange.models import Asset, Rule, User
from proposals.errors import ProposalCode, ProposalError
from proposals.kinds import Kind
from proposals.models import Proposal
from proposals.services import proposal_new

__all__ = ["KINDS", "RULE_MAX", "asset_limit_propose", "play_money_begin", "rule_propose"]

RULE, LIMIT = "rule", "asset.limit"
CHANGE_RULE, CHANGE_ASSET = "exchange.change_rule", "exchange.change_asset"
RULE_MAX = {
    Rule.Name.COOLING_HOURS: 720,
    Rule.Name.FEE_MARGIN_PPM: 5_000,
    Rule.Name.BAND_MARGIN_PPM: 200_000,
    Rule.Name.STOP_HOURS: 72,
}


def rule_propose(*, actor: User, name: str, value: int, reason: str) -> Proposal:
    """Propose another value of a rule. Raises NOT_FOUND, VALIDATION_ERROR, ProposalError."""
    rule = Rule.objects.filter(name=name).first()
    if rule is None or rule.name == Rule.Name.PLAY_MONEY:
        raise ApiError(ErrorCode.NOT_FOUND, "There is no such rule that could be changed")
    most = RULE_MAX[Rule.Name(rule.name)]
    if not 0 <= value <= most:
        raise ValidationError({"value": [f"Must be between 0 and {most:,}"]})
    return proposal_new(
        kind=RULE,
        actor=actor,
        reason=reason,
        target=rule.name,
        subject=rule.get_name_display(),
        payload={"value": value},
        before={"value": rule.value},
        after={"value": value},
    )


@transaction.atomic
def play_money_begin() -> bool:
    """Make an exchange that has no members of staff yet one with play money; return False where that is too late.

    Funds and staff then come from nowhere, and new members of staff decide at once. Nothing takes it back.
    """
    if User.objects.filter(is_staff=True).exists():
        return False
    Rule.objects.filter(name=Rule.Name.PLAY_MONEY).update(value=1)
    Rule.objects.filter(name=Rule.Name.COOLING_HOURS).update(value=0)
    return True


def _rule_execute(proposal: Proposal, actor: User) -> str:
    rule = Rule.objects.select_for_update().get(name=proposal.target)
    _require_same(rule.value == proposal.before["value"])
    rule.value = proposal.payload["value"]
    rule.save(update_fields=["value"])
    return ""


def asset_limit_propose(*, actor: User, asset: Asset, limit: Decimal, reason: str) -> Proposal:
    """Propose how much of an asset one person may move by hand in a day. Raises VALIDATION_ERROR, ProposalError."""
    if not limit.is_finite() or not 0 <= limit < MOVE_LIMIT:
        raise ValidationError({"hand_limit": [f"Must be a number from 0, below {MOVE_LIMIT:,f}"]})
    return proposal_new(
        kind=LIMIT,
        actor=actor,
        reason=reason,
        target=asset.code,
        subject=asset.code,
        payload={"limit": plain(limit)},
        before={"by_hand_a_day": plain(asset.hand_limit)},
        after={"by_hand_a_day": plain(limit)},
    )


def _limit_execute(proposal: Proposal, actor: User) -> str:
    asset = Asset.objects.select_for_update(no_key=True).get(pk=proposal.target)
    _require_same(plain(asset.hand_limit) == proposal.before["by_hand_a_day"])
    asset.hand_limit = Decimal(proposal.payload["limit"])
    asset.save(update_fields=["hand_limit"])
    return ""


def _require_same(is_same: bool) -> None:
    if not is_same:
        raise ProposalError(ProposalCode.CHANGED_MEANWHILE, "It was changed meanwhile: reject this and propose it anew")


KINDS = (
    Kind(RULE, "Rules", CHANGE_RULE, CHANGE_RULE, _rule_execute),
    Kind(LIMIT, "Limit by hand", CHANGE_ASSET, CHANGE_ASSET, _limit_execute),
)
