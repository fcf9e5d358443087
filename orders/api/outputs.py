"""What the order and trade endpoints answer: described for the OpenAPI document, never run."""

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from base.errors import ErrorCode
from base.outputs import AmountText, SymbolText
from matching.engine import CancelReason, RejectReason
from orders.models import Order, OrderStatus, SettlementStatus

__all__ = [
    "AmendedOutput",
    "BatchOutput",
    "BookOutput",
    "CancelAfterOutput",
    "CancelledAllOutput",
    "CancelledOutput",
    "GroupOutput",
    "OrderOutput",
    "OwnTradeOutput",
    "PlacedOutput",
    "PublicTradeOutput",
    "TradeOutput",
]

_ID = "01900000-0000-7000-8000-000000000001"
_TIME = "2026-01-31T12:00:00.123Z"
_BY_ITS_OWNER = CancelReason.REQUESTED
REASONS = list(dict.fromkeys(why.name for why in (*RejectReason, *CancelReason) if why is not _BY_ITS_OWNER))


def _shown(example: Any, text: str = "") -> dict[str, Any]:
    return {"help_text": text, "style": {"example": example}}


def _nullable(example: Any, text: str) -> dict[str, Any]:
    return {"allow_null": True, **_shown(example, text)}


class OrderOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField(**_shown(_ID, "The exchange's id of the order, a UUIDv7"))
    client_order_id = serializers.CharField(**_nullable("my-order-17", "The client's own id"))
    user_id = serializers.UUIDField(**_shown(_ID, "Whose order it is"))
    symbol = SymbolText()
    side = serializers.ChoiceField(Order.Side.values, **_shown("buy", "buy or sell"))
    type = serializers.ChoiceField(Order.Type.values, **_shown("limit", "The order's type"))
    time_in_force = serializers.ChoiceField(Order.TimeInForce.values, **_shown("gtc", "How long it may wait"))
    post_only = serializers.BooleanField(**_shown(False, "It was refused or moved rather than trade at once"))
    quantity = AmountText(**_nullable("0.50000", "The whole quantity; null for a market buy by budget"))
    price = AmountText(**_nullable("65000.00", "The limit; null for what trades at market"))
    stop_price = AmountText(
        **_nullable(
            "64000.00",
            "Trigger. Of a trailing stop that waits where it is now; later the one that was reached, or where it began",
        )
    )
    quote_quantity = AmountText(**_nullable("1000.00000000", "The budget of a market buy, fee included"))
    filled_quantity = AmountText(**_shown("0.20000", "What was traded"))
    remaining_quantity = AmountText(**_nullable("0.30000", "What was not; null for a buy by budget"))
    filled_quote = AmountText(**_shown("12999.90000000", "Sum of price x quantity of its fills, in the quote asset"))
    average_price = AmountText(
        **_nullable("64999.50", "Of its fills, null without one: times what is filled it rounds to `filled_quote`")
    )
    fee = AmountText(**_shown("12.99990000", "What its fills have cost so far, rounded up once"))
    fee_asset = serializers.CharField(**_shown("USDT", "In which asset: the quote asset"))
    status = serializers.ChoiceField(
        OrderStatus.values, **_shown("open", "`pending` is a stop or an exit that waits outside the book")
    )
    reason = serializers.ChoiceField(
        REASONS,
        **_nullable("SELF_TRADE", "Why it was rejected or cancelled; null when its owner cancelled it, or it lives"),
    )
    trailing_amount = AmountText(**_nullable("250.00", "Distance of a trailing stop from the best price so far"))
    trailing_percent = AmountText(**_nullable("1.5", "Distance of a trailing stop in percent"))
    display_quantity = AmountText(**_nullable("0.05000", "What the book shows of an iceberg at most"))
    expire_at = serializers.DateTimeField(**_nullable(_TIME, "When a gtd order expires"))
    self_trade_prevention = serializers.ChoiceField(
        Order.SelfTradePrevention.values,
        **_shown("cancel_newest", "What happens if it would trade with another order of its owner"),
    )
    reprice = serializers.BooleanField(**_shown(False, "Post-only: moved behind the other side rather than refused"))
    group_id = serializers.UUIDField(**_nullable(_ID, "The OCO or bracket it belongs to: the id of its first order"))
    group_role = serializers.ChoiceField(
        [role for role in Order.GroupRole.values if role], **_nullable("oco_limit", "What it is in its group")
    )
    triggered_at = serializers.DateTimeField(**_nullable(_TIME, "When the last price reached the stop price"))
    protection_price = AmountText(**_nullable("57600.00", "The furthest price at which a stop without limit trades"))
    created_at = serializers.DateTimeField(**_shown(_TIME, "When the engine took it"))
    updated_at = serializers.DateTimeField(**_shown(_TIME, "When it last changed"))
    seq = serializers.IntegerField(
        **_shown(123456, "Number of its last event in its market; 0 if that was under an earlier release")
    )


class PublicTradeOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField(**_shown(_ID, "A UUIDv7"))
    symbol = SymbolText()
    price = AmountText(**_shown("65000.00", "The maker's price, or the auction's"))
    quantity = AmountText(**_shown("0.20000", "How much of the base asset"))
    taker_side = serializers.ChoiceField(Order.Side.values, **_shown("buy", "The taker's side"))
    executed_at = serializers.DateTimeField(**_shown(_TIME, "When it was made"))


