"""The dashboard's charts: volume and trades of 24 hours and of 30 days, one pair for each quote asset."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from operations.dashboard.figures import DAYS, HOURS, Figures, Traded

__all__ = ["OPTIONS", "charts_of", "quotes_of"]

_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)
QUOTES_MAX: Final = 5
OPTIONS: Final[dict[str, Any]] = {
    "animation": False,
    "responsive": True,
    "maintainAspectRatio": False,
    "interaction": {"mode": "index", "intersect": False},
    "plugins": {"legend": {"position": "top", "align": "end", "labels": {"boxWidth": 10, "boxHeight": 10}}},
    "scales": {
        "x": {"grid": {"display": False}, "ticks": {"maxTicksLimit": 8, "maxRotation": 0}},
        "y": {"beginAtZero": True, "ticks": {"maxTicksLimit": 5}, "title": {"display": True, "text": "volume"}},
        "trades": {
            "position": "right",
            "beginAtZero": True,
            "grid": {"display": False},
            "ticks": {"maxTicksLimit": 5, "precision": 0},
            "title": {"display": True, "text": "trades"},
        },
    },
}


def quotes_of(figures: Figures) -> list[str]:
    """Return the quote assets in which anything was traded in 30 days, most trades first; at most QUOTES_MAX."""
    trades: dict[str, int] = defaultdict(int)
    for traded in (*figures.month, *figures.day):
        trades[traded.quote] += traded.trades
    return sorted(trades, key=lambda quote: (-trades[quote], quote))[:QUOTES_MAX]


def charts_of(figures: Figures) -> dict[str, dict[str, Any]]:
    """Return the data of both charts, by quote asset, as Chart.js takes them."""
    hour = figures.at.replace(minute=0, second=0, microsecond=0)
    midnight = hour.replace(hour=0)
    hours = [hour - back * _HOUR for back in reversed(range(HOURS))]
    days = [midnight - back * _DAY for back in reversed(range(DAYS))]
    return {
        quote: {
            "day": _chart(quote, figures.day, hours, _hour_of, "%H:%M"),
            "month": _chart(quote, figures.month, days, _day_of, "%d %b"),
        }
        for quote in quotes_of(figures)
    }


def _hour_of(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _day_of(moment: datetime) -> datetime:
    return _hour_of(moment).replace(hour=0)


def _chart(
    quote: str, rows: Sequence[Traded], slots: Sequence[datetime], slot_of: Callable[[datetime], datetime], label: str
) -> dict[str, Any]:
    volumes, trades = defaultdict[datetime, Decimal](Decimal), defaultdict[datetime, int](int)
    for row in rows:
        if row.quote == quote:
            volumes[slot_of(row.opened_at)] += row.volume
            trades[slot_of(row.opened_at)] += row.trades
    return {
        "labels": [slot.strftime(label) for slot in slots],
        "datasets": [
            {
                "type": "line",
                "label": "trades",
                "yAxisID": "trades",
                "data": [trades[slot] for slot in slots],
                "borderColor": "#f59e0b",
                "backgroundColor": "#f59e0b",
                "borderWidth": 2,
                "pointRadius": 0,
                "tension": 0.2,
            },
            {  # for a picture only: money is a decimal everywhere else
                "type": "bar",
                "label": f"volume in {quote}",
                "data": [float(volumes[slot]) for slot in slots],
                "backgroundColor": "#6366f1",
                "borderRadius": 3,
            },
        ],
    }
