"""What clients were answered, compared with what is stored."""

from typing import Any

from exchange.models import Market
from journal import PostgresStorage
from matching.engine import Engine
from orders.models import Order, OrderStatus, Trade
from orders.services import PlacedOrder
from tests.engines import wait_until


def check_diary(market: Market, acknowledged: dict[str, PlacedOrder], cancelled: set[str]) -> None:
    """Every answer is stored once and as answered; fills agree with trades; the book is the open orders."""
    stored = {order.client_order_id: order for order in Order.objects.filter(market_id=market.pk)}
    assert len(stored) == Order.objects.filter(market_id=market.pk).count()
    filled: dict[Any, Any] = {}
    trades = set(Trade.objects.filter(market_id=market.pk))
    for trade in trades:
        for order_id in (trade.buyer_order_id, trade.seller_order_id):
            filled[order_id] = filled.get(order_id, 0) + trade.quantity
    for client_id, placed in acknowledged.items():
        order = stored[client_id]
        assert order.pk == placed.order.pk
        assert order.filled_quantity >= placed.order.filled_quantity
        assert set(placed.trades) <= trades
        assert (client_id in cancelled) <= (order.status == OrderStatus.CANCELLED)
    for order in stored.values():
        assert order.filled_quantity == filled.get(order.pk, 0)
    engine = _recovered_engine(market)
    engine.check_invariants()
    open_orders = {order.pk.int for order in stored.values() if order.status in ("open", "partially_filled")}
    assert {order.order_id for order in engine.open_orders()} == open_orders


def _recovered_engine(market: Market) -> Engine:
    storage = PostgresStorage(market.symbol)
    wait_until(storage.lock.try_lock, "the market's lock")
    try:
        return storage.batches.recover().engine
    finally:
        storage.lock.close()
