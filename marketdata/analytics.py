"""Keeping the back office's materialized views fresh. They are read while they are refreshed."""

import time

import structlog
from django.db import connection, transaction

__all__ = ["VIEWS", "analytics_refresh"]

log = structlog.get_logger(__name__)

_LOCK_KEY = 7_204_006  # advisory lock: one refresh at a time
VIEWS = ("marketdata_marketday", "marketdata_useractivity")


def analytics_refresh() -> list[str]:
    """Refresh every view, each in a transaction of its own, and return those that were; safe to repeat.

    None are while another process is at it. Reads the trades of a day and the orders of 30 days.
    """
    return [view for view in VIEWS if _refresh(view)]


@transaction.atomic
def _refresh(view: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK_KEY])
        if not cursor.fetchone()[0]:
            return False
        began = time.perf_counter()
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute(f"REFRESH MATERIALIZED VIEW CONCURRENTLY {view}")
    log.info("analytics_refreshed", view=view, seconds=round(time.perf_counter() - began, 3))
    return True
