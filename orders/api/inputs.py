"""What clients send to the order and trade endpoints: shapes, and what has to go together."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from base.fields import (
    AmountField,
    ChoiceField,
    MomentField,
    StrictBoolean,
    StrictSerializer,
    StrictString,
)
from base.throttling import BatchThrottle
from orders.api.rules import expiry_problems, order_problems, time_in_force
from orders.models import Order
from orders.services import BracketTicket, OcoTicket, OrderTicket
from orders.services.tickets import are_in_order

__all__ = [
    "CLIENT_ORDER_ID",
    "AmendInput",
    "BatchInput",
    "BracketInput",
    "CancelAfterInput",
    "CancelAllQuery",
    "OcoInput",
    "OrderInput",
]

CLIENT_ORDER_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_PPM_OF_A_PERCENT = 10_000
_STP = Order.SelfTradePrevention.values
_STP_DEFAULT = Order.SelfTradePrevention.CANCEL_NEWEST.value


def _optional(example: Any, text: str) -> dict[str, Any]:
    """Return the arguments of a field that may be left out or null."""
    return {"required": False, "allow_null": True, "default": None, "help_text": text, "style": {"example": example}}


def _example(example: Any, text: str) -> dict[str, Any]:
    return {"help_text": text, "style": {"example": example}}


# --- fields ---------------------------------------------------------------------------------------


@extend_schema_field({"type": "string", "pattern": f"^{CLIENT_ORDER_ID.pattern}$"})
class ClientOrderIdField(StrictString):
    default_error_messages = {"pattern": "Give 1 to 64 characters out of A-Z a-z 0-9 . _ : -"}

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str) or not CLIENT_ORDER_ID.fullmatch(data):
            self.fail("pattern")
        return str(data)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        return super().run_validation(data) if data != "" else self.fail("pattern")


@extend_schema_field(
    {
        "oneOf": [
            {"type": "string", "pattern": r"^[0-9]{1,38}(\.[0-9]{1,18})?$"},
            {"type": "integer", "minimum": 1, "maximum": 99},
        ],
        "example": "1.5",
    }
)
class PercentField(AmountField):
    """More than 0 and less than 100, to a ten-thousandth; "1.5" is 1.5 %."""

    default_error_messages = {"below": "This must be less than 100", "fine": "At most 4 decimals"}

    def to_internal_value(self, data: Any) -> Decimal:
        percent = super().to_internal_value(data)
        if percent >= 100:
            self.fail("below")
        if percent * _PPM_OF_A_PERCENT % 1:
            self.fail("fine")
        return percent


class WholeNumber(serializers.IntegerField):
    """A whole JSON number, and not a string that could be read as one."""

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("invalid")
        return int(data)


# --- orders ---------------------------------------------------------------------------------------


class _CommonInput(StrictSerializer):
    """What every order and every group of orders has."""

    symbol = StrictString(max_length=64, **_example("BTC/USDT", "The market; `-` or `_` may stand for `/`"))
    side = ChoiceField(Order.Side.values, **_example("buy", "buy or sell"))
    expire_at = MomentField(
        **_optional("2026-01-31T12:00:00Z", "When a gtd order expires: ISO 8601 or milliseconds, 5 years ahead at most")
    )
    client_order_id = ClientOrderIdField(
        **_optional(
            "my-order-17", "Your own id for the order, for good: the same id again answers with the first order"
        )
    )


class OrderInput(_CommonInput):
    """An order as it is placed; its type says which of the fields it needs and which it may have."""

    type = ChoiceField(
        Order.Type.values,
        **_example("limit", "A stop or take-profit waits as `pending` until the last price reaches its trigger"),
    )
    time_in_force = ChoiceField(
        Order.TimeInForce.values,
        **_optional("gtc", "gtc if omitted, ioc for a market order; a stop that becomes a market order is ioc then"),
    )
    quantity = AmountField(**_optional("0.5", "How much of the base asset; of all types but a market buy by budget"))
    price = AmountField(**_optional("65000.00", "Limit; of `limit`, `stop_limit` and `take_profit_limit`"))
    quote_quantity = AmountField(
        **_optional("1000.00", "Market buy by budget, instead of quantity: the most it spends, fee included")
    )
    stop_price = AmountField(
        **_optional("64000.00", "Trigger; of `stop`, `stop_limit`, `take_profit` and `take_profit_limit`")
    )
    trailing_amount = AmountField(
        **_optional("250.00", "Distance of a `trailing_stop` from the best price since it was placed")
    )
    trailing_percent = PercentField(**_optional("1.5", "The same in percent of that price, instead of the amount"))
    display_quantity = AmountField(
        **_optional("0.05", "Makes a limit order an iceberg: what the book shows of it, a hundredth of it at least")
    )
    post_only = StrictBoolean(
        required=False, default=False, **_example(False, "Refuse the order if it would trade at once; limit orders")
    )
    reprice = StrictBoolean(
        required=False,
        default=False,
        **_example(False, "Post-only: move it one tick behind the other side instead of refusing it"),
    )
    self_trade_prevention = ChoiceField(
        _STP,
        required=False,
        default=_STP_DEFAULT,
        **_example("cancel_newest", "What happens if it would trade with one of your own; the taker's choice counts"),
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs["time_in_force"] = time_in_force(attrs["type"], attrs["time_in_force"])
        _refuse(order_problems(attrs, timezone.now()))
        return attrs

    @staticmethod
    def ticket(fields: Mapping[str, Any]) -> OrderTicket:
        """Return validated fields as the services take them; the symbol is not part of it."""
        taken = {name: value for name, value in fields.items() if name not in ("symbol", "trailing_percent")}
        percent = fields["trailing_percent"]
        return OrderTicket(**taken, trailing_ppm=None if percent is None else int(percent * _PPM_OF_A_PERCENT))


@extend_schema_field(OrderInput(many=True))
class _OrdersField(serializers.ListField):
    """A list of anything: each order is validated by itself, so that a bad one does not stop the others."""

    default_error_messages = {
        "empty": "Give at least one order",
        "max_length": "At most {max_length} orders",
    }


class BatchInput(StrictSerializer):
    """Up to 100 orders of one market."""

    orders = _OrdersField(
        allow_empty=False, max_length=BatchThrottle.orders_max, help_text="1 to 100 orders, all of the same market"
    )


class _GroupInput(_CommonInput):
    quantity = AmountField(**_example("0.5", "How much of the base asset, the same for each order of the group"))
    self_trade_prevention = ChoiceField(
        [choice for choice in _STP if choice != Order.SelfTradePrevention.DECREMENT],
        required=False,
        default=_STP_DEFAULT,
        **_example("cancel_newest", "What happens if one would trade with one of your own; the taker's choice counts"),
    )


class OcoInput(_GroupInput):
    """A limit order and a stop of the same side and quantity: when one trades or triggers, the other is cancelled."""

    price = AmountField(**_example("70000.00", "Limit of the order that rests in the book"))
    stop_price = AmountField(**_example("60000.00", "Trigger of the stop; a sell's is below `price`, a buy's above it"))
    stop_limit_price = AmountField(**_optional("59900.00", "Limit of the stop once triggered; without it, at market"))
    time_in_force = ChoiceField(["gtc", "gtd"], **_optional("gtc", "Of both orders; gtc if omitted"))

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs["time_in_force"] = attrs["time_in_force"] or "gtc"
        problems = expiry_problems(attrs, timezone.now())
        if not are_in_order(attrs["side"], attrs["price"], attrs["stop_price"]):
            word = "below" if attrs["side"] == Order.Side.SELL else "above"
            problems["stop_price"] = [f"The stop price of a {attrs['side']} is {word} the price"]
        _refuse(problems)
        return attrs

    @staticmethod
    def ticket(fields: Mapping[str, Any]) -> OcoTicket:
        """Return validated fields as the services take them; the symbol is not part of it."""
        return OcoTicket(**{name: value for name, value in fields.items() if name != "symbol"})


class TakeProfitInput(StrictSerializer):
    """The exit with a gain: a limit order."""

    price = AmountField(**_example("70000.00", "Limit of the take-profit"))


class StopLossInput(StrictSerializer):
    """The exit with a loss: a stop, or a stop limit with `price`."""

    stop_price = AmountField(**_example("60000.00", "Trigger of the stop-loss"))
    price = AmountField(**_optional("59900.00", "Limit of the stop-loss once triggered; without it, at market"))


class BracketInput(_GroupInput):
    """An entry and its two exits: when the entry has ended with a fill, an OCO for what it filled starts to work."""

    type = ChoiceField(["limit", "market"], **_example("limit", "Of the entry"))
    price = AmountField(**_optional("65000.00", "Limit of the entry, if that is its type"))
    time_in_force = ChoiceField(
        Order.TimeInForce.values, **_optional("gtc", "Of the entry; gtc if omitted, ioc for a market order")
    )
    take_profit = TakeProfitInput(help_text="The exit with a gain, of the opposite side")
    stop_loss = StopLossInput(help_text="The exit with a loss, of the opposite side")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs["time_in_force"] = time_in_force(attrs["type"], attrs["time_in_force"])
        problems = order_problems(_NO_INSTRUCTIONS | attrs, timezone.now())
        gain, loss, price = attrs["take_profit"]["price"], attrs["stop_loss"]["stop_price"], attrs["price"]
        if not are_in_order(attrs["side"], loss, *([] if price is None else [price]), gain):
            word = "below" if attrs["side"] == Order.Side.BUY else "above"
            text = f"The stop price is {word} the take-profit's price, and a limit entry is between them"
            problems["stop_loss.stop_price"] = [text]
        _refuse(problems)
        return attrs

    @staticmethod
    def ticket(fields: Mapping[str, Any]) -> BracketTicket:
        """Return validated fields as the services take them; the symbol is not part of it."""
        names = ("symbol", "take_profit", "stop_loss")
        entry = {name: value for name, value in fields.items() if name not in names}
        stop_loss = fields["stop_loss"]
        return BracketTicket(
            entry=OrderTicket(**entry, post_only=False, quote_quantity=None),
            take_profit_price=fields["take_profit"]["price"],
            stop_price=stop_loss["stop_price"],
            stop_limit_price=stop_loss["price"],
        )


_NO_INSTRUCTIONS: dict[str, Any] = {
    "quote_quantity": None,
    "stop_price": None,
    "trailing_amount": None,
    "trailing_percent": None,
    "display_quantity": None,
    "post_only": False,
    "reprice": False,
}


def _refuse(problems: Mapping[str, list[str]]) -> None:
    if problems:
        raise serializers.ValidationError(dict(problems))


# --- what becomes of them -------------------------------------------------------------------------


class AmendInput(StrictSerializer):
    """A new total quantity, a new limit price, a new stop price, or several of them."""

    quantity = AmountField(
        **_optional(
            "0.4", "The whole quantity, what is filled included, of all orders of a group; less keeps the place"
        )
    )
    price = AmountField(**_optional("64900.00", "The limit price; another one means a new place in the queue"))
    stop_price = AmountField(
        **_optional("61000.00", "The trigger of a stop that waits, but for a trailing stop's, which follows the market")
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if all(value is None for value in attrs.values()):
            raise serializers.ValidationError("Give a quantity, a price, a stop price or several of them")
        return attrs


class CancelAllQuery(StrictSerializer):
    symbol = StrictString(required=False, max_length=64, **_example("BTC/USDT", "One market only; all if omitted"))


class CancelAfterInput(StrictSerializer):
    """A dead man's switch: everything is cancelled unless this is sent again in time."""

    timeout_ms = WholeNumber(**_example(60_000, "0 turns it off, otherwise 1,000 to 86,400,000"))
    symbol = StrictString(max_length=64, **_optional("BTC/USDT", "One market only; every market if omitted"))
