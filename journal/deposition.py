"""Deposition: a market's lock is taken from an engine that is suspended.

An engine that is killed loses its connection, and with it its lock, at once. One that is suspended, or whose host
vanished, keeps both. Its session is ended by a standby when all of this holds, read in one statement by the
database's clock:

- the process that has the lock has not reported itself for SUSPENDED_MS, or, if it was reading its book then, for
  SUSPENDED_RECOVERING_MS;
- its session has not done anything for SUSPENDED_MS either: an engine that works looks at its market every second;
- the standby's own reports have come in time for as long: a database that stood still makes everybody look silent.

A holder that never reported itself, of an older release for instance, is deposed after SUSPENDED_UNKNOWN_MS without
a sign of life of its session.

What the deposed engine has in hand fails, because its session is gone; committed batches are not touched.
"""

from psycopg import Connection

from matching.timing import (
    OWN_REPORT_MS,
    SUSPENDED_MS,
    SUSPENDED_RECOVERING_MS,
    SUSPENDED_UNKNOWN_MS,
    interval,
)

__all__ = ["application_name", "depose"]

_DEPOSE = """
WITH holder AS (
    SELECT session.pid, session.application_name, session.state_change, process.id, process.beat_at, EXISTS (
        SELECT 1 FROM jsonb_array_elements(process.markets) market WHERE market->>'role' = 'recovering'
    ) AS is_recovering
    FROM pg_locks held JOIN pg_stat_activity session USING (pid)
        LEFT JOIN orders_engineprocess process ON right(process.id::text, 12) = right(session.application_name, 12)
    WHERE held.locktype = 'advisory' AND held.granted AND held.objsubid = 2
        AND held.classid = %(lock_class)s AND held.objid = %(lock_key)s
        AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND held.pid <> pg_backend_pid() AND session.state_change < clock_timestamp() - %(stale)s::interval
), own AS (
    SELECT 1 FROM orders_engineprocess WHERE id = %(own_id)s
        AND beat_at > clock_timestamp() - %(own_stale)s::interval
        AND fresh_since < clock_timestamp() - %(stale)s::interval
), suspended AS MATERIALIZED (
    SELECT holder.pid, holder.application_name FROM holder, own
    WHERE CASE
        WHEN holder.id IS NULL THEN holder.state_change < clock_timestamp() - %(unknown_stale)s::interval
        WHEN holder.is_recovering THEN holder.beat_at < clock_timestamp() - %(recovering_stale)s::interval
        ELSE holder.beat_at < clock_timestamp() - %(stale)s::interval
    END
)
SELECT application_name, pg_terminate_backend(pid) FROM suspended
"""


def application_name(symbol: str, process_id: str | None) -> str:
    """Return the name of the session of a market's engine; it tells which process the session belongs to."""
    return f"engine {symbol} {process_id[-12:] if process_id else '-'}"


def depose(connection: Connection, lock: tuple[int, int], own_id: str) -> str | None:
    """End the session that holds an advisory lock if it is suspended; return its name. One query."""
    lock_class, lock_key = lock
    row = connection.execute(
        _DEPOSE,
        {
            "lock_class": lock_class,
            "lock_key": lock_key,
            "own_id": own_id,
            "stale": interval(SUSPENDED_MS),
            "recovering_stale": interval(SUSPENDED_RECOVERING_MS),
            "unknown_stale": interval(SUSPENDED_UNKNOWN_MS),
            "own_stale": interval(OWN_REPORT_MS),
        },
    ).fetchone()
    return row[0] if row else None
