"""What the settlement of one trade moves: the legs of its transfer and the changes of the balances.

Worked example: 0.5 BTC at 100 USDT, both fees 0.05 USDT, hold 60.06 USDT (the buyer was ready to pay 120 each):

| leg | account      | entry  | available | held   |
|-----|--------------|--------|-----------|--------|
| 1   | buyer, USDT  | -50.05 | +10.01    | -60.06 |
| 2   | seller, USDT | +49.95 | +49.95    |        |
| 3   | fees, USDT   | +0.10  | +0.10     |        |
| 4   | seller, BTC  | -0.5   |           | -0.5   |
| 5   | buyer, BTC   | +0.5   | +0.5      |        |

Entries of an asset sum to zero, and each entry is the change of its account's available + held. The number of a leg
is fixed, and unique together with the trade's id: that is what makes a settlement happen once.
"""

from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from exchange.scaling import EXACT
from settlement.models import LedgerEntry
from settlement.ports import TradeToSettle

_ZERO = Decimal(0)
_TRADE, _FEE = LedgerEntry.Kind.TRADE.value, LedgerEntry.Kind.FEE.value


class AccountKey(NamedTuple):
    """Whose account; `owner_id` None is the house, whose `kind` then tells which of its accounts."""

    owner_id: UUID | None
    asset: str
    kind: str = "user"


class Leg(NamedTuple):
    """One leg: the entry `amount` is `available + held`, the changes of the account's balances."""

    number: int
    account: AccountKey
    available: Decimal
    held: Decimal
    kind: str

    @property
    def amount(self) -> Decimal:
        return EXACT.add(self.available, self.held)


def trade_legs(trade: TradeToSettle) -> tuple[Leg, ...]:
    """Return the five legs of a trade. A leg's amount may be zero: then it moves nothing and gets no entry."""
    add, subtract = EXACT.add, EXACT.subtract
    cost = add(trade.notional, trade.buyer_fee)
    buyer, seller, base, quote = trade.buyer_id, trade.seller_id, trade.base, trade.quote
    return (
        Leg(1, AccountKey(buyer, quote), subtract(trade.buyer_hold, cost), trade.buyer_hold.copy_negate(), _TRADE),
        Leg(2, AccountKey(seller, quote), subtract(trade.notional, trade.seller_fee), _ZERO, _TRADE),
        Leg(3, AccountKey(None, quote, "fees"), add(trade.buyer_fee, trade.seller_fee), _ZERO, _FEE),
        Leg(4, AccountKey(seller, base), _ZERO, trade.quantity.copy_negate(), _TRADE),
        Leg(5, AccountKey(buyer, base), trade.quantity, _ZERO, _TRADE),
    )
