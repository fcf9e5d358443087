"""The remote wallet as the exchange sees it."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import UUID

from django.conf import settings

from base.errors import ApiError, ErrorCode
from base.scaling import EXACT, ZERO, plain
from settlement.errors import SettlementCode, SettlementError
from settlement.ledger import EmbeddedLedger
from settlement.ports import TradeToSettle
from settlement.selectors import user_balances
from settlement.wallet.connection import WalletConnection, WalletUnavailableError
from settlement.wallet.protocol import WalletCode, WalletRefusalError, trade_as_json
from settlement.wallet.reversals import reversals_finish, settlement_keys

AWAY = "The wallet cannot be reached; nothing was done, try again"


@cache
def wallet_connection(url: str, token: str, timeout_ms: int, concurrency: int, probe_s: float) -> WalletConnection:
    """Return the process's one connection to a wallet service."""
    return WalletConnection(url=url, token=token, timeout_s=timeout_ms / 1000, concurrency=concurrency, probe_s=probe_s)


os.register_at_fork(after_in_child=wallet_connection.cache_clear)


@dataclass(frozen=True, slots=True)
class RemoteBalance:
    """What a user has of an asset at the wallet and here together."""

    asset_id: str
    available: Decimal
    held: Decimal

    @property
    def total(self) -> Decimal:
        return EXACT.add(self.available, self.held)


class RemoteWallet:
    """Speaks to the wallet service of WALLET_URL. Implements settlement.ports.Wallet and Reserving."""

    def __init__(self) -> None:
        self._connection = wallet_connection(
            settings.WALLET_URL,
            settings.WALLET_TOKEN,
            settings.WALLET_TIMEOUT_MS,
            settings.WALLET_CONCURRENCY,
            settings.WALLET_PROBE_SECONDS,
        )

    @property
    def reserving(self) -> "RemoteWallet":
        return self

    @property
    def is_rejecting(self) -> bool:
        return self._connection.breaker.rejects

    # --- one user's money -----------------------------------------------------------------------------

    def balance(self, *, user_id: UUID, asset: str) -> tuple[Decimal, Decimal]:
        """Return what is available and what is reserved at the wallet itself; zeros for what it does not know."""
        found = (each for each in self._balances(user_id) if each["asset"] == asset)
        entry = next(found, {"available": "0", "reserved": "0"})
        return Decimal(entry["available"]), Decimal(entry["reserved"])

    def balances(self, *, user_id: UUID) -> list[RemoteBalance]:
        """Return what the user may use, there and here, and what is held here. One query, one call.

        Raises ApiError WALLET_UNAVAILABLE. Money on its way between the two is in neither for a moment.
        """
        try:
            there = {entry["asset"]: Decimal(entry["available"]) for entry in self._balances(user_id)}
        except (WalletUnavailableError, WalletRefusalError):
            raise ApiError(ErrorCode.WALLET_UNAVAILABLE, AWAY) from None
        here = {account.asset_id: account for account in user_balances(user_id=user_id)}
        return [
            RemoteBalance(
                asset,
                EXACT.add(there.get(asset, ZERO), here[asset].available if asset in here else ZERO),
                here[asset].held if asset in here else ZERO,
            )
            for asset in sorted(there.keys() | here.keys())
        ]

    def _balances(self, user_id: UUID) -> list[dict[str, str]]:
        entries: list[dict[str, str]] = self._connection.call("balances", "GET", f"balances/{user_id}")
        return entries

    def reserve(self, *, key: UUID, user_id: UUID, asset: str, amount: Decimal) -> None:
        """See settlement.ports.Reserving."""
        self._connection.call("reserve", "POST", "reservations", _transfer(key, user_id, asset, amount))

    def void(self, *, key: UUID) -> None:
        """See settlement.ports.Reserving."""
        self._connection.call("void", "POST", f"reservations/{key}/void")

    def release(self, *, key: UUID, user_id: UUID, asset: str, amount: Decimal) -> None:
        """See settlement.ports.Reserving."""
        self._connection.call("release", "POST", "releases", _transfer(key, user_id, asset, amount))

    def reverse(self, *, key: UUID, trade_id: UUID) -> None:
        """See settlement.ports.Reserving."""
        self._connection.call("reverse", "POST", f"settlements/{key}/reverse", {"trade_id": str(trade_id)})

    def reserved(self) -> Iterator[tuple[UUID, str, Decimal]]:
        """Yield (user, asset, amount) of all that is reserved; one call for each thousand."""
        after = ""
        while page := self._connection.call("reserved", "GET", f"reserved{after}"):
            for entry in page:
                yield UUID(entry["user_id"]), entry["asset"], Decimal(entry["reserved"])
            after = f"?after_user={page[-1]['user_id']}&after_asset={page[-1]['asset']}"

    # --- trades -----------------------------------------------------------------------------------------

    def settle(self, *, trades: Sequence[TradeToSettle]) -> None:
        """Settle at the wallet, then here. Calls it inside the caller's transaction, before accounts are locked.

        Should the process die in between, the trades stay unsettled here; the next attempt finds them settled there.
        """
        try:
            self._require_awake()
            reversals_finish(trade_ids=[trade.id for trade in trades], reserving=self)
            keys = settlement_keys([trade.id for trade in trades])
            body = {"trades": [trade_as_json(trade, keys[trade.id]) for trade in trades]}
            self._connection.call("settle", "POST", "settlements", body)
        except WalletUnavailableError as error:
            raise SettlementError(SettlementCode.WALLET_UNAVAILABLE, str(error), was_tried=error.was_sent) from error
        except WalletRefusalError as refusal:
            raise _settlement_error(refusal) from refusal
        EmbeddedLedger().settle(trades=trades)

    def _require_awake(self) -> None:
        """Find out by a harmless request whether the wallet is back: a trade has only three attempts."""
        if not self._connection.breaker.is_closed:
            try:
                self._connection.call("ping", "GET", "ping")
            except WalletUnavailableError as error:
                raise WalletUnavailableError(str(error), was_sent=False) from error


def _transfer(key: UUID, user_id: UUID, asset: str, amount: Decimal) -> dict[str, Any]:
    return {"id": str(key), "user_id": str(user_id), "asset": asset, "amount": plain(amount)}


def _settlement_error(refusal: WalletRefusalError) -> SettlementError:
    is_about_holds = refusal.code is WalletCode.INSUFFICIENT_HOLD
    code = SettlementCode.INSUFFICIENT_HOLD if is_about_holds else SettlementCode.WALLET_REFUSED
    return SettlementError(code, f"the wallet: {refusal.code} {refusal.message} {refusal.details or ''}".strip())
