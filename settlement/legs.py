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

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from base.scaling import EXACT, ZERO, plain
from base.times import iso_ms
from settlement.models import LedgerEntry
from settlement.ports import TradeToSettle

BUYER_LEGS = (1, 5)  # of a trade's transfer; 2 and 4 are the seller's
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
        Leg(2, AccountKey(seller, quote), subtract(trade.notional, trade.seller_fee), ZERO, _TRADE),
        Leg(3, AccountKey(None, quote, "fees"), add(trade.buyer_fee, trade.seller_fee), ZERO, _FEE),
        Leg(4, AccountKey(seller, base), ZERO, trade.quantity.copy_negate(), _TRADE),
        Leg(5, AccountKey(buyer, base), trade.quantity, ZERO, _TRADE),
    )


class Move(NamedTuple):
    """What is changed of one account, by hand."""

    account: AccountKey
    available: Decimal
    held: Decimal

    @property
    def amount(self) -> Decimal:
        return EXACT.add(self.available, self.held)


def moves_merged(moves: Iterable[Move]) -> list[Move]:
    """Return one move for each account, in the order of their first; without those that change nothing."""
    merged: dict[AccountKey, Move] = {}
    for move in moves:
        before = merged.get(move.account, Move(move.account, ZERO, ZERO))
        available, held = EXACT.add(before.available, move.available), EXACT.add(before.held, move.held)
        merged[move.account] = Move(move.account, available, held)
    return [move for move in merged.values() if move.available or move.held]


def give_back_moves(trade: TradeToSettle) -> list[Move]:
    """Return what undoes a trade that was never settled: both sides' holds become available again."""
    return [Move(key, amount, amount.copy_negate()) for key, amount in trade_holds(trade).items()]


def settle_moves(trade: TradeToSettle) -> list[Move]:
    """Return what the trade's own legs would move."""
    return moves_merged(Move(leg.account, leg.available, leg.held) for leg in trade_legs(trade))


def trade_holds(trade: TradeToSettle) -> dict[AccountKey, Decimal]:
    """Return what is held for an unsettled trade, by account."""
    return {
        AccountKey(trade.buyer_id, trade.quote): trade.buyer_hold,
        AccountKey(trade.seller_id, trade.base): trade.quantity,
    }


def trade_payload(trade: TradeToSettle) -> dict[str, Any]:
    """Return a trade and its legs as JSON, amounts as text: what a failed settlement keeps."""
    return {"trade": _as_json(asdict(trade)), "legs": [_leg_as_json(leg) for leg in trade_legs(trade)]}


def _leg_as_json(leg: Leg) -> dict[str, Any]:
    numbers = {"available": leg.available, "held": leg.held, "amount": leg.amount}
    return _as_json({"leg": leg.number, **leg.account._asdict(), "entry_kind": leg.kind, **numbers})


def _as_json(values: dict[str, Any]) -> dict[str, Any]:
    return {name: _text_of(value) for name, value in values.items()}


def _text_of(value: Any) -> Any:
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, datetime):
        return iso_ms(value)
    return str(value) if isinstance(value, UUID) else value
