"""What changes money: transfers, adjustments, settlement of trades, and the care for settlements that failed."""

from settlement.services.adjustments import (
    adjustment_approve,
    adjustment_propose,
    adjustment_reject,
    adjustment_withdraw,
)
from settlement.services.failures import failed_settlement_resolve, failed_settlement_retry
from settlement.services.settlements import Settled, settle_of_user, settle_pending, settle_retries
from settlement.services.transfers import ledger_deposit, ledger_deposit_several, ledger_transfer, ledger_withdraw

__all__ = [
    "Settled",
    "adjustment_approve",
    "adjustment_propose",
    "adjustment_reject",
    "adjustment_withdraw",
    "failed_settlement_resolve",
    "failed_settlement_retry",
    "ledger_deposit",
    "ledger_deposit_several",
    "ledger_transfer",
    "ledger_withdraw",
    "settle_of_user",
    "settle_pending",
    "settle_retries",
]
