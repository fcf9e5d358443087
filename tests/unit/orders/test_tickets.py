"""Digests of what was asked for: stored for good, so what is asked for in the same way has the same digest for good."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from exchange.models import Market
from orders.services import OcoTicket, OrderTicket
from orders.services.tickets import digest

MARKET = Market(pk=7)
LIMIT = OrderTicket("buy", "limit", "gtc", False, Decimal("1.50"), Decimal("100.00"), None, "a")


@pytest.mark.parametrize(
    ("ticket", "expected"),
    [
        (LIMIT, "a1ae92221d166f8331899cb2138a8ac7"),
        (OrderTicket("sell", "market", "ioc", False, Decimal(2), None, None, "a"), "153592dd89af22f6c6df2b4093eb10aa"),
        (
            OrderTicket("buy", "market", "fok", False, None, None, Decimal(1000), "a"),
            "45289dd12ada6b2aa8023a4dfc711358",
        ),
        (
            OrderTicket("sell", "limit", "gtc", True, Decimal("0.001"), Decimal("65000.5"), None, None),
            "fe841cf4cb41425bfeec4fbbfa6ef930",
        ),
    ],
)
def test_digests_that_are_stored_already_stay_the_same(ticket: OrderTicket, expected: str) -> None:
    assert digest(MARKET, ticket).hex() == expected


def test_the_same_amount_in_other_words_is_the_same_order() -> None:
    same = replace(LIMIT, quantity=Decimal("1.5"), price=Decimal(100), client_order_id="b")

    assert digest(MARKET, same) == digest(MARKET, LIMIT)


@pytest.mark.parametrize(
    "change",
    [
        {"stop_price": Decimal(95)},
        {"trailing_amount": Decimal(95)},
        {"trailing_ppm": 95},
        {"display_quantity": Decimal("0.1")},
        {"expire_at": datetime(2030, 1, 1, tzinfo=UTC)},
        {"self_trade_prevention": "cancel_oldest"},
        {"reprice": True},
        {"quantity": Decimal(2)},
        {"side": "sell"},
    ],
)
def test_every_instruction_makes_another_order(change: dict[str, Any]) -> None:
    assert digest(MARKET, replace(LIMIT, **change)) != digest(MARKET, LIMIT)


def test_a_group_is_not_its_first_order_and_each_of_its_orders_counts() -> None:
    ticket = OcoTicket("sell", Decimal(1), Decimal(105), Decimal(95), None, "gtc", None, "cancel_newest", None)
    others = [replace(ticket, stop_limit_price=Decimal(94)), replace(ticket, stop_price=Decimal(96))]

    digests = {digest(MARKET, *each.legs()) for each in (ticket, *others)} | {digest(MARKET, ticket.legs()[0])}

    assert len(digests) == 4
