"""Partitions by time: orders by month, trades and the journal by day, all ranged on their UUIDv7 primary key."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from base.advisory_locks import ExchangeLock

__all__ = ["PARTITIONED_TABLES", "Partition", "create_partitions", "missing_partitions", "partition_days_ahead"]

_CHILDREN = """
    SELECT child.relname FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid
        JOIN pg_class parent ON parent.oid = inhparent
    WHERE parent.relname = ANY(%s) AND parent.relkind = 'p'
"""


class Partition(NamedTuple):
    table: str
    name: str
    start: date
    end: date


@dataclass(frozen=True)
class _Scheme:
    table: str
    monthly: bool
    ahead: timedelta

    def partitions(self, first: date, last: date) -> Iterator[Partition]:
        start = first.replace(day=1) if self.monthly else first
        while start <= last:
            end = (start + timedelta(days=32)).replace(day=1) if self.monthly else start + timedelta(days=1)
            suffix = f"{start:%Y_%m}" if self.monthly else f"{start:%Y_%m_%d}"
            yield Partition(self.table, f"{self.table}_{suffix}", start, end)
            start = end


PARTITIONED_TABLES = (
    _Scheme("orders_order", monthly=True, ahead=timedelta(days=62)),
    _Scheme("orders_trade", monthly=False, ahead=timedelta(days=14)),
    _Scheme("orders_journalbatch", monthly=False, ahead=timedelta(days=14)),
)


def missing_partitions(*, today: date) -> list[Partition]:
    """Return the partitions from yesterday to the horizon of each table that do not exist yet. One query."""
    wanted = [
        partition
        for scheme in PARTITIONED_TABLES
        for partition in scheme.partitions(today - timedelta(days=1), today + scheme.ahead)
    ]
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relname = ANY(%s)", [[p.name for p in wanted]])
        existing = {name for (name,) in cursor.fetchall()}
    return [partition for partition in wanted if partition.name not in existing]


def partition_days_ahead(*, today: date) -> dict[str, int]:
    """Return for each table the days after today for which it has partitions without a gap; -1 if not for today."""
    with connection.cursor() as cursor:
        cursor.execute(_CHILDREN, [[scheme.table for scheme in PARTITIONED_TABLES]])
        existing = {name for (name,) in cursor.fetchall()}
    return {scheme.table: _days_ahead(scheme, today, existing) for scheme in PARTITIONED_TABLES}


def _days_ahead(scheme: _Scheme, today: date, existing: set[str]) -> int:
    end = today
    for partition in scheme.partitions(today, today + scheme.ahead):
        if partition.name not in existing:
            break
        end = partition.end
    return (end - today).days - 1


@transaction.atomic
def create_partitions(*, today: date) -> list[Partition]:
    """Create the missing partitions and return them. Safe to run twice and from several processes at once.

    Readers and writers do not wait for it, nor it for them.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ExchangeLock.PARTITIONS])
        missing = missing_partitions(today=today)
        for partition in missing:
            _create(cursor, partition)
    return missing


def _create(cursor: CursorWrapper, partition: Partition) -> None:
    """Let the owner of the tables make it, by the one function that is there for it (orders/migrations)."""
    cursor.execute("SELECT orders_add_partition(%s, %s, %s)", [partition.table, partition.start, partition.end])
