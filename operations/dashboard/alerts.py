"""What a member of staff must act on, as far as the database and this process can tell.

The names are those of deploy/prometheus/alerts.yml, and of the run book in docs/operations.md.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final, NamedTuple

from django.urls import reverse
from django.utils.timesince import timesince

from base.health import run_checks
from exchange.models import TradingState
from matching.roster import Role
from operations.dashboard.figures import Figures
from operations.schedules import RECONCILIATION
from settlement.models import FailedSettlement
from settlement.ports import wallet
from settlement.services.adjustments import BEYOND_LIMIT

__all__ = ["Alert", "alerts_of"]

PENDING_MAX: Final = timedelta(seconds=60)
RECONCILED_WITHIN: Final = timedelta(hours=1)
SCHEDULER_WITHIN: Final = timedelta(minutes=15)
ANALYTICS_WITHIN: Final = timedelta(minutes=20)
SLOW_MS: Final = 500
SLOW_BATCHES: Final = 20  # with fewer, one slow batch says nothing
PARTITION_DAYS_MIN: Final = 5
PAGE, WARN, INFO = "page", "warn", "info"
_ORDER = {PAGE: 0, WARN: 1, INFO: 2}


class Alert(NamedTuple):
    """`level` says how soon: page now, warn today, info when there is time. The page behind it needs `permission`."""

    level: str
    name: str
    text: str
    url: str
    permission: str


def alerts_of(figures: Figures) -> list[Alert]:
    """Return what is wrong, the worst first. Asks the parts of the exchange whether they work, within two seconds."""
    found = [*_money(figures), *_markets(figures), *_processes(figures)]
    return sorted(found, key=lambda alert: _ORDER[alert.level])


def _money(figures: Figures) -> Iterator[Alert]:
    failures, may_see = _list("settlement.failedsettlement"), "settlement.view_failedsettlement"
    if dead := figures.dead_letters:
        text = f"{_many(dead, 'trade')} could not be settled and wait{'s' if dead == 1 else ''} for staff"
        yield Alert(PAGE, "FailedSettlements", text, f"{failures}?state__exact=dead", may_see)
    for backlog in figures.backlog:
        if backlog.oldest_at is not None and figures.at - backlog.oldest_at > PENDING_MAX:
            waits = timesince(backlog.oldest_at, figures.at)
            wait = "waits" if backlog.trades == 1 else "wait"
            text = f"{_many(backlog.trades, 'trade')} of {backlog.symbol} {wait} for settlement, the oldest for {waits}"
            url = f"{_list('orders.trade')}?settlement_status__exact=pending"
            yield Alert(PAGE, "PendingTradesOld", text, url, "orders.view_trade")
    reserving = wallet().reserving
    unreached = sum(count for (_, code), count in figures.failing.items() if code == "WALLET_UNAVAILABLE")
    retrying = figures.failing.get((FailedSettlement.State.RETRYING, "WALLET_UNAVAILABLE"), 0)
    if (reserving is not None and reserving.is_rejecting) or retrying:
        text = f"The remote wallet cannot be reached; {_many(unreached, 'settlement')} failed because of it"
        yield Alert(PAGE, "WalletBreakerOpen", text, failures, may_see)
    if figures.open_mismatches:
        text = (
            f"Reconciliation found {_many(figures.open_mismatches, 'mismatch', 'es')}; the markets concerned are halted"
        )
        url = f"{_list('orders.mismatch')}?state__exact=open"
        yield Alert(PAGE, "ReconcileMismatch", text, url, "orders.view_mismatch")
    if figures.has_runs and (figures.clean_at is None or figures.at - figures.clean_at > RECONCILED_WITHIN):
        since = f"for {timesince(figures.clean_at, figures.at)}" if figures.clean_at else "yet"
        text, url = f"No reconciliation has succeeded {since}", _list("orders.reconcilerun")
        yield Alert(WARN, "ReconcileOverdue", text, url, "orders.view_reconcilerun")
    if figures.beyond_limits:
        text = f"{_many(figures.beyond_limits, 'movement')} by hand beyond a person's limit refused within a day"
        url = f"{_list('exchange.auditentry')}?action={BEYOND_LIMIT}"
        yield Alert(PAGE, "HandLimitReached", text, url, "exchange.view_auditentry")
    if figures.proposals:
        wait = "waits" if figures.proposals == 1 else "wait"
        text, url = f"{_many(figures.proposals, 'proposal')} {wait} for a second person", _list("proposals.proposal")
        yield Alert(INFO, "ProposalsWaiting", text, f"{url}?state__exact=proposed", "proposals.view_proposal")


def _markets(figures: Figures) -> Iterator[Alert]:
    engines, may_see = _list("orders.engineprocess"), "orders.view_engineprocess"
    if unserved := [market.symbol for market in figures.fleet.markets if market.is_unserved]:
        yield Alert(PAGE, "MarketUnserved", f"No engine for {_names(unserved)}", engines, may_see)
    if halted := [market.symbol for market in figures.markets if market.trading_state == TradingState.HALTED]:
        url = f"{_list('exchange.market')}?trading_state__exact=halted"
        yield Alert(WARN, "MarketHalted", f"Halted: {_names(halted)}", url, "exchange.view_market")
    served = [market for market in figures.fleet.markets if market.holder is not None]
    slow = [market.symbol for market in served if _p99_ms(market.holder) > SLOW_MS]
    if slow:
        text = f"One batch in a hundred takes longer than half a second: {_names(slow)}"
        yield Alert(WARN, "EngineSlow", text, engines, may_see)
    alone = [market.symbol for market in served if market.is_expected and not market.warm_standbys]
    if alone and len(figures.fleet.live) > 1:
        yield Alert(WARN, "NoStandby", f"No standby follows {_names(alone)}", engines, may_see)
    recovering = [market.symbol for market in served if (market.holder or {}).get("role") == Role.RECOVERING]
    if recovering:
        yield Alert(INFO, "Recovering", f"An engine is reading the book of {_names(recovering)}", engines, may_see)


def _processes(figures: Figures) -> Iterator[Alert]:
    tasks, may_see = _list("django_celery_beat.periodictask"), "django_celery_beat.view_periodictask"
    short = {table: days for table, days in figures.partition_days.items() if days < PARTITION_DAYS_MIN}
    if short:
        text = ", ".join(f"{table} for {_many(max(0, days), 'more day')}" for table, days in short.items())
        yield Alert(PAGE, "PartitionsRunningOut", f"Partitions are running out: {text}", tasks, may_see)
    if figures.scheduler_at is not None and figures.at - figures.scheduler_at > SCHEDULER_WITHIN:
        text = f"Celery beat has started nothing for {timesince(figures.scheduler_at, figures.at)}"
        yield Alert(PAGE, "SchedulerStopped", text, tasks, may_see)
    elif figures.analytics_at is not None and figures.at - figures.analytics_at > ANALYTICS_WITHIN:
        text = f"The day's trades and fees were last added up {timesince(figures.analytics_at, figures.at)} ago"
        yield Alert(WARN, "AnalyticsOld", text, tasks, may_see)
    if figures.switched_off:
        level = PAGE if RECONCILIATION in figures.switched_off else WARN
        yield Alert(level, "TaskSwitchedOff", f"Switched off: {_names(list(figures.switched_off))}", tasks, may_see)
    for check in run_checks():
        if check.error is not None and check.name != "engines":  # that is MarketUnserved
            yield Alert(PAGE, "NotReady", f"{check.name} does not work: {check.error}", tasks, may_see)


def _p99_ms(holder: dict[str, object] | None) -> float:
    pace = (holder or {}).get("pace")
    return float(pace["p99_ms"]) if isinstance(pace, dict) and pace["batches"] >= SLOW_BATCHES else 0.0


def _list(model: str) -> str:
    return reverse(f"admin:{model.replace('.', '_')}_changelist")


def _many(count: int, noun: str, plural: str = "s") -> str:
    return f"{count:,} {noun}{'' if count == 1 else plural}"


def _names(symbols: list[str]) -> str:
    return ", ".join(symbols[:5]) + (f" and {len(symbols) - 5} more" if len(symbols) > 5 else "")
