"""What changes money: transfers by hand, settlement of trades, and the care for settlements that failed."""

from settlement.services.failures import failed_settlement_resolve, failed_settlement_retry
from settlement.services.settling import Settled, settle_pending, settle_retries
from settlement.services.transfers import ledger_correct, ledger_deposit, ledger_transfer, ledger_withdraw

__all__ = [
    "Settled",
    "failed_settlement_resolve",
    "failed_settlement_retry",
    "ledger_correct",
    "ledger_deposit",
    "ledger_transfer",
    "ledger_withdraw",
    "settle_pending",
    "settle_retries",
]
