"""The checks of money, set by set, in one snapshot: entries, balances, what is held, and what settled trades moved."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from psycopg import Connection

from base.scaling import plain
from orders.models import Mismatch
from settlement.ports import wallet
from settlement.wallet.differences import wallet_differences
from verification.reconciliation.snapshots import rows
from verification.replay.findings import Finding, Findings
from verification.replay.stored_rows import END

TRADES_AT_ONCE: Final = 20_000
# Entries are numbered before they are committed, so one with a lower number may become visible later.
ENTRIES_MARGIN: Final = 10_000
_Check = Mismatch.Check

_SUMS: Final = """
WITH sums AS MATERIALIZED (
    SELECT account_id, asset_id, sum(amount) AS total, count(*) AS entries FROM settlement_ledgerentry
    WHERE %(assets)s::text[] IS NULL OR asset_id = ANY(%(assets)s) GROUP BY account_id, asset_id
)
SELECT 'zero_sum', asset_id, '', 0, sum(total), sum(entries) FROM sums GROUP BY asset_id HAVING sum(total) <> 0
UNION ALL
SELECT 'balance', coalesce(account.asset_id, sums.asset_id), coalesce(owner.username, account.kind, 'no account')
        || ' ' || coalesce(account.id, sums.account_id),
    coalesce(sums.total, 0), coalesce(account.total, 0), coalesce(sums.entries, 0)
FROM settlement_account account
    FULL JOIN sums ON sums.account_id = account.id AND sums.asset_id = account.asset_id
    LEFT JOIN exchange_user owner ON owner.id = account.owner_id
WHERE coalesce(account.total, 0) <> coalesce(sums.total, 0)
    AND (%(assets)s::text[] IS NULL OR coalesce(account.asset_id, sums.asset_id) = ANY(%(assets)s))
UNION ALL
SELECT 'entries', '', '', 0, coalesce(sum(entries), 0), coalesce(sum(entries), 0) FROM sums
"""
# Every order that holds something: in a full run wherever it is, else those that the indexes of open and owed orders
# find.
_HOLDING_ALL: Final = "SELECT * FROM orders_order WHERE held > 0"
_HOLDING_OPEN: Final = """
    SELECT * FROM orders_order WHERE held > 0 AND status IN ('open', 'partially_filled', 'pending')
    UNION ALL
    SELECT o.* FROM orders_owedhold owed JOIN orders_order o ON o.id = owed.order_id
    WHERE o.held > 0 AND o.status NOT IN ('open', 'partially_filled', 'pending')
"""
_HELD: Final = """
WITH need AS (
    SELECT o.user_id AS owner_id, CASE side WHEN 'buy' THEN quote_id ELSE base_id END AS asset_id,
        CASE WHEN status IN ('open', 'partially_filled', 'pending') THEN held ELSE 0 END AS by_orders, 0 AS by_trades,
        CASE WHEN status IN ('open', 'partially_filled', 'pending') THEN 0 ELSE held END AS owed
    FROM ({holding}) o JOIN exchange_market market ON market.id = o.market_id
    UNION ALL
    SELECT buyer_id, quote_id, 0, buyer_hold, 0 FROM orders_trade trade
        JOIN exchange_market market ON market.id = trade.market_id
    WHERE settlement_status <> 'settled' AND settlement_status IN ('pending', 'retrying', 'failed')
    UNION ALL
    SELECT seller_id, base_id, 0, quantity, 0 FROM orders_trade trade
        JOIN exchange_market market ON market.id = trade.market_id
    WHERE settlement_status <> 'settled' AND settlement_status IN ('pending', 'retrying', 'failed')
), needed AS (
    SELECT owner_id, asset_id, sum(by_orders) AS by_orders, sum(by_trades) AS by_trades, sum(owed) AS owed
    FROM need GROUP BY owner_id, asset_id
), held AS (SELECT id, owner_id, asset_id, held FROM settlement_account WHERE owner_id IS NOT NULL AND held <> 0)
SELECT asset_id, coalesce(owner.username, owner_id::text) || ' ' || coalesce(held.id::text, 'no account'),
    coalesce(by_orders, 0), coalesce(by_trades, 0), coalesce(owed, 0), coalesce(held.held, 0)
