"""Wallets that fail on purpose: the embedded ledger with a fault in front, put in its place by the setting WALLETS."""

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar
from uuid import UUID

from settlement.errors import SettlementCode, SettlementError
from settlement.ledger import EmbeddedLedger
from settlement.models import FailedSettlement
from settlement.ports import TradeToSettle

UNAVAILABLE = SettlementError(SettlementCode.WALLET_UNAVAILABLE, "the wallet is away")


class FlakyWallet(EmbeddedLedger):
    """Raises `error` for the next `failures` calls, after the money has moved."""

    failures: ClassVar[int] = 0
    error: ClassVar[Exception] = UNAVAILABLE

    def settle(self, *, trades: Sequence[TradeToSettle]) -> None:
        super().settle(trades=trades)
        if type(self).failures > 0:
            type(self).failures -= 1
            raise self.error


class PickyWallet(EmbeddedLedger):
    """Raises a bug's exception whenever a poisoned trade is in the batch."""

    poison: ClassVar[set[UUID]] = set()

    def settle(self, *, trades: Sequence[TradeToSettle]) -> None:
        super().settle(trades=trades)
        if any(trade.id in self.poison for trade in trades):
            raise RuntimeError("a bug in the wallet")


class SleepyWallet(EmbeddedLedger):
    """Moves the money, says so by a file, and never comes to the commit."""

    def settle(self, *, trades: Sequence[TradeToSettle]) -> None:
        super().settle(trades=trades)
        Path(os.environ["SLEEPY_WALLET_FILE"]).touch()
        time.sleep(600)


class FlakyOnceWallet(EmbeddedLedger):
    """Is away for the first attempt of each trade, whichever process makes it."""

    def settle(self, *, trades: Sequence[TradeToSettle]) -> None:
        super().settle(trades=trades)
        known = FailedSettlement.objects.filter(trade_id__in=[trade.id for trade in trades])
        if known.count() < len(trades):
            raise UNAVAILABLE
