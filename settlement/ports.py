"""What settlement needs from outside, as protocols: where trades wait, and who keeps the money.

`orders` implements the outbox (the trade table), settings name it; the wallet is the embedded ledger.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol, cast
from uuid import UUID

from django.conf import settings
from django.utils.module_loading import import_string


@dataclass(frozen=True, slots=True)
class TradeParties:
    """Who made a trade, and with which orders."""

    buyer_id: UUID
    buyer_order_id: UUID
    seller_id: UUID
    seller_order_id: UUID


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many trades of a market wait for settlement (`pending` or `retrying`), and since when the oldest does."""

    symbol: str
    trades: int
    oldest_at: datetime | None


@dataclass(frozen=True, slots=True)
class TradeToSettle:
    """A trade as settlement sees it. `buyer_hold` is held on the buyer's quote account for this trade."""

    id: UUID
    market_id: int
    base: str
    quote: str
    buyer_id: UUID
    seller_id: UUID
    quantity: Decimal
    notional: Decimal
    buyer_fee: Decimal
    seller_fee: Decimal
    buyer_hold: Decimal
    executed_at: datetime


class TradeOutbox(Protocol):
    """Trades that wait for settlement. Calls run in the caller's transaction on Django's default connection."""

    def claim(self, *, market_id: int, limit: int, after: UUID | None = None) -> list[TradeToSettle]:
        """Lock and return the oldest `pending` trades of a market, by ascending id, that nobody else has locked.

        `after` leaves out all trades up to an id, and with them what lies in older partitions.
        """

    def claim_ids(self, *, trade_ids: Sequence[UUID]) -> list[TradeToSettle]:
        """Lock and return those of the named trades that are `pending` or `retrying` and locked by nobody else."""

    def claim_failed(self, *, trade_ids: Sequence[UUID]) -> list[TradeToSettle]:
        """Lock and return those of the named trades that are `failed`; waits for who has them locked."""

    def mark(self, *, trade_ids: Sequence[UUID], status: str, at: datetime) -> None:
        """Set the status (`settled`, `retrying`, `failed`, `resolved`) of named trades, none of which is closed yet.

        Settled and resolved trades are closed: nothing is held for them any more.
        """

    def find(self, *, trade_ids: Sequence[UUID]) -> list[TradeToSettle]:
        """Return the named trades, whatever their status; locks nothing."""

    def parties(self, *, trade_ids: Sequence[UUID]) -> dict[UUID, TradeParties]:
        """Return who made the named trades; ids that are no trades are left out."""

    def waiting_markets(self, *, older_than: datetime) -> list[int]:
        """Return the ids of markets with `pending` trades executed before a moment."""

    def backlog(self) -> list[Backlog]:
        """Return what waits in each market, of which there may be nothing."""


class Wallet(Protocol):
    """Keeps balances and moves money."""

    def settle(self, *, trades: Sequence[TradeToSettle]) -> None:
        """Move the money of the trades, all or none, each trade at most once ever.

        Runs in the caller's transaction. Raises SettlementError, which says whether it is transient.
        """


def trade_outbox() -> TradeOutbox:
    """Return the outbox that settings name."""
    return cast(TradeOutbox, import_string(settings.TRADE_OUTBOX)())


def wallet() -> Wallet:
    """Return the wallet that settings name."""
    return cast(Wallet, import_string(settings.WALLET)())
