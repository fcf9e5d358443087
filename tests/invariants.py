"""What must hold after every test: no coin from nowhere, and what is held is needed."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from decimal import ROUND_UP, Decimal

from django.db import connection

from exchange.models import Market
from orders.lifecycle import OPEN_STATUSES, PENDING
from orders.models import Order, OwedHold, Trade
from settlement.selectors import ledger_imbalances

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
    assert ledger_imbalances() == []
    with connection.cursor() as cursor:
        cursor.execute(_HELD_NOT_NEEDED, {"assets": list(assets) if assets else None})
        assert cursor.fetchall() == [], "held and needed differ: owner, asset, held, needed"


def assert_holds_are_explained(market: Market) -> None:
    """Assert that every order of a market holds what it needs, found by other means than the journal's, and no more.

    Ended orders hold nothing unless it is noted as owed. A partly filled buy may hold up to one unit less per fill: so
    much more than at once may rounding up take.
    """
    fills = Counter(Trade.objects.filter(market_id=market.pk).values_list("buyer_order_id", flat=True))
    groups = defaultdict(list)
    orders = list(Order.objects.filter(market_id=market.pk))
    for order in orders:
        if order.status in OPEN_STATUSES and order.group_id is not None and order.group_role != "entry":
            groups[order.group_id].append(order)
    owed = set(OwedHold.objects.filter(market_id=market.pk).values_list("order_id", flat=True))
    assert owed <= {order.pk for order in orders if order.held and order.status not in OPEN_STATUSES}
    for order in orders:
        if order.pk in owed:
            continue
        need = _needed(order, groups[order.group_id] if order.group_id else [], market)
        rounding = Decimal(fills[order.pk]).scaleb(-market.quote.decimals) if order.side == "buy" else Decimal(0)
        explained = need - rounding <= order.held <= need if need else order.held == 0
        assert explained, f"{order.pk} {order.status} {order.type} holds {order.held} and needs {need}"
    assert_ledger_balances(assets=(market.base_id, market.quote_id))


def _needed(order: Order, legs: list[Order], market: Market) -> Decimal:
    if order.status not in OPEN_STATUSES:
        return Decimal(0)
    if len(legs) < 2 or order.group_role == "entry":
        return _needed_alone(order, market)
    limit = next(leg for leg in legs if leg.group_role in ("oco_limit", "take_profit"))
    waits_for_entry = limit.group_role == "take_profit" and limit.status == PENDING
    if order is not limit or waits_for_entry:
        return Decimal(0)
    return max(_needed_alone(leg, market) for leg in legs)


def _needed_alone(order: Order, market: Market) -> Decimal:
    assert order.quantity is not None, "an open order has a quantity"
    rest = order.quantity - order.filled_quantity
    if order.side == "sell":
        return rest
    assert order.price is not None, "an open buy has a price"
    rate = Decimal(max(order.maker_fee_ppm, order.taker_fee_ppm)) / 1_000_000
    fee = (order.price * rest * rate).quantize(Decimal(1).scaleb(-market.quote.decimals), ROUND_UP)
    return order.price * rest + fee
