"""What the exchange and the wallet service say to each other, as far as both must agree on it."""

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid5

from base.errors import CodedError
from base.scaling import plain
from settlement.ports import TradeToSettle

PREFIX = "internal/wallet/v1"
TRADES_MAX = 1_000


class WalletCode(StrEnum):
    """Why the wallet service refuses, in order of precedence. Nothing was moved, and asking again gives the same."""

    UNAUTHENTICATED = "UNAUTHENTICATED"
    NOT_FOUND = "NOT_FOUND"
    VALIDATION_ERROR = "VALIDATION_ERROR"
    IDEMPOTENCY_CONFLICT = "IDEMPOTENCY_CONFLICT"
    RESERVATION_VOIDED = "RESERVATION_VOIDED"
    SETTLEMENT_REVERSED = "SETTLEMENT_REVERSED"
    TRADE_SETTLED_ALREADY = "TRADE_SETTLED_ALREADY"
    USER_NOT_FOUND = "USER_NOT_FOUND"
    ASSET_NOT_FOUND = "ASSET_NOT_FOUND"
    INSUFFICIENT_BALANCE = "INSUFFICIENT_BALANCE"
    INSUFFICIENT_HOLD = "INSUFFICIENT_HOLD"


STATUS: dict[WalletCode, int] = {
    WalletCode.UNAUTHENTICATED: 401,
    WalletCode.NOT_FOUND: 404,
    WalletCode.IDEMPOTENCY_CONFLICT: 409,
    WalletCode.RESERVATION_VOIDED: 409,
    WalletCode.SETTLEMENT_REVERSED: 409,
    WalletCode.TRADE_SETTLED_ALREADY: 409,
    WalletCode.USER_NOT_FOUND: 404,
    WalletCode.ASSET_NOT_FOUND: 404,
    WalletCode.INSUFFICIENT_HOLD: 409,
}
# Said before the request was looked at: the two sides are not set up for each other.
NOT_FOR_US = frozenset({WalletCode.UNAUTHENTICATED, WalletCode.NOT_FOUND})


class WalletRefusalError(CodedError[WalletCode]):
    """The wallet refused: nothing was moved, and nothing will be under this key."""

    STATUS = STATUS


def settlement_key(trade_id: UUID, generation: int) -> UUID:
    """Return the idempotency key of a trade's settlement: the trade's own id, until one was given up and reversed."""
    return trade_id if generation == 0 else uuid5(trade_id, f"settlement {generation}")


def trade_as_json(trade: TradeToSettle, key: UUID) -> dict[str, str]:
    """Return a trade as it travels. The buyer's hold stays here: the wallet has no use for it."""
    return {
        "id": str(key),
        "trade_id": str(trade.id),
        "base": trade.base,
        "quote": trade.quote,
        "buyer_id": str(trade.buyer_id),
        "seller_id": str(trade.seller_id),
        "quantity": plain(trade.quantity),
        "notional": plain(trade.notional),
        "buyer_fee": plain(trade.buyer_fee),
        "seller_fee": plain(trade.seller_fee),
    }


def amounts_moved(trade: Mapping[str, Any]) -> list[tuple[UUID, str, Decimal]]:
    """Return (user, asset, amount) of what a trade's settlement changes about what is reserved."""
    buyer, seller = UUID(trade["buyer_id"]), UUID(trade["seller_id"])
    notional, quantity = Decimal(trade["notional"]), Decimal(trade["quantity"])
    return [
        (buyer, trade["quote"], -notional - Decimal(trade["buyer_fee"])),
        (seller, trade["quote"], notional - Decimal(trade["seller_fee"])),
        (seller, trade["base"], -quantity),
        (buyer, trade["base"], quantity),
    ]
