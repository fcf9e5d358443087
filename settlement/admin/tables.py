"""Tables about money that several pages show."""

from typing import Any

from django.db.models import QuerySet

from exchange.admin.base import Table
from exchange.admin.columns import amount_text, link_to, short, time_text
from settlement.models import Account, LedgerEntry

USER, MARKET, TRADE = "exchange.user", "exchange.market", "orders.trade"
ACCOUNT, ADJUSTMENT = "settlement.account", "settlement.adjustment"
ENTRIES_SHOWN = 50
BALANCE_HEADERS = ("Account", "Asset", "Available", "Held", "Total")
ENTRY_HEADERS = ("Entry", "Time", "Transfer", "Leg", "Account", "Amount", "Kind", "Reason")


def balance_table(title: str, accounts: QuerySet[Account]) -> Table:
    """Return balances as a table. One query."""
    rows = [
        [
            link_to(ACCOUNT, a.pk, str(a.owner or a.get_kind_display())),
            a.asset_id,
            *map(amount_text, (a.available, a.held, a.total)),
        ]
        for a in accounts.select_related("owner").order_by("owner_id", "asset_id")
    ]
    return Table(title, BALANCE_HEADERS, rows)


def entry_table(title: str, entries: QuerySet[LedgerEntry]) -> Table:
    """Return the newest ledger entries as a table. One query."""
    rows = [
        [
            entry.pk,
            time_text(entry.created_at),
            short(entry.transfer_id),
            entry.leg,
            link_to(ACCOUNT, entry.account_id, str(entry.account)),
            f"{amount_text(entry.amount)} {entry.asset_id}",
            entry.get_kind_display(),
            entry.reason or "-",
        ]
        for entry in entries.select_related("account__owner").order_by("-id")[:ENTRIES_SHOWN]
    ]
    return Table(title, ENTRY_HEADERS, rows)


_BY_HAND = (LedgerEntry.Kind.DEPOSIT, LedgerEntry.Kind.WITHDRAWAL, LedgerEntry.Kind.CORRECTION)


def source_of(kind: str, transfer_id: Any) -> Any:
    """Return a link from an entry to what it came from: its trade, its adjustment, or nothing more than itself."""
    if kind in (LedgerEntry.Kind.TRADE, LedgerEntry.Kind.FEE):
        return link_to(TRADE, transfer_id, short(transfer_id))
    if kind in _BY_HAND:
        return link_to(ADJUSTMENT, transfer_id, short(transfer_id))
    return "-"
