"""What must hold after every test: no coin from nowhere, and what is held is needed."""

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

from django.db import connection

from base.scaling import PPM, to_units
from exchange.models import Market
from orders.lifecycle import OPEN_STATUSES
from orders.models import Order, OwedHold, Trade
from settlement.selectors import ledger_imbalances
from verification.explanation.connections import plain_reading
from verification.reconciliation.holds import hold_problems
from verification.replay.stored_rows import MarketRows

_HELD_NOT_NEEDED = """
    WITH need AS (
        SELECT user_id AS owner_id, CASE side WHEN 'buy' THEN quote_id ELSE base_id END AS asset_id, held AS amount
        FROM orders_order o JOIN exchange_market market ON market.id = o.market_id
        WHERE held > 0
        UNION ALL
        SELECT buyer_id, quote_id, buyer_hold FROM orders_trade trade JOIN exchange_market market
            ON market.id = trade.market_id WHERE settlement_status IN ('pending', 'retrying', 'failed')
        UNION ALL
        SELECT seller_id, base_id, quantity FROM orders_trade trade JOIN exchange_market market
            ON market.id = trade.market_id WHERE settlement_status IN ('pending', 'retrying', 'failed')
    ), needed AS (SELECT owner_id, asset_id, sum(amount) AS amount FROM need GROUP BY owner_id, asset_id)
    SELECT owner_id, asset_id, coalesce(account.held, 0), coalesce(needed.amount, 0)
    FROM (SELECT * FROM settlement_account WHERE owner_id IS NOT NULL) account
        FULL JOIN needed USING (owner_id, asset_id)
    WHERE coalesce(account.held, 0) <> coalesce(needed.amount, 0) AND (%(assets)s IS NULL OR asset_id = ANY(%(assets)s))
"""


def assert_ledger_balances(*, assets: Sequence[str] | None = None) -> None:
    """Assert zero sum per asset and balances = entries everywhere, and held = orders' holds + unsettled trades.

    Tests that insert orders and trades by hand hold nothing for them: `assets` limits the last rule to one's own.
    """
    found = ledger_imbalances()
    assert found == [], f"ledger: {found}"
    with connection.cursor() as cursor:
        cursor.execute(_HELD_NOT_NEEDED, {"assets": list(assets) if assets else None})
        assert cursor.fetchall() == [], "held and needed differ: owner, asset, held, needed"


def assert_holds_are_explained(market: Market) -> None:
    """Assert that every order of a market holds what it needs, found by other means than the journal's, and no more.

    Ended orders hold nothing unless it is noted as owed. The arithmetic is that of reconciliation.
    """
    fills = Counter(Trade.objects.filter(market_id=market.pk).values_list("buyer_order_id", flat=True))
    held = Order.objects.filter(market_id=market.pk)
    owed = set(OwedHold.objects.filter(market_id=market.pk).values_list("order_id", flat=True))
    assert owed <= set(held.filter(held__gt=0).exclude(status__in=OPEN_STATUSES).values_list("id", flat=True))
    ids = [order_id.bytes for order_id in held.values_list("id", flat=True) if order_id not in owed]
    with plain_reading() as connection:
        orders = MarketRows(connection, market).orders(ids).values()
    problems = list(hold_problems(orders, market.scale, lambda order_id: fills[UUID(bytes=order_id)]))
    assert not problems, f"orders that hold what they do not need, or too little: {problems}"
    assert_ledger_balances(assets=(market.base_id, market.quote_id))


def assert_fees_are_rounded_once(market: Market) -> None:
    """Assert that each order's fees are its rates on all it traded, as maker and as taker, rounded up once."""
    orders = {order.pk: order for order in Order.objects.filter(market_id=market.pk)}
    exact_ppm: Counter[UUID] = Counter()
    for trade in Trade.objects.filter(market_id=market.pk):
        units = to_units(trade.price * trade.quantity, market.scale.quote_decimals)
        for side, order_id in (("buy", trade.buyer_order_id), ("sell", trade.seller_order_id)):
            order = orders[order_id]
            exact_ppm[order_id] += units * (order.taker_fee_ppm if side == trade.taker_side else order.maker_fee_ppm)
    owed = {order_id: market.scale.quote(-(-exact_ppm[order_id] // PPM)) for order_id in orders}
    assert {order_id: order.fee_paid for order_id, order in orders.items()} == owed
