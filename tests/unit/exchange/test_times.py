from datetime import UTC, datetime, timedelta, timezone

import pytest

from base.times import iso_ms, iso_ms_of, moment_of, ms_of

NEW_YEAR_MS = 1_767_225_600_000


@pytest.mark.parametrize("time_ms", [0, 1, 999, NEW_YEAR_MS, NEW_YEAR_MS + 1, NEW_YEAR_MS + 999])
def test_milliseconds_become_a_moment_and_come_back(time_ms: int) -> None:
    assert ms_of(moment_of(time_ms)) == time_ms
    assert iso_ms(moment_of(time_ms)) == iso_ms_of(time_ms)


def test_what_is_finer_than_a_millisecond_is_cut() -> None:
    moment = datetime(2026, 1, 1, 0, 0, 0, 123_999, UTC)
    assert ms_of(moment) == NEW_YEAR_MS + 123
    assert iso_ms(moment) == "2026-01-01T00:00:00.123Z"


def test_a_moment_of_another_time_zone_is_the_same_moment() -> None:
    assert ms_of(datetime(2026, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))) == NEW_YEAR_MS
