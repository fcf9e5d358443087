"""Promises about time: what settings may be, what the page believes of them, and that a broken relation is refused."""

import re
import runpy
from pathlib import Path

import pytest
from pytest_django import Settings

from matching import timing
from matching.checks import COMMAND_TIMEOUT_MS_MAX, check_command_timeout

SOURCE = Path(timing.__file__).read_text()


def changed(name: str, value: int) -> str:
    """Return the module's source with another value of a promise."""
    source, count = re.subn(rf"^{name}: Final = .*$", f"{name}: Final = {value}", SOURCE, flags=re.MULTILINE)
    assert count == 1, name
    return source


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GRACE_MS", 1_000),
        ("REMEMBERED_MS", 29_999),
        ("HORIZON_MS", 1_250),
        ("SETTLED_AFTER_MS", 15_000),
        ("HEARTBEAT_TTL_MS", 750),
        ("DRAIN_MS", 100),
        ("PATIENCE_MS", 1_200),
        ("OWN_REPORT_MS", 999),
        ("REPORT_IN_TIME_MS", 2_000),
        ("UNSERVED_MS", 999),
        ("MAINTENANCE_MS", 2_000),
        ("LIVE_MS", 2_001),
        ("SUSPENDED_UNKNOWN_MS", 30_000),
        ("NEWS_MS", 2_000),
        ("TAKE_OVER_MS", 1_600),
    ],
)
def test_a_value_that_breaks_a_relation_is_refused_at_import(name: str, value: int, tmp_path: Path) -> None:
    module = tmp_path / "timing.py"
    module.write_text(changed(name, value))

    with pytest.raises(AssertionError, match="Invariant"):
        runpy.run_path(str(module))


def test_durations_are_given_as_others_want_them() -> None:
    assert timing.seconds(250) == 0.25
    assert timing.interval(1_200) == "1200 milliseconds"


@pytest.mark.parametrize(("timeout_ms", "found"), [(3_000, 0), (COMMAND_TIMEOUT_MS_MAX, 0), (15_000, 1)])
def test_a_command_may_not_wait_for_longer_than_the_engine_takes_it(
    settings: Settings, timeout_ms: int, found: int
) -> None:
    settings.COMMAND_TIMEOUT_MS = timeout_ms

    assert [message.id for message in check_command_timeout(None)] == ["matching.E001"] * found
