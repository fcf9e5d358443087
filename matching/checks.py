"""System checks: settings that would break a promise about time."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from matching.timing import CLOCK_SKEW_MS, GRACE_MS, HORIZON_MS

__all__ = ["check_command_timeout"]

COMMAND_TIMEOUT_MS_MAX = HORIZON_MS - GRACE_MS - CLOCK_SKEW_MS


@register()
def check_command_timeout(app_configs: Sequence[AppConfig] | None, **_: Any) -> Iterable[CheckMessage]:
    """E001: a command that is executed in time is not refused by the engine as too old."""
    if settings.COMMAND_TIMEOUT_MS > COMMAND_TIMEOUT_MS_MAX:
        yield Error(
            f"COMMAND_TIMEOUT_MS is {settings.COMMAND_TIMEOUT_MS}: commands would be refused as too old before that,"
            " and the trading page would call orders lost that are still executed.",
            hint=f"Set COMMAND_TIMEOUT_MS to at most {COMMAND_TIMEOUT_MS_MAX}, or remove it for the default.",
            id="matching.E001",
        )
