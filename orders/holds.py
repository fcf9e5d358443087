"""What an account's `held` is for: open orders, unsettled trades, and orders that have ended and are owed."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Case, Count, F, Q, QuerySet, Sum, When

from base.scaling import EXACT, ZERO
from orders.lifecycle import OPEN_STATUSES
from orders.models import Order, OwedHold, SettlementStatus, Trade
from settlement.models import Account

__all__ = ["HELD_FOR_TRADE", "HoldReason", "HoldReasons", "holds_of"]

# A trade holds until its money has moved: settled by settlement, or resolved by an adjustment.
HELD_FOR_TRADE = (SettlementStatus.PENDING, SettlementStatus.RETRYING, SettlementStatus.FAILED)


@dataclass(frozen=True, slots=True)
class HoldReason:
    """One reason to hold: how many there are, what they hold together, and the newest of them."""

    count: int
    total: Decimal
    rows: list[Any]


@dataclass(frozen=True, slots=True)
class HoldReasons:
    """All that an account's `held` must be for. Trades carry what they hold of the account as `hold`."""

    orders: HoldReason
    trades: HoldReason
    owed: HoldReason

    @property
    def total(self) -> Decimal:
        return EXACT.add(self.orders.total, EXACT.add(self.trades.total, self.owed.total))


def holds_of(account: Account, *, at_most: int) -> HoldReasons:
    """Return what a user's account must hold, with the newest `at_most` of each kind. Six queries."""
    assert account.owner_id is not None, "Invariant: the house holds nothing"
    asset = account.asset_id
    of_account = Q(side=Order.Side.BUY, market__quote_id=asset) | Q(side=Order.Side.SELL, market__base_id=asset)
    orders = Order.objects.filter(of_account, user_id=account.owner_id, held__gt=0)
    is_buyer = Q(buyer_id=account.owner_id, market__quote_id=asset)
    is_seller = Q(seller_id=account.owner_id, market__base_id=asset)
    trades = Trade.objects.filter(is_buyer | is_seller, settlement_status__in=HELD_FOR_TRADE).annotate(
        hold=Case(When(is_buyer, then=F("buyer_hold")), default=F("quantity"))
    )
    owed = OwedHold.objects.values_list("order_id", flat=True)
    return HoldReasons(
        _reason(orders.filter(status__in=OPEN_STATUSES), "held", at_most),
        _reason(trades, "hold", at_most),
        _reason(orders.filter(id__in=owed), "held", at_most),
    )


def _reason(rows: QuerySet[Any], column: str, at_most: int) -> HoldReason:
    found = rows.order_by().aggregate(count=Count("pk"), total=Sum(column))
    return HoldReason(found["count"], found["total"] or ZERO, list(rows.order_by("-id")[:at_most]))
