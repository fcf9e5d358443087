"""Orders and trades put into the tables as the journal writes them, for tests of reading."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from base.ids import trade_uuid, uuid7
from exchange.models import Market, User
from orders.models import ClientOrderId, Order, Trade


def store_order(user: User, market: Market, **fields: Any) -> Order:
    """Store an open limit order to buy 1 for 100."""
    now = datetime.now(UTC)
    usual: dict[str, Any] = {
        "id": uuid7(),
        "user": user,
        "market": market,
        "side": "buy",
        "type": "limit",
        "time_in_force": "gtc",
        "post_only": False,
        "price": Decimal(100),
        "quantity": Decimal(1),
        "filled_quantity": Decimal(0),
        "filled_quote": Decimal(0),
        "fee_paid": Decimal(0),
        "held": Decimal(0),
        "maker_fee_ppm": 0,
        "taker_fee_ppm": 0,
        "status": "open",
        "reason": "",
        "priority": 1,
        "created_at": now,
        "updated_at": now,
    }
    order = Order.objects.create(**(usual | fields))
    if order.client_order_id:
        ClientOrderId.objects.create(
            user=user, client_order_id=order.client_order_id, order_id=order.pk, payload_digest=b""
        )
    return order


def store_trade(buyer: User, seller: User, market: Market, seq: int, **fields: Any) -> Trade:
    """Store a settled trade of 1 at 100, initiated by the buyer."""
    now = datetime.now(UTC)
    usual: dict[str, Any] = {
        "id": trade_uuid(int(now.timestamp() * 1000), market.pk, seq),
        "market": market,
        "seq": seq,
        "price": Decimal(100),
        "quantity": Decimal(1),
        "buyer": buyer,
        "seller": seller,
        "buyer_order_id": uuid7(),
        "seller_order_id": uuid7(),
        "taker_side": "buy",
        "buyer_fee": Decimal("0.1"),
        "seller_fee": Decimal("0.2"),
        "buyer_hold": Decimal("100.1"),
        "executed_at": now,
        "settlement_status": "settled",
        "settled_at": now,
    }
    return Trade.objects.create(**(usual | fields))
