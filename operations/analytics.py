"""Keeping the back office's materialized views fresh. They are read while they are refreshed."""

import time
from datetime import timedelta
from typing import Final

import structlog
from django.db import connection, transaction
from django.utils import timezone

from base.advisory_locks import ExchangeLock
from marketdata.models import ViewRefresh

__all__ = ["REST", "USER_ACTIVITY", "VIEWS", "analytics_refresh"]

log = structlog.get_logger(__name__)

USER_ACTIVITY: Final = "marketdata_useractivity"
VIEWS: Final = ("marketdata_marketday", USER_ACTIVITY)
REST: Final = 20  # a view is left alone this many times as long as its refresh took
# Beside trading: one core at most, and memory enough to count in instead of sorting.
_SETTINGS = """
SET LOCAL statement_timeout = 0; SET LOCAL work_mem = '64MB'; SET LOCAL jit = off;
SET LOCAL max_parallel_workers_per_gather = 0
"""


def analytics_refresh(*, only_due: bool = False) -> list[str]:
    """Refresh every view, each in a transaction of its own, and return those that were refreshed; safe to repeat.

    None is while another process refreshes; `only_due` leaves out those that still rest, so that refreshing takes a
    twentieth of the time at most. Reads the trades of a day and the orders of 30 days.
    """
    return [view for view in VIEWS if not (only_due and _rests(view)) and _refresh(view)]


def _rests(view: str) -> bool:
    last = ViewRefresh.objects.filter(view=view).first()
    return last is not None and timezone.now() < last.until + timedelta(seconds=REST * last.seconds)


@transaction.atomic
def _refresh(view: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s), now()", [ExchangeLock.ANALYTICS])
        is_ours, until = cursor.fetchone()
        if not is_ours:
            return False
        began = time.perf_counter()
        cursor.execute(_SETTINGS)
        cursor.execute("SELECT marketdata_refresh(%s)", [view])
    seconds = round(time.perf_counter() - began, 3)
    ViewRefresh.objects.update_or_create(view=view, defaults={"until": until, "seconds": seconds})
    log.info("analytics_refreshed", view=view, seconds=seconds)
    return True
