"""The embedded ledger: the wallet that keeps balances in the exchange's own database."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from django.db import DatabaseError, InterfaceError, connection
from django.db.models import QuerySet

from base.scaling import EXACT, ZERO
from settlement.accounts import Change, accounts_change, accounts_find
from settlement.errors import to_settlement_error
from settlement.legs import AccountKey, trade_legs
from settlement.models import Account
from settlement.ports import TradeToSettle
from settlement.selectors import user_balances

# All legs in one statement: the database checks after each statement that every transfer in it is zero-sum.
_COPY_ENTRIES = """
    COPY settlement_ledgerentry (transfer_id, leg, account_id, asset_id, amount, kind, reason) FROM STDIN
"""


class Entry(NamedTuple):
    transfer_id: UUID
    leg: int
    account_id: int
    asset: str
    amount: Decimal
    kind: str
    reason: str = ""


class EmbeddedLedger:
    """Settles on accounts and entries of this database. A trade's own id is the id of its transfer."""

    reserving = None

    def balances(self, *, user_id: UUID) -> QuerySet[Account]:
        """Return a user's accounts by asset. One query."""
        return user_balances(user_id=user_id)

    def settle(self, *, trades: Sequence[TradeToSettle]) -> None:
        """Write the entries of the trades and change the balances, all or none; eight queries.

        Locks the accounts of all traders, at the very end. Raises SettlementError.
        """
        try:
            self._settle(trades)
        except (DatabaseError, InterfaceError) as error:
            raise to_settlement_error(error) from error

    def _settle(self, trades: Sequence[TradeToSettle]) -> None:
        legs = [(trade.id, leg) for trade in trades for leg in trade_legs(trade)]
        changes: dict[AccountKey, Change] = defaultdict(lambda: Change(ZERO, ZERO))
        for _, leg in legs:
            before = changes[leg.account]
            changes[leg.account] = Change(EXACT.add(before.available, leg.available), EXACT.add(before.held, leg.held))
        ids = accounts_find(changes)
        entries_write(
            Entry(trade_id, leg.number, ids[leg.account], leg.account.asset, leg.amount, leg.kind)
            for trade_id, leg in legs
            if leg.amount
        )
        accounts_change(changes, ids)


def entries_write(entries: Iterable[Entry]) -> None:
    """Insert ledger entries, whole transfers only; one query."""
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(_COPY_ENTRIES) as copy:
        for entry in entries:
            copy.write_row(entry)
