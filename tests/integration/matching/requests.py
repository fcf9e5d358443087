"""Requests as a gateway would send them, for processors that are called directly."""

from typing import Any

from base.ids import uuid7
from base.times import wall_clock_ms
from exchange.models import Market, User
from matching.messages import Correlation, PlaceRequest


def place(user: User, market: Market, *, side: int = 1, price_ticks: int = 10_000, **changes: Any) -> PlaceRequest:
    request = PlaceRequest(
        correlation=Correlation("test", 1),
        deadline_ms=wall_clock_ms() + 3_000,
        order_id=uuid7().bytes,
        user_id=user.pk.bytes,
        side=side,
        type=1,
        time_in_force=1,
        post_only=False,
        price_ticks=price_ticks,
        quantity_lots=int(1 / market.lot_size),
        budget_units=0,
        client_order_id=None,
        payload_digest=b"",
    )
    return request._replace(**changes)
