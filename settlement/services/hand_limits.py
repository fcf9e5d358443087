"""How much one member of staff may move by hand in a day, of each asset, by proposing and by approving."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

from django.db.models import F, Q, Sum
from django.utils import timezone

from base.scaling import EXACT, ZERO, plain
from exchange.models import Asset, User
from settlement.errors import AdjustmentCode, AdjustmentError
from settlement.legs import Move
from settlement.models import Adjustment, AdjustmentLine

__all__ = ["LIMIT_WINDOW", "moved_by_hand", "require_within_limit"]

LIMIT_WINDOW = timedelta(hours=24)
_State = Adjustment.State


def require_within_limit(actor: User, moves: Sequence[Move]) -> None:
    """Refuse what would be more of an asset than one person may move by hand in a day. Two queries.

    The caller has locked the actor's row, so nothing is counted twice or not at all. Raises AdjustmentError.
    """
    wanted: dict[str, Decimal] = {}
    for move in moves:
        if move.amount > 0:
            asset = move.account.asset
            wanted[asset] = EXACT.add(wanted.get(asset, ZERO), move.amount)
    moved = moved_by_hand(actor)
    for asset, limit in Asset.objects.filter(pk__in=wanted).values_list("code", "hand_limit"):
        done = moved.get(asset, ZERO)
        if EXACT.add(done, wanted[asset]) > limit:
            raise AdjustmentError(
                AdjustmentCode.LIMIT_REACHED,
                f"One person moves at most {plain(limit)} {asset} by hand in a day: two people can raise the limit",
                {"asset": asset, "moved": plain(done), "wanted": plain(wanted[asset]), "limit": plain(limit)},
            )


def moved_by_hand(person: User) -> dict[str, Decimal]:
    """Return how much of each asset somebody has proposed or approved to move in the last day. One query.

    What was rejected, withdrawn or has expired does not count.
    """
    since = timezone.now() - LIMIT_WINDOW
    own = Q(adjustment__proposed_by=person, adjustment__created_at__gt=since) & Q(
        adjustment__state__in=[_State.PROPOSED, _State.APPROVED]
    )
    decided = Q(adjustment__decided_by=person, adjustment__decided_at__gt=since, adjustment__state=_State.APPROVED)
    lines = AdjustmentLine.objects.filter(own | decided).annotate(amount=F("available") + F("held"))
    rows = lines.filter(amount__gt=0).values("account__asset_id").annotate(total=Sum("amount")).order_by()
    return {row["account__asset_id"]: row["total"] for row in rows}
