"""Dead letters to mend, and two members of staff who may do it together."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.contrib.auth.models import Permission

from exchange.models import User
from orders.models import Trade
from proposals.services import proposal_approve
from settlement.legs import AccountKey, Move, give_back_moves, settle_moves
from settlement.models import Adjustment, FailedSettlement
from settlement.ports import TradeToSettle, trade_outbox
from settlement.services import adjustment_propose, settle_pending
from tests.fixtures import fresh_name
from tests.integration.settlement.cast import Cast, failure_of

RIGHTS = ("add_adjustment", "approve_adjustment", "view_adjustment", "deposit_account", "withdraw_account")


def clerk(*codenames: str) -> User:
    """Create a member of staff with rights in the app `settlement`."""
    user = User.objects.create(username=fresh_name("clerk-"), is_staff=True)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="settlement", codename__in=codenames))
    return user


@dataclass
class Eyes:
    """Who proposes and who approves."""

    proposer: User
    approver: User

    @classmethod
    def open(cls) -> "Eyes":
        return cls(clerk(*RIGHTS), clerk(*RIGHTS))

    def propose(
        self, moves: Sequence[Move], *, failure: FailedSettlement | None = None, reason: str = "ticket 7"
    ) -> Adjustment:
        """Propose an adjustment; money from or to the outside world gets a reference that nothing else has."""
        is_outside = any(move.account.kind == "external" for move in moves)
        return adjustment_propose(
            actor=self.proposer,
            moves=moves,
            reason=reason,
            reference=fresh_name("WIRE-") if is_outside else "",
            failure_id=failure.pk if failure else None,
        )

    def approve(self, proposal: Adjustment, note: str = "") -> None:
        proposal_approve(actor=self.approver, proposal_id=proposal.pk, note=note)


def dead_letter(cast: Cast, **terms: str) -> tuple[Trade, FailedSettlement]:
    """Let a settlement fail for want of a hold, and put the hold back: both sides hold what the trade needs."""
    trade = cast.trade(**terms)  # type: ignore[arg-type]  # strings by name
    cast.hold(cast.taker, cast.quote, -trade.buyer_hold)
    settle_pending(market_id=cast.market.pk)
    cast.hold(cast.taker, cast.quote, trade.buyer_hold)
    return trade, failure_of(trade)


def to_settle(trade: Trade) -> TradeToSettle:
    return trade_outbox().find(trade_ids=[trade.id])[0]


def give_back(trade: Trade) -> list[Move]:
    return give_back_moves(to_settle(trade))


def settle_by_hand(trade: Trade) -> list[Move]:
    return settle_moves(to_settle(trade))


def correction(cast: Cast, amount: str, user: User | None = None) -> list[Move]:
    """Give a user something from outside, or take it."""
    number = Decimal(amount)
    return [
        Move(AccountKey((user or cast.maker).pk, cast.quote), number, Decimal(0)),
        Move(AccountKey(None, cast.quote, "external"), -number, Decimal(0)),
    ]
