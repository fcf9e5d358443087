"""Recovery of a million open orders: `python -m benchmarks recovery_million`; see benchmarks/recovery.py."""

from benchmarks.recovery import run_million as run

__all__ = ["run"]
