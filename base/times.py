"""Times as the public interface writes them: ISO 8601, UTC, milliseconds."""

from datetime import UTC, datetime

__all__ = ["iso_ms", "iso_ms_of", "moment_of"]


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
