"""What goes into the wallet service and what comes out of it."""

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from rest_framework import serializers

from base.fields import StrictSerializer
from base.scaling import plain
from base.times import iso_ms
from exchange.selectors import asset_decimals
from settlement.models import Account, WalletOperation
from settlement.wallet.protocol import TRADES_MAX

_AMOUNT = re.compile(r"[0-9]{1,20}(\.[0-9]{1,18})?")
_UUID = "01900000-0000-7000-8000-000000000001"


def _style(example: Any, text: str) -> dict[str, Any]:
    return {"help_text": text, "style": {"example": example}}


class Amount(serializers.Field):  # type: ignore[type-arg]  # generic in the stubs only
    """A decimal in plain notation, as a string."""

    default_error_messages = {"invalid": "Give a decimal number as a string, without sign and exponent"}

    def to_internal_value(self, data: Any) -> Decimal:
        if not isinstance(data, str) or not _AMOUNT.fullmatch(data):
            self.fail("invalid")
        return Decimal(data)

    def to_representation(self, value: Any) -> str:
        return str(value)


class TransferInput(StrictSerializer):
    """Money of one user, with the key under which it moves once."""

    id = serializers.UUIDField(**_style(_UUID, "Idempotency key"))
    user_id = serializers.UUIDField(**_style(_UUID, "Whose money"))
    asset = serializers.CharField(max_length=12, **_style("USDT", "Code of the asset"))
    amount = Amount(**_style("100.25", "Above zero, with at most the asset's decimals"))


class TradeInput(StrictSerializer):
    """A trade to settle: what was traded, and what it costs each side."""

    id = serializers.UUIDField(**_style(_UUID, "Idempotency key of this settlement"))
    trade_id = serializers.UUIDField(**_style(_UUID, "The trade: settled by at most one key"))
    base = serializers.CharField(max_length=12, **_style("BTC", "What was traded"))
    quote = serializers.CharField(max_length=12, **_style("USDT", "What it was paid in"))
    buyer_id = serializers.UUIDField(**_style(_UUID, "Gets the quantity, pays notional and fee"))
    seller_id = serializers.UUIDField(**_style(_UUID, "Gets the notional less the fee"))
    quantity = Amount(**_style("0.5", "Of the base asset"))
    notional = Amount(**_style("32500", "Price x quantity"))
    buyer_fee = Amount(**_style("32.5", "In the quote asset"))
    seller_fee = Amount(**_style("32.5", "In the quote asset"))

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        fields = super().to_internal_value(data)
        return {name: plain(value) if isinstance(value, Decimal) else str(value) for name, value in fields.items()}


class SettlementsInput(StrictSerializer):
    """Trades to settle in one step: all of them or none."""

    trades = TradeInput(  # type: ignore[call-arg]  # those of a list
        many=True, allow_empty=False, max_length=TRADES_MAX, help_text=f"1 to {TRADES_MAX} trades"
    )


class ReversalInput(StrictSerializer):
    """Which trade a settlement is of."""

    trade_id = serializers.UUIDField(**_style(_UUID, "The trade"))


class BalanceOutput(serializers.Serializer[Any]):
    """What a user has of an asset."""

    user_id = serializers.UUIDField(**_style(_UUID, "Whose"))
    asset = serializers.CharField(**_style("USDT", "Code of the asset"))
    available = serializers.CharField(**_style("900.00000000", "The user's to use"))
    reserved = serializers.CharField(**_style("100.00000000", "Reserved for the exchange"))


class OperationOutput(serializers.Serializer[Any]):
    """An operation and its outcome."""

    id = serializers.UUIDField(**_style(_UUID, "Its key"))
    kind = serializers.ChoiceField(WalletOperation.Kind.values, **_style("reservation", "What was asked for"))
    state = serializers.ChoiceField(
        WalletOperation.State.values, **_style("done", "`undone`: voided or reversed, or kept from ever being done")
    )
    trade_id = serializers.UUIDField(allow_null=True, **_style(None, "Of a settlement"))
    created_at = serializers.DateTimeField(**_style("2026-01-31T12:00:00.123Z", "When it came first"))
    updated_at = serializers.DateTimeField(**_style("2026-01-31T12:00:00.123Z", "When it was done or undone"))


class SettledOutput(serializers.Serializer[Any]):
    """What became of a settlement of trades."""

    settled = serializers.IntegerField(**_style(2, "How many were new; the others were settled before"))


def balance_as_json(account: Account) -> dict[str, str]:
    decimals = asset_decimals(account.asset_id)
    return {
        "user_id": str(account.owner_id),
        "asset": account.asset_id,
        "available": plain(account.available, decimals),
        "reserved": plain(account.held, decimals),
    }


def balances_as_json(accounts: Iterable[Account]) -> list[dict[str, str]]:
    return [balance_as_json(account) for account in accounts]


def operation_as_json(operation: WalletOperation) -> dict[str, Any]:
    return {
        "id": str(operation.pk),
        "kind": operation.kind,
        "state": operation.state,
        "trade_id": str(operation.trade_id) if operation.trade_id else None,
        "created_at": iso_ms(operation.created_at),
        "updated_at": iso_ms(operation.updated_at),
    }
