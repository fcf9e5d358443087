"""What changes money: transfers, adjustments, settlement of trades, and the care for settlements that failed."""

from settlement.services.adjustments import adjustment_propose
from settlement.services.failures import failed_settlement_resolve, failed_settlement_retry
from settlement.services.settlements import Settled, settle_of_user, settle_pending, settle_retries
from settlement.services.transfers import ledger_deposit, ledger_deposit_several, ledger_withdraw

__all__ = [
    "Settled",
    "adjustment_propose",
    "failed_settlement_resolve",
    "failed_settlement_retry",
    "ledger_deposit",
    "ledger_deposit_several",
    "ledger_withdraw",
    "settle_of_user",
    "settle_pending",
    "settle_retries",
]
