"""Shapes of the order and trade endpoints: input is validated here, output is only described."""

import re
from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from exchange.api.fields import (
    AmountField,
    ChoiceField,
    MomentField,
    StrictBoolean,
    StrictSerializer,
    StrictString,
)
from orders.models import Order, OrderStatus, SettlementStatus

__all__ = [
    "CLIENT_ORDER_ID",
    "BookOutput",
    "BookQuery",
    "CancelledOutput",
    "OrderInput",
    "OrderOutput",
    "OrderQuery",
    "OwnTradeOutput",
    "PlacedOutput",
    "TradeOutput",
    "TradeQuery",
]

CLIENT_ORDER_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_OMITTABLE: dict[str, Any] = {"required": False, "allow_null": True, "default": None}


class ClientOrderIdField(StrictString):
    default_error_messages = {"pattern": "Give 1 to 64 of A-Z a-z 0-9 . _ : -"}

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str) or not CLIENT_ORDER_ID.fullmatch(data):
            self.fail("pattern")
        return str(data)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        return super().run_validation(data) if data != "" else self.fail("pattern")


class OrderInput(StrictSerializer):
    """An order as it is placed. A limit order has a price; a market order has none, and is sized by one of two."""

    symbol = StrictString(max_length=64)
    side = ChoiceField(Order.Side.values)
    type = ChoiceField(Order.Type.values)
    time_in_force = ChoiceField(
        Order.TimeInForce.values,
        **_OMITTABLE,
        help_text="gtc for limit orders and ioc for market orders if omitted",
    )
    post_only = StrictBoolean(required=False, default=False)
    quantity = AmountField(**_OMITTABLE)
    price = AmountField(**_OMITTABLE)
    quote_quantity = AmountField(**_OMITTABLE, help_text="Market buy by budget, instead of quantity")
    client_order_id = ClientOrderIdField(**_OMITTABLE)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        problems = _limit_problems(attrs) if attrs["type"] == Order.Type.LIMIT else _market_problems(attrs)
        if problems:
            raise serializers.ValidationError({field: [text] for field, text in problems.items()})
        if attrs["time_in_force"] is None:
            is_limit = attrs["type"] == Order.Type.LIMIT
            attrs["time_in_force"] = str(Order.TimeInForce.GTC if is_limit else Order.TimeInForce.IOC)
        return attrs


def _limit_problems(order: dict[str, Any]) -> dict[str, str]:
    problems = {}
    if order["price"] is None:
        problems["price"] = "A limit order needs a price"
    if order["quantity"] is None:
        problems["quantity"] = "A limit order needs a quantity"
    if order["quote_quantity"] is not None:
        problems["quote_quantity"] = "Only a market buy can be placed by budget"
    if order["post_only"] and order["time_in_force"] not in (None, Order.TimeInForce.GTC):
        problems["post_only"] = "A post-only order rests in the book, so it is gtc"
    return problems


def _market_problems(order: dict[str, Any]) -> dict[str, str]:
    problems = {}
    if order["price"] is not None:
        problems["price"] = "A market order has no price"
    if order["post_only"]:
        problems["post_only"] = "A market order cannot be post-only"
    if order["time_in_force"] == Order.TimeInForce.GTC:
        problems["time_in_force"] = "A market order does not rest in the book: give ioc or fok"
    if order["quote_quantity"] is not None and order["side"] == Order.Side.SELL:
        problems["quote_quantity"] = "Only a market buy can be placed by budget"
    elif order["quote_quantity"] is not None and order["quantity"] is not None:
        problems["quote_quantity"] = "Give either quantity or quote_quantity"
    elif order["quote_quantity"] is None and order["quantity"] is None:
        problems["quantity"] = "Give a quantity, or for a buy a quote_quantity"
    return problems


class StatusesField(StrictString):
    """One status or several, separated by commas."""

    def to_internal_value(self, data: Any) -> Any:
        words = super().to_internal_value(data).lower().split(",")
        if not set(words) <= set(OrderStatus.values):
            raise serializers.ValidationError(f"Give one or more of: {', '.join(OrderStatus.values)}")
        return words


class _PeriodQuery(StrictSerializer):
    """`from` (inclusive) and `to` (exclusive); `limit` and `offset` are the paginator's."""

    symbol = StrictString(required=False, max_length=64)

    def get_fields(self) -> Any:
        return super().get_fields() | {"from": MomentField(required=False), "to": MomentField(required=False)}

    def to_internal_value(self, data: Any) -> Any:
        return super().to_internal_value({name: data[name] for name in data if name not in ("limit", "offset")})


class OrderQuery(_PeriodQuery):
    status = StatusesField(required=False, max_length=100, help_text="One, or several separated by commas")
    side = ChoiceField(Order.Side.values, required=False)


class TradeQuery(_PeriodQuery):
    mine = ChoiceField(["true", "false"], required=False, help_text="true: own trades; needs a login")


class BookQuery(StrictSerializer):
    depth = serializers.IntegerField(required=False, default=50, min_value=1, max_value=1_000)


class OrderOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    client_order_id = serializers.CharField(allow_null=True)
    user_id = serializers.UUIDField()
    symbol = serializers.CharField()
    side = serializers.ChoiceField(Order.Side.values)
    type = serializers.ChoiceField(Order.Type.values)
    time_in_force = serializers.ChoiceField(Order.TimeInForce.values)
    post_only = serializers.BooleanField()
    quantity = serializers.CharField(allow_null=True)
    price = serializers.CharField(allow_null=True)
    stop_price = serializers.CharField(allow_null=True)
    quote_quantity = serializers.CharField(allow_null=True)
    filled_quantity = serializers.CharField()
    remaining_quantity = serializers.CharField(allow_null=True)
    average_price = serializers.CharField(allow_null=True)
    status = serializers.ChoiceField(OrderStatus.values)
    reason = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class TradeOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    symbol = serializers.CharField()
    price = serializers.CharField()
    quantity = serializers.CharField()
    buyer_fee = serializers.CharField()
    seller_fee = serializers.CharField()
    taker_side = serializers.ChoiceField(Order.Side.values)
    executed_at = serializers.DateTimeField()
    settlement_status = serializers.ChoiceField(SettlementStatus.values)


@extend_schema_serializer(component_name="OwnTrade")
class OwnTradeOutput(TradeOutput):
    """The last four are there with `mine=true`."""

    side = serializers.ChoiceField(Order.Side.values, required=False)
    role = serializers.ChoiceField(["maker", "taker"], required=False)
    fee = serializers.CharField(required=False)
    order_id = serializers.UUIDField(required=False)


class PlacedOutput(serializers.Serializer[Any]):
    order = OrderOutput()
    trades = TradeOutput(many=True)


class CancelledOutput(serializers.Serializer[Any]):
    order = OrderOutput()


class LevelOutput(serializers.Serializer[Any]):
    price = serializers.CharField()
    volume = serializers.CharField()
    order_count = serializers.IntegerField()


class BookOutput(serializers.Serializer[Any]):
    symbol = serializers.CharField()
    seq = serializers.IntegerField()
    timestamp = serializers.DateTimeField()
    bids = LevelOutput(many=True)
    asks = LevelOutput(many=True)
    checksum = serializers.IntegerField(help_text="CRC-32 of the best 10 levels of each side")
