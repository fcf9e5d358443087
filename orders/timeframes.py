"""The periods of candles: each opens at a multiple of its length since 1970-01-01 00:00 UTC, the week on a Monday."""

from typing import Final

__all__ = ["FINEST", "TIMEFRAMES", "opening_ms"]

_MINUTE_MS: Final = 60_000
_DAY_MS: Final = 24 * 60 * _MINUTE_MS
_FIRST_MONDAY_MS: Final = 4 * _DAY_MS  # 1970-01-05
FINEST: Final = "1m"
# Name -> length in milliseconds, finest first. Each is made of whole ones of any finer.
TIMEFRAMES: Final[dict[str, int]] = {
    FINEST: _MINUTE_MS,
    "5m": 5 * _MINUTE_MS,
    "15m": 15 * _MINUTE_MS,
    "1h": 60 * _MINUTE_MS,
    "4h": 240 * _MINUTE_MS,
    "1d": _DAY_MS,
    "1w": 7 * _DAY_MS,
}


def opening_ms(timeframe: str, time_ms: int) -> int:
    """Return when the candle opened that covers a moment.

    >>> opening_ms("1w", 1_762_795_433_971), opening_ms("5m", 1_762_795_433_971)
    (1762732800000, 1762795200000)
    """
    first = _FIRST_MONDAY_MS if timeframe == "1w" else 0
    return time_ms - (time_ms - first) % TIMEFRAMES[timeframe]
