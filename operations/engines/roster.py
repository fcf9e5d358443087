"""The roster of engine processes in the database."""

import contextlib
import os
import socket
from collections.abc import Collection, Sequence
from typing import Any

import psycopg
from django.conf import settings
from psycopg import Connection
from psycopg.types.json import Jsonb

from base.ids import uuid7
from matching.roster import HOLDERS, MarketReport, Peer, Role
from matching.timing import LIVE_MS, REPORT_IN_TIME_MS, interval

__all__ = ["PostgresRoster"]

# Reports are worth nothing after a crash of the server, so their commits do not wait for the disk.
_SESSION = "-c synchronous_commit=off -c statement_timeout=1500 -c lock_timeout=1000"
_BEAT = """
INSERT INTO orders_engineprocess AS known (id, host, pid, started_at, beat_at, fresh_since, listed, markets)
VALUES (%(id)s, %(host)s, %(pid)s, clock_timestamp(), clock_timestamp(), clock_timestamp(), %(listed)s, %(markets)s)
ON CONFLICT (id) DO UPDATE SET markets = excluded.markets, beat_at = clock_timestamp(),
    fresh_since = CASE WHEN known.beat_at < clock_timestamp() - %(in_time)s::interval THEN clock_timestamp()
        ELSE known.fresh_since END
RETURNING (extract(epoch FROM beat_at) * 1000)::bigint
"""
_PEERS = """
SELECT id::text, listed, markets FROM orders_engineprocess
WHERE beat_at > clock_timestamp() - %s::interval OR id = %s ORDER BY id
"""
_PRUNE = "DELETE FROM orders_engineprocess WHERE beat_at < clock_timestamp() - interval '1 day'"
_LEAVE = "DELETE FROM orders_engineprocess WHERE id = %s"


class PostgresRoster:
    """Implements `matching.roster.Roster`. `listed` are the symbols the process was started for, None for all."""

    def __init__(self, listed: Collection[str] | None) -> None:
        self.process_id = str(uuid7())
        self._listed = None if listed is None else sorted(listed)
        self._connection: Connection | None = None
        self._since: dict[str, tuple[Role, int]] = {}
        self._now_ms = 0

    def beat(self, reports: Sequence[MarketReport]) -> list[Peer]:
        """Write this process's row and return the live processes, this one included. Two queries."""
        connection = self._connect()
        row = connection.execute(
            _BEAT,
            {
                "id": self.process_id,
                "host": socket.gethostname(),
                "pid": os.getpid(),
                "listed": None if self._listed is None else Jsonb(self._listed),
                "in_time": interval(REPORT_IN_TIME_MS),
                "markets": Jsonb([self._as_json(report) for report in reports]),
            },
        ).fetchone()
        assert row is not None, "Invariant: a report is stored"
        (self._now_ms,) = row
        return [_peer(*fields) for fields in connection.execute(_PEERS, [interval(LIVE_MS), self.process_id])]

    def leave(self) -> None:
        """Remove this process's row, and disconnect."""
        with contextlib.suppress(psycopg.Error):  # it counts as gone in a moment anyway
            self._connect().execute(_LEAVE, [self.process_id])
        if self._connection is not None:
            self._connection.close()

    def _as_json(self, report: MarketReport) -> dict[str, Any]:
        """Return a report with the time since when the role has been this one; holders know it from their lock."""
        role, since_ms = self._since.get(report.symbol, (None, 0))
        if role is not report.role:
            since_ms = self._now_ms
            self._since[report.symbol] = report.role, since_ms
        since_ms = report.since_ms if report.role in HOLDERS else since_ms
        told = {"symbol": report.symbol, "role": report.role, "since": since_ms, "seq": report.seq, "heir": report.heir}
        if report.throughput is not None:
            told |= {"pace": report.throughput._asdict(), "open_orders": report.open_orders}
        return told

    def _connect(self) -> Connection:
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(
                settings.ENGINE_DATABASE_URL,
                autocommit=True,
                connect_timeout=2,
                options=_SESSION,
                application_name=f"roster {self.process_id[-12:]}",
            )
            self._connection.execute(_PRUNE)
        return self._connection


def _peer(process_id: str, listed: list[str] | None, markets: list[dict[str, Any]]) -> Peer:
    reports = [
        MarketReport(market["symbol"], Role(market["role"]), market["since"], market["seq"], market["heir"])
        for market in markets
    ]
    return Peer(
        process_id, None if listed is None else frozenset(listed), {report.symbol: report for report in reports}
    )