FROM held FULL JOIN needed USING (owner_id, asset_id) LEFT JOIN exchange_user owner ON owner.id = owner_id
WHERE coalesce(held.held, 0) <> coalesce(by_orders + by_trades + owed, 0)
    AND (%(assets)s::text[] IS NULL OR asset_id = ANY(%(assets)s))
"""
_OWED: Final = """
SELECT owed.order_id, owed.market_id, o.status, o.held FROM orders_owedhold owed
    LEFT JOIN orders_order o ON o.id = owed.order_id
WHERE o.id IS NULL OR o.held = 0 OR o.status IN ('open', 'partially_filled', 'pending')
"""
_ENDED_HOLDING: Final = """
SELECT o.id, o.market_id, o.status, o.held FROM orders_order o LEFT JOIN orders_owedhold owed ON owed.order_id = o.id
WHERE o.held > 0 AND o.status NOT IN ('open', 'partially_filled', 'pending') AND owed.order_id IS NULL
"""
_TRANSFERS: Final = """
WITH trade AS (
    SELECT t.*, price * quantity AS notional, base_id, quote_id
    FROM orders_trade t JOIN exchange_market market ON market.id = t.market_id WHERE {trades}
), expected AS (
    SELECT trade.id, leg.* FROM trade CROSS JOIN LATERAL (VALUES
        (1, buyer_id, 'user', quote_id, -(notional + buyer_fee)),
        (2, seller_id, 'user', quote_id, notional - seller_fee),
        (3, NULL, 'fees', quote_id, buyer_fee + seller_fee), (4, seller_id, 'user', base_id, -quantity),
        (5, buyer_id, 'user', base_id, quantity)
    ) AS leg (leg, owner_id, kind, asset_id, amount)
    WHERE settlement_status = 'settled' AND amount <> 0
        AND (%(assets)s::text[] IS NULL OR leg.asset_id = ANY(%(assets)s))
), found AS (
    SELECT e.transfer_id AS id, e.leg, account.owner_id, account.kind, e.asset_id, e.amount
    FROM settlement_ledgerentry e JOIN settlement_account account ON account.id = e.account_id
    WHERE {entries} AND e.kind IN ('trade', 'fee') AND (%(assets)s::text[] IS NULL OR e.asset_id = ANY(%(assets)s))
)
SELECT id, leg, coalesce(expected.asset_id, found.asset_id),
    expected.owner_id, expected.kind, expected.amount, expected.asset_id,
    found.owner_id, found.kind, found.amount, found.asset_id
FROM expected FULL JOIN found USING (id, leg)
WHERE (expected.owner_id, expected.kind, expected.asset_id, expected.amount)
    IS DISTINCT FROM (found.owner_id, found.kind, found.asset_id, found.amount)
