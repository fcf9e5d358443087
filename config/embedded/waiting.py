"""Wait until a server answers."""

import time
from collections.abc import Callable

import psycopg

from config.embedded.errors import LaunchError


def wait_for(name: str, attempt: Callable[[], None], timeout_s: float) -> None:
    """Try something again and again until the server lets it happen. Raises LaunchError when the time is over."""
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            return attempt()
        except (OSError, psycopg.OperationalError) as error:
            if time.monotonic() > deadline:
                raise LaunchError(f"{name} did not answer within {timeout_s:.0f} s: {error}") from error
        time.sleep(0.05)
