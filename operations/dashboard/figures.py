"""What the dashboard shows, as numbers: a fixed number of queries, each by an index or of an aggregate that is kept."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

from django.db import connection
from django.db.models import Count, Max
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from exchange.models import Market
from marketdata.models import MarketDay, UserActivity, ViewRefresh
from operations.analytics import USER_ACTIVITY
from operations.engines.selectors import Fleet, engine_fleet
from operations.partitions import partition_days_ahead
from operations.schedules import switched_off
from orders.models import Mismatch, ReconcileRun
from proposals.models import Proposal
from settlement.models import Account, FailedSettlement
from settlement.ports import Backlog, trade_outbox
from settlement.services.adjustments import beyond_limits

__all__ = ["Figures", "Traded", "dashboard_figures"]

DAY: Final = timedelta(days=1)
HOURS, DAYS = 24, 30
_FAILING = (FailedSettlement.State.RETRYING, FailedSettlement.State.DEAD)
# 97 rows a market for a day, 30 for thirty days, by the primary key.
_CANDLES = """
SELECT market.quote_id, candle.opened_at, sum(candle.quote_volume), sum(candle.trade_count)::bigint
FROM exchange_market market JOIN orders_candle candle ON candle.market_id = market.id
WHERE candle.timeframe = %s AND candle.opened_at >= %s GROUP BY 1, 2 ORDER BY 2
"""


class Traded(NamedTuple):
    """What was traded in a period, in all markets of one quote asset."""

    quote: str
    opened_at: datetime
    volume: Decimal
    trades: int


class MarketLine(NamedTuple):
    """A market as staff set it."""

    symbol: str
    pk: int
    trading_state: str


@dataclass(frozen=True, slots=True)
class Figures:
    """The exchange at one moment. `failing` counts settlements by state and code; fees are by asset.

    `day` is by quarters of an hour, `month` by days. `analytics_at` is when the aggregate was made from which the fees
    of the day come, `activity_at` when that of the active users was.
    """

    at: datetime
    day: Sequence[Traded]
    month: Sequence[Traded]
    markets: Sequence[MarketLine]
    fleet: Fleet
    backlog: Sequence[Backlog]
    failing: Mapping[tuple[str, str], int]
    open_mismatches: int
    clean_at: datetime | None
    has_runs: bool
    proposals: int
    beyond_limits: int
    scheduler_at: datetime | None
    switched_off: Sequence[str]
    partition_days: Mapping[str, int]
    active_users: int
    fees_of_day: Mapping[str, Decimal]
    fees_earned: Mapping[str, Decimal]
    analytics_at: datetime | None
    activity_at: datetime | None

    @property
    def dead_letters(self) -> int:
        return sum(count for (state, _), count in self.failing.items() if state == FailedSettlement.State.DEAD)

    @property
    def traded_for(self) -> timedelta:
        """How much of the last day the exchange has been trading: all of it, unless it began later."""
        since = self.at - DAY
        if not self.day or any(traded.opened_at < since for traded in self.month):
            return DAY
        return max(timedelta(minutes=1), self.at - min(traded.opened_at for traded in self.day))

    @property
    def open_orders(self) -> int:
        """Open and waiting orders, as the serving engines report; those of unserved markets are left out."""
        return sum((market.holder or {}).get("open_orders") or 0 for market in self.fleet.markets)

    @property
    def pending_trades(self) -> int:
        return sum(backlog.trades for backlog in self.backlog)


def dashboard_figures() -> Figures:
    """Read everything. Twenty-one queries, none of which reads orders or trades, except trades that wait."""
    now = timezone.now()
    fees, analytics_at = _fees_of_day()
    return Figures(
        at=now,
        day=_traded("15m", now - DAY),
        month=_traded("1d", now - DAYS * DAY),
        markets=[MarketLine(*row) for row in Market.objects.values_list("symbol", "pk", "trading_state")],
        fleet=engine_fleet(),
        backlog=trade_outbox().backlog(),
        failing=_failing(),
        open_mismatches=Mismatch.objects.filter(state=Mismatch.State.OPEN).count(),
        clean_at=_clean_at(),
        has_runs=ReconcileRun.objects.exists(),
        proposals=Proposal.objects.filter(state=Proposal.State.PROPOSED).count(),
        beyond_limits=beyond_limits(now=now),
        scheduler_at=PeriodicTask.objects.aggregate(newest=Max("last_run_at"))["newest"],
        switched_off=switched_off(),
        partition_days=partition_days_ahead(today=now.date()),
        active_users=UserActivity.objects.filter(last_order_at__gte=now - DAY).count(),
        fees_of_day=fees,
        fees_earned=dict(Account.objects.filter(kind=Account.Kind.FEES).values_list("asset_id", "available")),
        analytics_at=analytics_at,
        activity_at=ViewRefresh.objects.filter(view=USER_ACTIVITY).values_list("until", flat=True).first(),
    )


def _traded(timeframe: str, since: datetime) -> list[Traded]:
    with connection.cursor() as cursor:
        cursor.execute(_CANDLES, [timeframe, since])
        return [Traded(*row) for row in cursor.fetchall()]


def _failing() -> dict[tuple[str, str], int]:
    rows = FailedSettlement.objects.filter(state__in=_FAILING).values_list("state", "code").annotate(count=Count("*"))
    return {(state, code): count for state, code, count in rows}


def _clean_at() -> datetime | None:
    clean = ReconcileRun.objects.filter(status=ReconcileRun.Status.CLEAN).order_by("-id").only("finished_at").first()
    return clean.finished_at if clean is not None else None


def _fees_of_day() -> tuple[dict[str, Decimal], datetime | None]:
    fees: dict[str, Decimal] = defaultdict(Decimal)
    rows = list(MarketDay.objects.values_list("market__quote_id", "fees", "until"))
    for quote, amount, _ in rows:
        fees[quote] += amount
    return dict(fees), rows[0][2] if rows else None
