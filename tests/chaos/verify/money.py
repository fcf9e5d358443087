"""No coin from nowhere: plain SQL over ledger, balances, orders, trades and journal."""

from typing import Any
from uuid import UUID

from psycopg import Connection

from tests.chaos.verify.findings import Findings

_ZERO_SUM = "SELECT asset_id, sum(amount) FROM settlement_ledgerentry GROUP BY 1 HAVING sum(amount) <> 0"
_TRANSFERS = """
SELECT transfer_id, asset_id, sum(amount) FROM settlement_ledgerentry GROUP BY 1, 2 HAVING sum(amount) <> 0
"""
_BALANCES = """
SELECT a.id, a.kind, a.owner_id, a.asset_id, a.available, a.held, coalesce(e.total, 0) AS entries
FROM settlement_account a
FULL JOIN (SELECT account_id, sum(amount) AS total FROM settlement_ledgerentry GROUP BY 1) e ON e.account_id = a.id
WHERE a.available + a.held IS DISTINCT FROM coalesce(e.total, 0)
    OR (a.kind <> 'external' AND (a.available < 0 OR a.held < 0))
"""
_HELD = """
WITH need AS (
    SELECT o.user_id AS owner_id, CASE o.side WHEN 'buy' THEN m.quote_id ELSE m.base_id END AS asset_id,
        o.held AS amount
    FROM orders_order o JOIN exchange_market m ON m.id = o.market_id
    WHERE o.held > 0 AND (o.status IN ('open', 'partially_filled', 'pending')
        OR o.id IN (SELECT order_id FROM orders_owedhold))
    UNION ALL
    SELECT buyer_id, m.quote_id, t.buyer_hold FROM orders_trade t JOIN exchange_market m ON m.id = t.market_id
    WHERE t.settlement_status IN ('pending', 'retrying', 'failed')
    UNION ALL
    SELECT seller_id, m.base_id, t.quantity FROM orders_trade t JOIN exchange_market m ON m.id = t.market_id
    WHERE t.settlement_status IN ('pending', 'retrying', 'failed')
), needed AS (SELECT owner_id, asset_id, sum(amount) AS amount FROM need GROUP BY 1, 2)
SELECT owner_id, asset_id, coalesce(a.held, 0) AS held, coalesce(n.amount, 0) AS needed
FROM (SELECT * FROM settlement_account WHERE owner_id IS NOT NULL) a FULL JOIN needed n USING (owner_id, asset_id)
WHERE coalesce(a.held, 0) <> coalesce(n.amount, 0)
"""
_DEPOSITED = """
SELECT asset_id, sum(total) FILTER (WHERE kind <> 'external') FROM settlement_account GROUP BY 1 ORDER BY 1
"""
# What each settled trade must have moved, leg by leg, against what the ledger has.
_SETTLED = """
WITH trade AS (
    SELECT t.*, m.base_id, m.quote_id FROM orders_trade t JOIN exchange_market m ON m.id = t.market_id
    WHERE t.id >= %(since)s AND t.settlement_status = 'settled'
), leg AS (
    SELECT id, 1 AS leg, buyer_id AS owner_id, quote_id AS asset_id, -(price * quantity + buyer_fee) AS amount
    FROM trade
    UNION ALL SELECT id, 2, seller_id, quote_id, price * quantity - seller_fee FROM trade
    UNION ALL SELECT id, 3, NULL, quote_id, buyer_fee + seller_fee FROM trade
    UNION ALL SELECT id, 4, seller_id, base_id, -quantity FROM trade
    UNION ALL SELECT id, 5, buyer_id, base_id, quantity FROM trade
), entry AS (
    SELECT e.transfer_id AS id, e.leg, a.owner_id, e.asset_id, e.amount
    FROM settlement_ledgerentry e JOIN settlement_account a ON a.id = e.account_id
    WHERE e.transfer_id >= %(since)s AND e.kind IN ('trade', 'fee')
)
SELECT id, leg, l.owner_id, l.amount AS expected, e.amount AS found
FROM (SELECT * FROM leg WHERE amount <> 0) l FULL JOIN entry e USING (id, leg)
WHERE l.amount IS DISTINCT FROM e.amount OR l.owner_id IS DISTINCT FROM e.owner_id
    OR l.asset_id IS DISTINCT FROM e.asset_id
"""
_UNFINISHED = """
SELECT t.id, t.settlement_status, f.state
FROM orders_trade t LEFT JOIN settlement_failedsettlement f ON f.trade_id = t.id
WHERE t.executed_at < now() - interval '5 s' AND t.settlement_status NOT IN ('settled', 'resolved')
    AND NOT (t.settlement_status = 'failed' AND f.state IN ('dead', 'resolved'))
"""
_FILLS = """
WITH fill AS (
    SELECT buyer_order_id AS id, quantity, price * quantity AS quote, buyer_fee AS fee FROM orders_trade
    UNION ALL SELECT seller_order_id, quantity, price * quantity, seller_fee FROM orders_trade
), filled AS (SELECT id, sum(quantity) AS quantity, sum(quote) AS quote, sum(fee) AS fee FROM fill GROUP BY 1)
SELECT id, o.filled_quantity, f.quantity AS of_trades, o.filled_quote, f.quote, o.fee_paid, f.fee
FROM orders_order o FULL JOIN filled f USING (id)
WHERE coalesce(o.filled_quantity, -1) <> coalesce(f.quantity, 0) OR o.filled_quote <> coalesce(f.quote, 0)
    OR o.fee_paid <> coalesce(f.fee, 0)
"""
_STATUSES = """
SELECT id, status, quantity, filled_quantity, held FROM orders_order
WHERE (status = 'filled') <> coalesce(filled_quantity = quantity, status = 'filled') AND status <> 'rejected'
    OR (status = 'partially_filled' AND filled_quantity = 0) OR (status = 'open' AND filled_quantity > 0)
    OR (held > 0 AND status NOT IN ('open', 'partially_filled', 'pending')
        AND id NOT IN (SELECT order_id FROM orders_owedhold))
"""
_SELF_TRADES = "SELECT id FROM orders_trade WHERE buyer_id = seller_id"
_TRADES_ONCE = "SELECT market_id, seq, count(*) FROM orders_trade GROUP BY 1, 2 HAVING count(*) > 1"
_JOURNAL = """
SELECT * FROM (
    SELECT market_id, first_seq, last_seq, lag(last_seq, 1, 0::bigint) OVER (PARTITION BY market_id ORDER BY last_seq)
        AS before FROM orders_journalbatch WHERE last_seq >= first_seq
) batch WHERE first_seq <> before + 1
"""
_SEQUENCE = """
SELECT s.market_id, s.last_seq, s.state_hash, b.last_seq AS journal_seq, b.state_hash AS journal_hash
FROM orders_marketsequence s
LEFT JOIN LATERAL (
    SELECT last_seq, state_hash FROM orders_journalbatch b WHERE b.market_id = s.market_id ORDER BY id DESC LIMIT 1
) b ON true WHERE (s.last_seq, s.state_hash) IS DISTINCT FROM (coalesce(b.last_seq, 0), coalesce(b.state_hash, ''))
"""
_CHECKS = {
    "zero sum": (_ZERO_SUM, "entries of an asset do not sum to zero"),
    "transfers": (_TRANSFERS, "a transfer does not sum to zero"),
    "balances": (_BALANCES, "a balance is not the sum of its entries, or negative"),
    "held": (_HELD, "what is held is not what orders and trades hold"),
    "settled once": (_SETTLED, "a trade's entries are not those of one settlement"),
    "settled": (_UNFINISHED, "a trade is neither settled nor a dead letter"),
    "fills": (_FILLS, "an order's fills are not its trades"),
    "statuses": (_STATUSES, "an order's status does not fit its numbers"),
    "self trades": (_SELF_TRADES, "an account traded with itself"),
    "trades once": (_TRADES_ONCE, "two trades of a market have one sequence number"),
    "journal": (_JOURNAL, "the journal has a gap"),
    "sequence": (_SEQUENCE, "the market's sequence is not at the journal's end"),
}


def check_money(connection: Connection, since: UUID, findings: Findings) -> None:
    """Run all checks; `since` is the first id of those that look at new trades only."""
    for check, (query, text) in _CHECKS.items():
        findings.none(check, connection.execute(query, {"since": since} if "%(since)s" in query else None), text)


def deposited(connection: Connection) -> list[tuple[Any, ...]]:
    """Return how much of each asset there is inside the exchange."""
    return connection.execute(_DEPOSITED).fetchall()
