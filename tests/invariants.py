"""What must hold after every test: no coin from nowhere, and what is held is needed."""

from collections.abc import Sequence

from django.db import connection

from settlement.selectors import ledger_imbalances

_HELD_NOT_NEEDED = """
    WITH need AS (
        SELECT user_id AS owner_id, CASE side WHEN 'buy' THEN quote_id ELSE base_id END AS asset_id, held AS amount
        FROM orders_order o JOIN exchange_market market ON market.id = o.market_id
        WHERE status IN ('open', 'partially_filled', 'pending')
        UNION ALL
        SELECT buyer_id, quote_id, buyer_hold FROM orders_trade trade JOIN exchange_market market
            ON market.id = trade.market_id WHERE settlement_status <> 'settled'
        UNION ALL
        SELECT seller_id, base_id, quantity FROM orders_trade trade JOIN exchange_market market
            ON market.id = trade.market_id WHERE settlement_status <> 'settled'
    ), needed AS (SELECT owner_id, asset_id, sum(amount) AS amount FROM need GROUP BY owner_id, asset_id)
    SELECT owner_id, asset_id, coalesce(account.held, 0), coalesce(needed.amount, 0)
    FROM (SELECT * FROM settlement_account WHERE owner_id IS NOT NULL) account
        FULL JOIN needed USING (owner_id, asset_id)
    WHERE coalesce(account.held, 0) <> coalesce(needed.amount, 0) AND (%(assets)s IS NULL OR asset_id = ANY(%(assets)s))
"""


def assert_ledger_balances(*, assets: Sequence[str] | None = None) -> None:
    """Assert zero sum per asset and balances = entries everywhere, and held = open orders + unsettled trades.

    Tests that insert orders and trades by hand hold nothing for them: `assets` limits the last rule to one's own.
    """
    assert ledger_imbalances() == []
    with connection.cursor() as cursor:
        cursor.execute(_HELD_NOT_NEEDED, {"assets": list(assets) if assets else None})
        assert cursor.fetchall() == [], "held and needed differ: owner, asset, held, needed"