class TradeOutput(PublicTradeOutput):
    seq = serializers.IntegerField(**_shown(123456, "Its number in its market"))
    settlement_status = serializers.ChoiceField(
        SettlementStatus.values, **_shown("settled", "Whether the ledger has it yet")
    )


@extend_schema_serializer(component_name="OwnTrade")
class OwnTradeOutput(PublicTradeOutput):
    """The last six are there with `mine=true`."""

    seq = serializers.IntegerField(required=False, **_shown(123456, "Its number in its market"))
    settlement_status = serializers.ChoiceField(
        SettlementStatus.values, required=False, **_shown("settled", "Whether the ledger has it yet")
    )
    side = serializers.ChoiceField(Order.Side.values, required=False, **_shown("buy", "The own side"))
    role = serializers.ChoiceField(["maker", "taker"], required=False, **_shown("taker", "The own role"))
    fee = AmountText(required=False, **_shown("13.00000000", "The own fee, in the quote asset"))
    order_id = serializers.UUIDField(required=False, **_shown(_ID, "The own order"))


class PlacedOutput(serializers.Serializer[Any]):
    order = OrderOutput(help_text="The order, as committed")
    trades = TradeOutput(many=True, help_text="What it traded at once, oldest first")


class AmendedOutput(serializers.Serializer[Any]):
    order = OrderOutput(help_text="The order as it is now")
    trades = TradeOutput(many=True, help_text="What it traded at its new price, oldest first")


class CancelledOutput(serializers.Serializer[Any]):
    order = OrderOutput(help_text="The order as it ended")


class CancelledAllOutput(serializers.Serializer[Any]):
    cancelled = serializers.IntegerField(**_shown(3, "How many orders were cancelled"))


class CancelAfterOutput(serializers.Serializer[Any]):
    timeout_ms = serializers.IntegerField(**_shown(60_000, "0: it is off"))
    cancel_at = serializers.DateTimeField(**_nullable(_TIME, "When it goes off unless it is renewed; null: it is off"))
    symbols = serializers.ListField(child=SymbolText(), **_shown(["BTC/USDT"], "The markets it is set in"))


class GroupOutput(serializers.Serializer[Any]):
    group_id = serializers.UUIDField(**_nullable(_ID, "The id of the first order; null for the replay of a single one"))
    orders = OrderOutput(many=True, help_text="OCO: limit, stop. Bracket: entry, take-profit, stop-loss")
    trades = TradeOutput(many=True, help_text="What the entry traded at once, oldest first")


@extend_schema_serializer(component_name="ErrorBody")
class ErrorBodyOutput(serializers.Serializer[Any]):
    code = serializers.ChoiceField(
        [code.value for code in ErrorCode], **_shown("INSUFFICIENT_BALANCE", "As in an error answer")
    )
    message = serializers.CharField(**_shown("Not enough USDT", "For a person"))
    details = serializers.DictField(**_shown({"asset": "USDT"}, "What helps to put it right"))


@extend_schema_serializer(component_name="ReplayMeta")
class ReplayMetaOutput(serializers.Serializer[Any]):
    idempotent_replay = serializers.BooleanField(
        required=False, **_shown(True, "The order existed already; nothing was placed")
    )
    payload_differs = serializers.BooleanField(
        required=False, **_shown(False, "This order differed from the first one")
    )


@extend_schema_serializer(component_name="BatchResult")
class BatchResultOutput(serializers.Serializer[Any]):
    """`data` of a success, `error` of a failure; `meta` of a replay."""

    success = serializers.BooleanField(**_shown(True, "Whether this order was placed or replayed"))
    status = serializers.IntegerField(**_shown(201, "The HTTP status it would have had alone"))
    data = PlacedOutput(required=False, help_text="The order and its trades")  # type: ignore[assignment]  # a field
    meta = ReplayMetaOutput(required=False, help_text="Whether it is a replay")
    error = ErrorBodyOutput(required=False, help_text="Why it was not placed")


class BatchOutput(serializers.Serializer[Any]):
    results = BatchResultOutput(many=True, help_text="One for each order, in order")


class LevelOutput(serializers.Serializer[Any]):
    price = AmountText(**_shown("65000.00", "Of all orders on the level"))
    volume = AmountText(**_shown("1.50000", "What they show together"))
    order_count = serializers.IntegerField(**_shown(3, "How many orders it has"))


class BookOutput(serializers.Serializer[Any]):
    symbol = SymbolText()
    seq = serializers.IntegerField(**_shown(123456, "The last event that the book contains"))
    timestamp = serializers.DateTimeField(**_shown(_TIME, "When that was"))
    bids = LevelOutput(many=True, help_text="Highest price first")
    asks = LevelOutput(many=True, help_text="Lowest price first")
    checksum = serializers.IntegerField(
        **_nullable(3310070434, "CRC-32 of the best 10 levels of each side; null if grouped")
    )
    group = AmountText(**_nullable("10", "The step that prices are grouped by; null if they are not"))
