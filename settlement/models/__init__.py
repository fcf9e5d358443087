from settlement.models.failure import FailedSettlement
from settlement.models.ledger import Account, LedgerEntry

__all__ = ["Account", "FailedSettlement", "LedgerEntry"]
