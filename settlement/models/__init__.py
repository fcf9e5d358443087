from settlement.models.adjustment import Adjustment, AdjustmentLine
from settlement.models.failure import FailedSettlement
from settlement.models.ledger import Account, LedgerEntry

__all__ = ["Account", "Adjustment", "AdjustmentLine", "FailedSettlement", "LedgerEntry"]
