"""The dashboard: the admin's first page, and the part of it that a browser fetches again every few seconds."""

import json
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from threading import Lock
from typing import Any, Final, NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.timesince import timesince

from exchange.admin.base import Table, staff
from exchange.admin.columns import EMPTY, STATE_COLOURS, link_to, mark
from exchange.models import User
from operations.dashboard.alerts import Alert, alerts_of
from operations.dashboard.charts import OPTIONS, charts_of
from operations.dashboard.figures import Figures, dashboard_figures
from operations.engines.selectors import ServedMarket

__all__ = ["dashboard_context", "dashboard_part", "forget_dashboard"]

SHARED_S: Final = 2.0  # all viewers of this process's dashboard share what was read
ENGINE_RIGHT: Final = "orders.view_marketsequence"
TRADES_RIGHT: Final = "orders.view_trade"


class Card(NamedTuple):
    """One figure with a note below, and a link to its source."""

    title: str
    value: str
    note: str
    url: str
    permission: str
    is_bad: bool = False


class _Read(NamedTuple):
    at: float
    figures: Figures
    alerts: list[Alert]


_lock = Lock()
_last: _Read | None = None


def dashboard_context(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add the dashboard to the context of the admin's first page, as far as the user may see it."""
    return {**context, **_context_for(staff(request)), "title": "Dashboard", "chart_options": json.dumps(OPTIONS)}


def dashboard_part(request: HttpRequest) -> HttpResponse:
    """Answer with what changes: alerts, figures, engines, and the charts' data."""
    return render(request, "admin/dashboard/live.html", _context_for(staff(request)))


def forget_dashboard() -> None:
    """Have this process read everything again for the next viewer."""
    global _last
    _last = None


def _read() -> _Read:
    """Return what was read at most SHARED_S ago; one reads, and the others wait for it."""
    global _last
    with _lock:
        if _last is None or time.monotonic() - _last.at > SHARED_S:
            figures = dashboard_figures()
            _last = _Read(time.monotonic(), figures, alerts_of(figures))
        return _last


def _context_for(user: User) -> dict[str, Any]:
    _, figures, alerts = _read()
    charts = charts_of(figures) if user.has_perm(TRADES_RIGHT) else {}
    return {
        "read_at": figures.at,
        "alerts": [alert for alert in alerts if user.has_perm(alert.permission)],
        "is_blind": not user.has_perm(TRADES_RIGHT),
        "cards": [card for card in _cards(figures) if user.has_perm(card.permission)],
        "engines": _engine_table(figures) if user.has_perm(ENGINE_RIGHT) else None,
        "charts": charts,
        "charts_at_first": {name: json.dumps(data) for name, data in next(iter(charts.values()), {}).items()},
        "dashboard_url": reverse("admin-dashboard"),
    }


def _cards(figures: Figures) -> list[Card]:
    volumes: dict[str, Decimal] = {}
    for traded in figures.day:
        volumes[traded.quote] = volumes.get(traded.quote, Decimal(0)) + traded.volume
    trades = sum(traded.trades for traded in figures.day)
    oldest = min((backlog.oldest_at for backlog in figures.backlog if backlog.oldest_at), default=None)
    dead, retrying = figures.dead_letters, sum(figures.failing.values()) - figures.dead_letters
    failures = _list("settlement.failedsettlement")
    return [
        Card("Volume, 24 hours", *_first_and_others(volumes), _list("marketdata.marketday"), TRADES_RIGHT),
        Card(
            "Trades, 24 hours",
            f"{trades:,}",
            f"{_per_minute(trades, figures)} a minute",
            _list("orders.trade"),
            TRADES_RIGHT,
        ),
        Card(
            "Active users, 24 hours",
            f"{figures.active_users:,}",
            f"placed an order; {_as_of(figures, figures.activity_at)}",
            _list("marketdata.useractivity"),
            "marketdata.view_useractivity",
        ),
        Card(
            "Open orders",
            f"{figures.open_orders:,}",
            "in all books, stops included",
            _list("orders.order"),
            "orders.view_order",
        ),
        Card(
            "Waiting for settlement",
            f"{figures.pending_trades:,}",
            f"the oldest for {_seconds(figures, oldest)}" if oldest else "nothing is waiting",
            f"{_list('orders.trade')}?settlement_status__exact=pending",
            TRADES_RIGHT,
        ),
        Card(
            "Failed settlements",
            f"{dead:,}",
            f"{retrying:,} are retried automatically",
            f"{failures}?state__exact=dead",
            "settlement.view_failedsettlement",
            is_bad=dead > 0,
        ),
        Card(
            "Fees earned, 24 hours",
            *_first_and_others(figures.fees_of_day, note=_as_of(figures, figures.analytics_at)),
            _list("marketdata.marketday"),
            "marketdata.view_marketday",
        ),
        Card(
            "Fees on the books",
            *_first_and_others(figures.fees_earned),
            f"{_list('settlement.account')}?kind__exact=fees",
            "settlement.view_account",
        ),
    ]


def _as_of(figures: Figures, moment: datetime | None) -> str:
    return f"as of {timesince(moment, figures.at)} ago" if moment else "not added up yet"


def _first_and_others(amounts: Mapping[str, Decimal], note: str = "") -> tuple[str, str]:
    """Return the largest amount, and the others as a note: by number, for there is no rate between assets."""
    ordered = sorted(((amount, asset) for asset, amount in amounts.items() if amount), reverse=True)
    if not ordered:
        return "0", note or "none"
    first, *others = [f"{rounded(amount)} {asset}" for amount, asset in ordered]
    return first, " · ".join([*others[:3], *([note] if note else [])]) or "no other asset"


def rounded(amount: Decimal) -> str:
    """Return an amount to be seen at a glance: whole thousands, or three digits of what is small."""
    if amount >= 1_000:
        return f"{amount:,.0f}"
    return f"{amount:,.2f}" if amount >= 1 else f"{amount:.3g}"


def _per_minute(trades: int, figures: Figures) -> str:
    rate = trades / (figures.traded_for / timedelta(minutes=1))
    return f"{rate:,.1f}" if not trades or rate > 0.1 else f"{rate:.2g}"


def _seconds(figures: Figures, since: Any) -> str:
    seconds = max(0, int((figures.at - since).total_seconds()))
    return f"{seconds} s" if seconds < 60 else timesince(since, figures.at)


def _engine_table(figures: Figures) -> Table:
    headers = (
        "Market",
        "State",
        "Served by",
        "Seq",
        "Batches/s",
        "Batch size",
        "Commit p50",
        "Commit p99",
        "Open orders",
        "Standby",
    )
    lines = {line.symbol: line for line in figures.markets}
    rows = [_engine_row(market, lines[market.symbol]) for market in figures.fleet.markets if market.symbol in lines]
    return Table("Engines, over the last 10 seconds", headers, rows)


def _engine_row(market: ServedMarket, line: Any) -> list[Any]:
    holder: dict[str, Any] = market.holder or {}
    pace = holder.get("pace") or {}
    batches, requests = pace.get("batches", 0), pace.get("requests", 0)
    state = mark(line.trading_state.replace("_", "-"), STATE_COLOURS.get(line.trading_state, ""))
    lags = [standby["lag"] for standby in market.standbys if standby["lag"] is not None]
    warm = mark(f"{len(lags)} warm, {min(lags)} behind", "success") if lags else EMPTY
    return [
        link_to("exchange.market", line.pk, market.symbol),
        state,
        f"{holder['host']} {holder['pid']}" if holder else (mark("nobody", "danger") if market.is_expected else EMPTY),
        f"{market.seq:,}",
        f"{batches / 10:,.1f}" if holder else EMPTY,
        f"{requests / batches:,.1f}" if batches else EMPTY,
        f"{pace['p50_ms']:,.1f} ms" if batches else EMPTY,
        f"{pace['p99_ms']:,.1f} ms" if batches else EMPTY,
        f"{holder['open_orders']:,}" if holder.get("open_orders") is not None else EMPTY,
        warm,
    ]


def _list(model: str) -> str:
    return reverse(f"admin:{model.replace('.', '_')}_changelist")
