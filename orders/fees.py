"""The fee tiers of users: computed once a day from the trades of the last 30 days.

A user's volume is the sum of price x quantity of the trades they were buyer or seller in, per quote asset; a trade with
oneself counts once. In each market with that quote the volume earns the highest level it reaches.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

import structlog
from django.db import connection, transaction

from base.advisory_locks import ExchangeLock
from base.ids import uuid7_floor
from base.times import ms_of
from exchange.services import fee_schedule_lock, markets_raise_fees_version

__all__ = ["VOLUME_DAYS", "Recomputed", "fee_tiers_recompute"]

log = structlog.get_logger(__name__)

VOLUME_DAYS = 30

# The bounds of the id leave the partitions of these days and no others to be read.
_VOLUMES = """
CREATE TEMPORARY TABLE fee_volume ON COMMIT DROP AS
WITH sides AS (
    SELECT buyer_id AS user_id, market_id, price * quantity AS notional
    FROM orders_trade WHERE id >= %(since)s AND id < %(until)s
    UNION ALL
    SELECT seller_id, market_id, price * quantity
    FROM orders_trade WHERE id >= %(since)s AND id < %(until)s AND seller_id <> buyer_id
)
SELECT user_id, quote_id, sum(notional) AS volume
FROM (SELECT user_id, market_id, sum(notional) AS notional FROM sides GROUP BY user_id, market_id) AS traded
JOIN exchange_market market ON market.id = market_id
GROUP BY user_id, quote_id
"""
_ASSIGN = """
WITH earned AS (
    SELECT DISTINCT ON (user_id, market.id) user_id, market.id AS market_id, tier.id AS tier_id, volume
    FROM fee_volume JOIN exchange_market market USING (quote_id)
    JOIN exchange_feetier tier ON tier.market_id = market.id AND tier.min_volume <= volume
    ORDER BY user_id, market.id, tier.level DESC
), gained AS (
    SELECT market_id FROM earned LEFT JOIN exchange_userfeetier held USING (user_id, market_id)
    WHERE held.tier_id IS DISTINCT FROM earned.tier_id
), lost AS (
    DELETE FROM exchange_userfeetier held WHERE NOT EXISTS (
        SELECT FROM earned WHERE earned.user_id = held.user_id AND earned.market_id = held.market_id
    ) RETURNING market_id
), stored AS (
    INSERT INTO exchange_userfeetier (user_id, market_id, tier_id, volume, computed_at)
    SELECT user_id, market_id, tier_id, volume, %(now)s FROM earned
    ON CONFLICT (user_id, market_id) DO UPDATE
    SET tier_id = excluded.tier_id, volume = excluded.volume, computed_at = excluded.computed_at
)
SELECT (SELECT count(*) FROM fee_volume), (SELECT count(*) FROM earned), (SELECT count(*) FROM gained),
    (SELECT count(*) FROM lost),
    ARRAY(SELECT market_id FROM gained UNION SELECT market_id FROM lost ORDER BY market_id)
"""


class Recomputed(NamedTuple):
    """How many volumes (a user's in one quote asset) and tiers there are, and what is new about the tiers."""

    volumes: int
    tiers: int
    changed: int
    lost: int
    market_ids: list[int]


@transaction.atomic
def fee_tiers_recompute(*, now: datetime) -> Recomputed | None:
    """Give every user the tiers that the volume of the 30 days before `now` earns, and tell the engines concerned.

    Reads the trades of 30 days. Returns None, having done nothing, while another process does the same. Safe to repeat.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [ExchangeLock.FEE_VOLUMES])
        if not cursor.fetchone()[0]:
            return None
        cursor.execute("SET LOCAL statement_timeout = 0")
        bounds = {"since": _floor(now - timedelta(days=VOLUME_DAYS)), "until": _floor(now)}
        cursor.execute(_VOLUMES, bounds)
        fee_schedule_lock()
        cursor.execute(_ASSIGN, {"now": now})
        done = Recomputed._make(cursor.fetchone())
    markets_raise_fees_version(market_ids=done.market_ids)
    log.info("fee_tiers_recomputed", **done._asdict())
    return done


def _floor(moment: datetime) -> str:
    return str(uuid7_floor(ms_of(moment)))