ORDER BY id, leg
"""
_IN_RANGE: Final = {
    "trades": "t.id >= %(since)s AND t.id < %(until)s",
    "entries": "e.transfer_id >= %(since)s AND e.transfer_id < %(until)s",
}
_BY_ID: Final = {"trades": "t.id = ANY(%(ids)s)", "entries": "e.transfer_id = ANY(%(ids)s)"}
_PAGE_END: Final = "SELECT id FROM orders_trade WHERE id >= %s ORDER BY id OFFSET %s LIMIT 1"
_LATE: Final = """
SELECT DISTINCT transfer_id FROM settlement_ledgerentry
WHERE id > %s AND kind IN ('trade', 'fee') AND transfer_id < %s ORDER BY transfer_id
"""


def check_wallet(findings: Findings, assets: list[str] | None) -> str:
    """Check that money here is what is reserved at the remote wallet; return what was compared."""
    if wallet().reserving is None:
        return "embedded"
    for each in wallet_differences():
        if assets is None or each.asset in assets:
            bounds = {"least": plain(each.here + each.least), "most": plain(each.here + each.most)}
            found = {"reserved": plain(each.reserved)}
            findings.add(Finding(_Check.WALLET, f"{each.user_id}", bounds, found, asset=each.asset))
    return "compared"


def check_sums(connection: Connection, findings: Findings, assets: list[str] | None) -> int:
    """Check that entries of an asset sum to zero and that balances are the sums of theirs; return how many entries."""
    count = 0
    for name, asset, subject, expected, found, entries in rows(connection, _SUMS, {"assets": assets}):
        if name == "entries":
            count = int(entries)
        elif name == "zero_sum":
            _add_amount(findings, _Check.ZERO_SUM, asset, asset, "sum of all entries", expected, found)
        else:
            _add_amount(findings, _Check.BALANCE, asset, subject, "available + held", expected, found)
    return count


def check_held(connection: Connection, findings: Findings, assets: list[str] | None, *, full: bool) -> None:
    """Check that what accounts hold is what open orders, unsettled trades and owed holds need."""
    statement = _HELD.format(holding=_HOLDING_ALL if full else _HOLDING_OPEN)
    for asset, subject, by_orders, by_trades, owed, held in rows(connection, statement, {"assets": assets}):
        expected = {
            "held": plain(by_orders + by_trades + owed),
            "for open orders": plain(by_orders),
            "for unsettled trades": plain(by_trades),
            "owed": plain(owed),
        }
        found = {"held": plain(held), "difference": plain(held - by_orders - by_trades - owed)}
        findings.add(Finding(_Check.HELD, subject, expected, found, asset=asset))


def check_owed(connection: Connection, findings: Findings, markets: dict[int, Any], *, full: bool) -> None:
    """Check that ended orders hold nothing unless it is noted as owed; a full run looks at all orders."""
    for statement in (_OWED, _ENDED_HOLDING) if full else (_OWED,):
        for order_id, market_id, status, held in rows(connection, statement, None):
            if market_id in markets:
                noted = statement is _OWED
                expected = {"held": "more than 0, the order ended" if noted else "0, or noted as owed"}
                found = {"held": "no such order" if held is None else f"{plain(held)}, {status}"}
                market = markets[market_id]
                findings.add(Finding(_Check.ORDER_HOLD, str(order_id), expected, found, market=market))


def check_transfers(
    connection: Connection,
    findings: Findings,
    assets: list[str] | None,
    *,
    since: UUID,
    entries_since: int | None,
    progress: Callable[[int], None],
) -> int:
    """Check that each settled trade from an id on moved its money exactly once, and each unsettled one none.

    With `entries_since`, trades before `since` that have newer entries are checked, too. Returns how many trades were
    looked at; each page is reported to `progress`.
    """
    count = 0
    if entries_since is not None:
        late = [transfer_id for (transfer_id,) in rows(connection, _LATE, [entries_since - ENTRIES_MARGIN, since])]
        for first in range(0, len(late), TRADES_AT_ONCE):
            ids = late[first : first + TRADES_AT_ONCE]
            _add_transfers(findings, rows(connection, _TRANSFERS.format(**_BY_ID), {"assets": assets, "ids": ids}))
            count += len(ids)
    while since < END:
        ends = rows(connection, _PAGE_END, [since, TRADES_AT_ONCE])
        until = ends[0][0] if ends else END
        parameters = {"assets": assets, "since": since, "until": until}
        _add_transfers(findings, rows(connection, _TRANSFERS.format(**_IN_RANGE), parameters))
        count += TRADES_AT_ONCE if ends else 0
        progress(TRADES_AT_ONCE if ends else 0)
        since = until
    return count


def _add_transfers(findings: Findings, differences: Sequence[tuple[Any, ...]]) -> None:
    """Make one finding of all legs of a trade that differ."""
    by_trade: dict[UUID, list[tuple[Any, ...]]] = defaultdict(list)
    for transfer_id, *leg in differences:
        by_trade[transfer_id].append(tuple(leg))
    for transfer_id, legs in by_trade.items():
        expected = {f"leg {leg[0]}": _leg_text(*leg[2:6]) for leg in legs}
        found = {f"leg {leg[0]}": _leg_text(*leg[6:10]) for leg in legs}
        findings.add(Finding(_Check.TRANSFER, str(transfer_id), expected, found, asset=legs[0][1]))


def _leg_text(owner_id: UUID | None, kind: str | None, amount: Decimal | None, asset: str | None) -> str:
    return "none" if amount is None else f"{plain(amount)} {asset} of {owner_id or kind}"


def _add_amount(
    findings: Findings, check: Mismatch.Check, asset: str, subject: str, name: str, expected: Decimal, found: Decimal
) -> None:
    sides = {name: plain(Decimal(expected))}, {name: plain(found), "difference": plain(found - expected)}
    findings.add(Finding(check, subject, *sides, asset=asset))
