"""Asks the running engines: what they have in memory must be what the journal has at that number."""

import json
from typing import Final

from psycopg import Connection
from redis.exceptions import RedisError

from base.valkey import valkey
from exchange.models import Market
from matching.messages import heartbeat_key
from orders.models import Mismatch
from verification.reconciliation.snapshots import rows
from verification.replay.findings import Finding, Findings

_JOURNALLED: Final = "SELECT state_hash FROM orders_journalbatch WHERE market_id = %s AND last_seq = %s"
_LAST: Final = "SELECT state_hash FROM orders_marketsequence WHERE market_id = %s AND last_seq = %s"


def check_engine(connection: Connection, market: Market, findings: Findings) -> str:
    """Compare a market's engine with the journal; return `agrees`, `differs`, or why they cannot be compared.

    One look into Valkey, at most two queries outside of any snapshot: an engine reports only what it has committed.
    """
    beat = _heartbeat(market)
    if not beat:
        return "no engine"
    seq, found = beat
    if not seq:
        return "no batch yet"
    stored = rows(connection, _JOURNALLED, [market.pk, seq]) or rows(connection, _LAST, [market.pk, seq])
    expected = stored[0][0] if stored else "no batch ends at this number"
    if not found or expected in ("", found):
        return "agrees"
    sides = {"state_hash": expected}, {"state_hash": found}
    findings.add(Finding(Mismatch.Check.ENGINE, f"{market.symbol} {seq}", *sides, market=market))
    return "differs"


def _heartbeat(market: Market) -> tuple[int, str] | None:
    try:
        text = valkey().get(heartbeat_key(market.slug))
        beat = json.loads(text) if text else {}
        return (int(beat["seq"]), str(beat.get("state_hash", ""))) if "seq" in beat else None
    except (RedisError, ValueError, TypeError):
        return None
