from settlement.models.adjustment import Adjustment, AdjustmentLine
from settlement.models.failure import FailedSettlement
from settlement.models.ledger import Account, LedgerEntry
from settlement.models.wallet import WalletOperation, WalletRelease, WalletReservation, WalletReversal

__all__ = [
    "Account",
    "Adjustment",
    "AdjustmentLine",
    "FailedSettlement",
    "LedgerEntry",
    "WalletOperation",
    "WalletRelease",
    "WalletReservation",
    "WalletReversal",
]
