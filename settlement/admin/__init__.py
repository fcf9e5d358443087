"""Balances, the ledger, adjustments, and settlements that failed, with what staff can do about them."""

from settlement.admin.accounts import AccountAdmin, LedgerEntryAdmin
from settlement.admin.adjustments import AdjustmentAdmin
from settlement.admin.failures import FailedSettlementAdmin
from settlement.admin.tables import balance_table, entry_table
from settlement.wallet import admin as _wallet  # noqa: F401  (registers its pages)

__all__ = [
    "AccountAdmin",
    "AdjustmentAdmin",
    "FailedSettlementAdmin",
    "LedgerEntryAdmin",
    "balance_table",
    "entry_table",
]
