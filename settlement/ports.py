"""What settlement needs from outside, as protocols: where trades wait, and where the money is kept.

`orders` implements the outbox (the trade table) and knows what orders wait for; the wallet is the embedded ledger or a
remote service. Settings name them.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any, Protocol, cast
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.utils.module_loading import import_string


@dataclass(frozen=True, slots=True)
class TradeParties:
    """The two users of a trade, and their orders."""

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

    def unsettled_of(self, *, user_id: UUID, limit: int, after: UUID) -> dict[UUID, str]:
        """Return a user's oldest `pending` or `retrying` trades after an id, in all markets, with their status.

        Locks nothing.
        """

    def claim_ids(self, *, trade_ids: Sequence[UUID]) -> list[TradeToSettle]:
        """Lock and return those of the named trades that are `pending` or `retrying` and locked by nobody else."""

    def claim_failed(self, *, trade_ids: Sequence[UUID]) -> list[TradeToSettle]:
        """Lock and return those of the named trades that are `failed`; waits for locks."""

    def mark(self, *, trade_ids: Sequence[UUID], status: str, at: datetime) -> None:
        """Set the status (`settled`, `retrying`, `failed`, `resolved`) of named trades, none of which is closed yet.

        Settled and resolved trades are closed: nothing is held for them any more.
        """

    def find(self, *, trade_ids: Sequence[UUID]) -> list[TradeToSettle]:
        """Return the named trades, whatever their status; locks nothing."""

    def parties(self, *, trade_ids: Sequence[UUID]) -> dict[UUID, TradeParties]:
        """Return the parties of the named trades; ids without a trade are left out."""

    def waiting_markets(self, *, older_than: datetime) -> list[int]:
        """Return the ids of markets with `pending` trades executed before a moment."""

    def backlog(self) -> list[Backlog]:
        """Return what waits in each market, of which there may be nothing."""


class AwaitedFunds(Protocol):
    """Tells where orders count on money that is not held yet."""

    def awaited(self, *, user_ids: Collection[UUID]) -> set[tuple[UUID, str]]:
        """Return (user, asset) where orders of these users wait for money that settlement brings. One query."""


class Balance(Protocol):
    """What a user has of an asset: `available` to use, `held` for open orders and unsettled trades, and the sum."""

    @property
    def asset_id(self) -> str: ...
    @property
    def available(self) -> Decimal: ...
    @property
    def held(self) -> Decimal: ...
    @property
    def total(self) -> Decimal: ...


class Reserving(Protocol):
    """A wallet whose money must be reserved before an order can hold it.

    Each call has a key that the caller chose and happens once, however often it is sent; all of them raise
    WalletUnavailableError or WalletRefusalError (settlement.wallet) and take several seconds at worst.
    """

    @property
    def is_rejecting(self) -> bool:
        """Whether calls are refused at once, because the wallet is known to be away."""

    def reserve(self, *, key: UUID, user_id: UUID, asset: str, amount: Decimal) -> None:
        """Set money of the user aside for this exchange."""

    def void(self, *, key: UUID) -> None:
        """Undo a reservation whose outcome is unknown; if it was not made, it never will be."""

    def release(self, *, key: UUID, user_id: UUID, asset: str, amount: Decimal) -> None:
        """Give the user back what this exchange does not need."""

    def reverse(self, *, key: UUID, trade_id: UUID) -> None:
        """Undo a settlement that was given up; if it was not made, it never will be."""

    def reserved(self) -> Iterator[tuple[UUID, str, Decimal]]:
        """Yield (user, asset, amount) of all that is reserved for this exchange."""


class Wallet(Protocol):
    """Keeps users' money. There are two, chosen by the setting WALLET.

    embedded: the money is in this database. An order's reserve and release are its hold, taken and given back in the
    engine's own transaction (settlement/holds.py), so there is nothing else to call and `reserving` is None.

    remote: the money is at a wallet service. The ledger of this database is then the part of it that is reserved for
    this exchange, per user and asset; `reserving` moves money in before an order goes to the engine, and back out.
    From there on all is as with the embedded one.
    """

    @property
    def reserving(self) -> Reserving | None:
        """What moves money in and out; None where it is here already."""

    def balances(self, *, user_id: UUID) -> QuerySet[Any] | Sequence[Balance]:
        """Return what a user has, by asset. Raises ApiError WALLET_UNAVAILABLE when that cannot be known."""

    def settle(self, *, trades: Sequence[TradeToSettle]) -> None:
        """Move the money of the trades, all or none, each trade at most once ever.

        Runs in the caller's transaction. Raises SettlementError, which says whether it is transient.
        """


def trade_outbox() -> TradeOutbox:
    """Return the outbox that settings name."""
    return cast(TradeOutbox, import_string(settings.TRADE_OUTBOX)())


def awaited_funds() -> AwaitedFunds:
    """Return what tells which money orders wait for, as settings name it."""
    return cast(AwaitedFunds, import_string(settings.AWAITED_FUNDS)())


def wallet() -> Wallet:
    """Return the wallet that the setting WALLET chooses. Asked for with every order, so it costs next to nothing."""
    return cast(Wallet, _class_of(settings.WALLETS[settings.WALLET])())


_class_of = cache(import_string)
