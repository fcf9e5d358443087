"""Times: an aware moment, milliseconds since 1970, and ISO 8601 as the public interface writes it."""

import time
from datetime import UTC, datetime, timedelta
from typing import Final

__all__ = ["iso_ms", "iso_ms_of", "moment_of", "ms_of", "wall_clock_ms"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


def iso_ms(moment: datetime) -> str:
    """Return an aware moment as `2026-01-31T23:59:59.123Z`; what is finer than a millisecond is cut."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def iso_ms_of(time_ms: int) -> str:
    """Return milliseconds since 1970 as `2026-01-31T23:59:59.123Z`."""
    seconds, rest = divmod(time_ms, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC).isoformat()[:-6]}.{rest:03d}Z"


def moment_of(time_ms: int) -> datetime:
    """Return milliseconds since 1970 as an aware moment, UTC."""
    return datetime.fromtimestamp(time_ms / 1000, UTC)


def ms_of(moment: datetime) -> int:
    """Return an aware moment as milliseconds since 1970; what is finer than a millisecond is cut, exactly."""
    return (moment - _EPOCH) // _MILLISECOND


def wall_clock_ms() -> int:
    """Return the time by this host's clock, in milliseconds since 1970."""
    return time.time_ns() // 1_000_000
