"""Holds of ended orders that are owed to their owners.

A batch locks the accounts of its requests and no others, because a second lock in one transaction could deadlock with
settlement. But the engine also ends orders of other users: they expire, their stop triggers, the other order of an OCO
trades. Such an order keeps its hold in its row, and a transaction of its own right after the batch's gives it back:
before the batch is answered, and after a crash before anything else.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from psycopg import Connection, Cursor

from base.sql import array_literal
from exchange.streams import BALANCES_GROUP
from journal.live_order import LiveOrder
from journal.terms import MarketTerms
from settlement.holds import Holdings

# Clients wait for their answers meanwhile; what cannot be given back now is given back after the next batch.
_PATIENCE = "SET LOCAL lock_timeout = '500ms'"
_INSERT = "INSERT INTO orders_owedhold (order_id, market_id) SELECT unnest(%s::uuid[]), %s"
_SELECT = """
SELECT uuid_send(o.id), uuid_send(o.user_id), o.side,
    (o.held * CASE o.side WHEN 'buy' THEN %(quote)s ELSE %(base)s END)::bigint
FROM orders_owedhold owed JOIN orders_order o ON o.id = owed.order_id WHERE owed.market_id = %(market_id)s
"""
_DELETE = "DELETE FROM orders_owedhold WHERE order_id = ANY(%s::uuid[])"
_CLEAR = "UPDATE orders_order SET held = 0 WHERE id = ANY(%s::uuid[]) AND held > 0"


class OwedHold(NamedTuple):
    """What an ended order still holds."""

    order_id: bytes
    user_id: bytes
    asset: str
    units: int


class OwedHolds:
    """What a market's journal owes. Only what was committed is added, and only what was released is forgotten."""

    def __init__(self, holds: Iterable[OwedHold] = ()) -> None:
        self._holds = list(holds)

    def __bool__(self) -> bool:
        return bool(self._holds)

    @classmethod
    def read(cls, connection: Connection, terms: MarketTerms) -> "OwedHolds":
        """Return what earlier engines left. One query."""
        scales = {"quote": 10**terms.quote_decimals, "base": 10**terms.base_decimals}
        rows = connection.execute(_SELECT, {"market_id": terms.market_id, **scales}, binary=True)
        return cls(
            OwedHold(order_id, user_id, terms.quote if side == "buy" else terms.base, units)
            for order_id, user_id, side, units in rows
        )

    def add(self, orders: Iterable[LiveOrder], terms: MarketTerms) -> None:
        """Take over the ended orders of a committed batch; they hold nothing in memory any more."""
        for order in orders:
            self._holds.append(OwedHold(order.id, order.user_id, order.hold_asset(terms), order.held_units))
            order.held_units = 0

    def release(self, connection: Connection, terms: MarketTerms) -> list[tuple[str, dict[str, Any]]]:
        """Give everything back in one transaction and return what to publish. Locks the accounts in ascending id."""
        decimals = {terms.base: terms.base_decimals, terms.quote: terms.quote_decimals}
        with connection.transaction(), connection.cursor() as cursor:
            cursor.execute(_PATIENCE)
            holdings = Holdings.lock(cursor, [(hold.user_id, hold.asset) for hold in self._holds], decimals)
            for hold in self._holds:
                holdings.release(hold.user_id, hold.asset, hold.units)
            holdings.flush(cursor)
            self._clear(cursor)
        self._holds.clear()
        return balances_message(holdings)

    def _clear(self, cursor: Cursor[Any]) -> None:
        ids = _ids(hold.order_id for hold in self._holds)
        for statement in (_CLEAR, _DELETE):  # fails if an engine that took over has done it already
            cursor.execute(statement, [ids], prepare=False)
            assert cursor.rowcount == len(self._holds), "Invariant: what is owed is given back once"


def write_owed(cursor: Cursor[Any], orders: Sequence[LiveOrder], terms: MarketTerms) -> None:
    """Note, with the batch, that these ended orders still hold something."""
    if orders:
        cursor.execute(_INSERT, [_ids(order.id for order in orders), terms.market_id])


def balances_message(holdings: Holdings) -> list[tuple[str, dict[str, Any]]]:
    """Return what to publish about changed balances; nothing when there are none."""
    balances = [
        (user_id, asset, f"{available:f}", f"{held:f}") for user_id, asset, available, held in holdings.changed()
    ]
    return [(BALANCES_GROUP, {"type": "balances.changed", "balances": balances})] if balances else []


def _ids(order_ids: Iterable[bytes]) -> str:
    return array_literal(order_id.hex() for order_id in order_ids)
