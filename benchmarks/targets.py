"""What each figure must reach, which way is better, and a run's figures as they are kept in a file."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from operator import ge, le
from pathlib import Path
from typing import Any

__all__ = ["TARGETS", "Run", "is_met", "is_rate", "shown_value"]

# What each figure must reach on two cores, and whether it must be at least or at most that.
TARGETS: dict[str, tuple[str, float]] = {
    "engine_mixed_commands_per_s": (">=", 300_000),
    "stops_trade_cost_ratio": ("<=", 1.5),
    "stops_rising_cost_ratio": ("<=", 3),
    "stops_triggered_batches": ("<=", 1),
    "durable_orders_per_s": (">=", 5_000),
    "durable_p99_ms": ("<=", 200),
    "rest_orders_per_s": (">=", 300),
    "rest_p99_ms": ("<=", 100),
    "settlement_trades_per_s": (">=", 3_000),
    "settlement_p99_ms": ("<=", 1_000),
    "backlog_p99_ratio": ("<=", 2),
    "backlog_deadlocks": ("<=", 0),
    "recovery_100k_orders_s": ("<=", 5),
    "recovery_1m_orders_s": ("<=", 30),
    "failover_kill_s": ("<=", 3),
    "failover_stop_s": ("<=", 3),
    "reconcile_1m_trades_s": ("<=", 300),
    "back_office_slowest_ms": ("<=", 500),
    "back_office_filters_slowest_ms": ("<=", 500),
    "back_office_queries_max": ("<=", 26),
    "reads_suspended_p99_ms": ("<=", 250),
    "reads_stale_ms_max": ("<=", 250),
    "history_deep_p99_ms": ("<=", 50),
    "page_updates_per_s": (">=", 60),
    "page_main_thread_ms_per_s": ("<=", 500),
    "page_load_kb": ("<=", 215),
    "page_load_requests": ("<=", 105),
    "page_load_first_paint_ms": ("<=", 1_000),
    "page_load_interactive_ms": ("<=", 1_600),
    "worst_answer_ms": ("<=", 250),
}
_COMPARE = {">=": ge, "<=": le}


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The figures of one run, by name, and on what they were measured."""

    figures: Mapping[str, float]
    machine: Mapping[str, str]
    measured_on: str

    def write(self, path: Path) -> None:
        """Write them to a file, as JSON."""
        path.write_text(json.dumps(asdict(self), indent=2) + "\n")

    @classmethod
    def read(cls, path: Path) -> "Run":
        """Read what `write` wrote. Raises OSError, ValueError, TypeError."""
        return cls(**json.loads(path.read_text()))


def is_met(name: str, value: float) -> bool:
    """Tell whether a figure reaches its target."""
    sign, target = TARGETS[name]
    return bool(_COMPARE[sign](value, target))


def is_rate(name: str) -> bool:
    """Tell whether more is better; of times and counts less is."""
    return TARGETS[name][0] == ">="


def shown_value(value: Any) -> str:
    """Return a figure as tables show it."""
    if isinstance(value, Mapping):
        return "  ".join(f"{name} {shown_value(part)}" for name, part in value.items())
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:,.6g}" if abs(value) < 1_000 else f"{value:,.0f}"
    return str(value)
