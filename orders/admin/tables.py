"""What the pages on orders and trades have in common: colours, tables, and conditions that an index serves."""

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from django.db.models import Q

from base.ids import uuid7_floor
from base.times import ms_of
from exchange.admin.base import Table
from exchange.admin.columns import SIDE_COLOURS, amount_text, label_of, link_to, short, time_text
from orders.models import Order, Trade

USER, MARKET, ORDER, TRADE = "exchange.user", "exchange.market", "orders.order", "orders.trade"
FAILURE = "settlement.failedsettlement"
TRADES_SHOWN = 100
CLOCK_SKEW = timedelta(minutes=5)  # between the host that names an order and the one that dates its trades
STATUS_COLOURS = {
    "open": "info",
    "partially_filled": "info",
    "pending": "info",
    "filled": "success",
    "cancelled": "",
    "rejected": "warning",
    "expired": "",
}
SETTLEMENT_COLOURS = {
    "pending": "info",
    "retrying": "warning",
    "settled": "success",
    "failed": "danger",
    "resolved": "success",
}


def of_users(column: str, users: list[UUID]) -> Q:
    """Return the condition for rows of some users; for one user it lets the index give the order."""
    return Q(**{column: users[0]}) if len(users) == 1 else Q(**{f"{column}__in": users})


def trades_of_order(order: Order) -> Q:
    """Return the condition that finds an order's trades by its user's index, from its arrival to its last change.

    Trades have no index on their orders' ids.
    """
    side = "buyer" if order.side == Order.Side.BUY else "seller"
    since, until = order.created_at - CLOCK_SKEW, order.updated_at + CLOCK_SKEW
    return Q(
        **{f"{side}_id": order.user_id, f"{side}_order_id": order.id},
        id__gte=uuid7_floor(ms_of(since)),
        id__lt=uuid7_floor(ms_of(until)),
    )


def trade_table(title: str, trades: Iterable[Trade]) -> Table:
    """Return trades, read with buyer and seller, as a table. No query."""
    headers = ("Trade", "Time", "Price", "Quantity", "Buyer", "Seller", "Taker", "Settlement")
    rows = [
        [
            link_to(TRADE, trade.pk, short(trade.pk)),
            time_text(trade.executed_at),
            amount_text(trade.price),
            amount_text(trade.quantity),
            link_to(ORDER, trade.buyer_order_id, str(trade.buyer)),
            link_to(ORDER, trade.seller_order_id, str(trade.seller)),
            label_of(trade, "taker_side", SIDE_COLOURS),
            label_of(trade, "settlement_status", SETTLEMENT_COLOURS),
        ]
        for trade in trades
    ]
    return Table(title, headers, rows)
