"""Which process serves which market, read from what the engine processes report."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

from base.times import iso_ms, iso_ms_of
from exchange.models import Market, TradingState
from matching.roster import HOLDERS, Role
from matching.timing import LIVE_MS, seconds
from orders.models import EngineProcess, MarketSequence

__all__ = ["Fleet", "ProcessView", "ServedMarket", "engine_fleet"]


@dataclass(frozen=True, slots=True)
class ProcessView:
    """An engine process; `markets` maps each role to the symbols it has it for."""

    id: str
    host: str
    pid: int
    started_at: str
    beat_age_s: float
    is_live: bool
    listed: Sequence[str] | None
    markets: dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class ServedMarket:
    """A market and its processes: `holder` is None when none serves it. `standbys` have roles, and lag in events."""

    symbol: str
    seq: int
    state_hash: str
    is_expected: bool  # a closed market needs no engine
    holder: dict[str, Any] | None
    standbys: list[dict[str, Any]] = field(default_factory=list)

    @property
    def is_unserved(self) -> bool:
        return self.holder is None and self.is_expected

    @property
    def warm_standbys(self) -> int:
        return sum(standby["role"] == Role.WARM for standby in self.standbys)


@dataclass(frozen=True, slots=True)
class Fleet:
    """All engine processes and all markets."""

    processes: list[ProcessView]
    markets: list[ServedMarket]

    @property
    def live(self) -> list[ProcessView]:
        return [process for process in self.processes if process.is_live]

    @property
    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def engine_fleet() -> Fleet:
    """Return which process serves which market, by the database's clock. Four queries."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
    rows = list(EngineProcess.objects.order_by("started_at"))
    live = [row for row in rows if _age_s(row, now) <= seconds(LIVE_MS)]
    sequences = {sequence.pk: sequence for sequence in MarketSequence.objects.all()}
    markets = Market.objects.order_by("symbol").values_list("pk", "symbol", "trading_state")
    return Fleet(
        [_process(row, now) for row in rows],
        [_market(symbol, state, sequences.get(pk), live, now) for pk, symbol, state in markets],
    )


def _age_s(row: EngineProcess, now: datetime) -> float:
    return round((now - row.beat_at).total_seconds(), 2)


def _process(row: EngineProcess, now: datetime) -> ProcessView:
    age_s = _age_s(row, now)
    by_role: dict[str, list[str]] = {}
    for report in row.markets:
        by_role.setdefault(report["role"], []).append(report["symbol"])
    started_at = iso_ms(row.started_at)
    is_live = age_s <= seconds(LIVE_MS)
    return ProcessView(str(row.pk), row.host, row.pid, started_at, age_s, is_live, row.listed, by_role)


def _market(
    symbol: str, state: str, sequence: MarketSequence | None, live: Sequence[EngineProcess], now: datetime
) -> ServedMarket:
    seq = sequence.last_seq if sequence else 0
    holder: dict[str, Any] | None = None
    standbys = []
    for row in live:
        for report in row.markets:
            if report["symbol"] == symbol:
                view = _view(row, report, seq, now)
                if report["role"] in HOLDERS:
                    holder = view
                else:
                    standbys.append(view)
    state_hash = sequence.state_hash if sequence else ""
    return ServedMarket(symbol, seq, state_hash, state != TradingState.CLOSED, holder, standbys)


def _view(row: EngineProcess, report: dict[str, Any], seq: int, now: datetime) -> dict[str, Any]:
    """Return one process's part in one market; `lag` is how many events a warm copy is behind what is stored."""
    return {
        "host": row.host,
        "pid": row.pid,
        "role": report["role"],
        "since": iso_ms_of(report["since"]),
        "seq": report["seq"],
        "lag": max(0, seq - report["seq"]) if report["role"] == Role.WARM else None,
        "beat_age_s": _age_s(row, now),
        "heir": report["heir"],
        "pace": report.get("pace"),
        "open_orders": report.get("open_orders"),
    }
