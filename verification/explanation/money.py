"""What a trade cost both sides, and how the buyer's hold covered it."""

from decimal import Decimal

from base.scaling import plain
from base.times import iso_ms
from exchange.models import Market
from orders.models import Order, SettlementStatus, Trade
from verification.explanation.sections import Section


def money_section(trade: Trade, market: Market) -> Section:
    """Return fees, hold and settlement of a trade. One query."""
    orders = {order.pk: order for order in Order.objects.filter(pk__in=[trade.buyer_order_id, trade.seller_order_id])}
    quote = market.quote_id
    cost, given_back = trade.notional, trade.buyer_hold - trade.notional - trade.buyer_fee
    is_done = trade.settlement_status == SettlementStatus.SETTLED
    rows = [
        ["price x quantity", f"{plain(cost)} {quote}"],
        ["buyer's fee", _fee(trade, trade.buyer_fee, orders.get(trade.buyer_order_id), quote)],
        ["seller's fee", _fee(trade, trade.seller_fee, orders.get(trade.seller_order_id), quote)],
        ["buyer's hold", f"{plain(trade.buyer_hold)} {quote} went over from the order to the trade"],
        ["given back", f"{plain(given_back)} {quote} at settlement: hold - cost - fee"],
        ["seller's hold", f"{plain(trade.quantity)} {market.base_id}"],
        [
            "settlement",
            trade.settlement_status + (f" at {iso_ms(trade.settled_at)}" if is_done and trade.settled_at else ""),
        ],
    ]
    return Section("What it cost", ("What", "Value"), rows)


def _fee(trade: Trade, fee: Decimal, order: Order | None, quote: str) -> str:
    if order is None:
        return f"{plain(fee)} {quote}"
    is_taker = order.side == trade.taker_side
    rate = order.taker_fee_ppm if is_taker else order.maker_fee_ppm
    role = "taker" if is_taker else "maker"
    return f"{plain(fee)} {quote} ({role}, {rate} ppm, rounded up; never more than the order's hold allows)"
