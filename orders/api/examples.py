"""Requests as a client would send them, for the OpenAPI document."""

from typing import Any

from drf_spectacular.utils import OpenApiExample

__all__ = ["AMEND", "BATCH", "BRACKET", "CANCEL_AFTER", "OCO", "ORDERS"]

_MARKET = {"symbol": "BTC/USDT"}
_BUY: dict[str, Any] = {**_MARKET, "side": "buy"}
_SELL: dict[str, Any] = {**_MARKET, "side": "sell"}


def _request(name: str, value: dict[str, Any]) -> OpenApiExample:
    return OpenApiExample(name, value=value, request_only=True)


_LIMIT = {**_BUY, "type": "limit", "price": "65000.00", "quantity": "0.5", "client_order_id": "my-order-17"}

ORDERS = [
    _request("limit", _LIMIT),
    _request("limit, good till date", {**_LIMIT, "time_in_force": "gtd", "expire_at": "2026-01-31T12:00:00Z"}),
    _request("limit, post-only, moved behind the touch", {**_LIMIT, "post_only": True, "reprice": True}),
    _request("limit, iceberg", {**_LIMIT, "display_quantity": "0.05"}),
    _request("limit, self-trade prevention", {**_LIMIT, "self_trade_prevention": "cancel_oldest"}),
    _request("market", {**_SELL, "type": "market", "quantity": "0.5"}),
    _request("market buy by budget", {**_BUY, "type": "market", "quote_quantity": "1000.00"}),
    _request("stop", {**_SELL, "type": "stop", "stop_price": "60000.00", "quantity": "0.5"}),
    _request(
        "stop_limit", {**_BUY, "type": "stop_limit", "stop_price": "70000.00", "price": "70100.00", "quantity": "0.5"}
    ),
    _request("take_profit", {**_SELL, "type": "take_profit", "stop_price": "70000.00", "quantity": "0.5"}),
    _request(
        "take_profit_limit",
        {**_SELL, "type": "take_profit_limit", "stop_price": "70000.00", "price": "69900.00", "quantity": "0.5"},
    ),
    _request(
        "trailing_stop by amount", {**_SELL, "type": "trailing_stop", "trailing_amount": "250.00", "quantity": "0.5"}
    ),
    _request(
        "trailing_stop by percent", {**_SELL, "type": "trailing_stop", "trailing_percent": "1.5", "quantity": "0.5"}
    ),
]
BATCH = [
    _request(
        "two quotes",
        {
            "orders": [
                {**_BUY, "type": "limit", "price": "64990.00", "quantity": "0.5", "post_only": True},
                {**_SELL, "type": "limit", "price": "65010.00", "quantity": "0.5", "post_only": True},
            ]
        },
    )
]
OCO = [
    _request(
        "take the gain or stop the loss",
        {**_SELL, "quantity": "0.5", "price": "70000.00", "stop_price": "60000.00", "stop_limit_price": "59900.00"},
    )
]
BRACKET = [
    _request(
        "limit entry",
        {
            **_BUY,
            "type": "limit",
            "price": "65000.00",
            "quantity": "0.5",
            "take_profit": {"price": "70000.00"},
            "stop_loss": {"stop_price": "60000.00"},
        },
    ),
    _request(
        "market entry",
        {
            **_SELL,
            "type": "market",
            "quantity": "0.5",
            "take_profit": {"price": "60000.00"},
            "stop_loss": {"stop_price": "70000.00", "price": "70100.00"},
        },
    ),
]
AMEND = [
    _request("less, keeps its place", {"quantity": "0.4"}),
    _request("another price", {"price": "64900.00"}),
    _request("both", {"quantity": "0.6", "price": "64900.00"}),
    _request("another trigger", {"stop_price": "61000.00"}),
    _request("another trigger and limit", {"stop_price": "61000.00", "price": "60900.00"}),
]
CANCEL_AFTER = [
    _request("within a minute, unless renewed", {"timeout_ms": 60_000}),
    _request("one market only", {"timeout_ms": 60_000, **_MARKET}),
    _request("off", {"timeout_ms": 0}),
]
