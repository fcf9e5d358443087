"""Who may try to log in: limits by address, by account, and by both, for the API and the back office together.

An address may try LOGIN_RATE_PER_MINUTE times a minute, whether it succeeds or not. Failures are kept for an hour:
with more of them than are free, the next try must wait for a second, then two, four, up to a quarter of an hour. A try
counts as a failure when it begins, and no more when it has succeeded.

An account is nobody's to lock: from an address at which it has logged in within 30 days only their own common failures
count, not those of the account elsewhere.
"""

import hashlib
from typing import Final

from django.conf import settings

from base.refused import REFUSED
from base.throttling.counts import stand
from base.throttling.failures import FAILURES

__all__ = ["login_succeeded", "login_wait_s"]

LOGIN_WINDOW_S: Final = 60
FREE_TOGETHER: Final = 5
"""Failures of an account at one address before the next must wait."""
WAIT_MAX_S: Final = 900


def login_wait_s(address: str, username: str) -> float:
    """Count a log-in that is to be tried; return for how many seconds it must wait, 0 when it may be tried now.

    One round trip to Valkey, two when it may be tried; without Valkey this process's own counts decide.
    """
    standing = stand(f"login:{address}", LOGIN_WINDOW_S, settings.LOGIN_RATE_PER_MINUTE)
    if not standing.is_within:
        return _refuse("login rate", standing.reset_s)
    keys = _keys(address, username)
    free = _free(keys)
    wait_s = FAILURES.wait_s(list(free))
    if wait_s:
        return _refuse("login failures", wait_s)
    for key, count in FAILURES.count(list(free)).items():
        if count > free[key]:
            FAILURES.delay(key, min(WAIT_MAX_S, 2 ** min(count - free[key] - 1, 16)))
    return 0.0


def login_succeeded(address: str, username: str) -> None:
    """Take back what `login_wait_s` has counted, and remember that this account logs in at this address."""
    of_address, of_account, together = _keys(address, username)
    FAILURES.forget([of_account, together])
    FAILURES.take_back(of_address)
    FAILURES.remember(together)


def _free(keys: tuple[str, str, str]) -> dict[str, int]:
    """Return the failures that count for this try, and how many of each are free."""
    of_address, of_account, together = keys
    free = {together: FREE_TOGETHER}
    if not FAILURES.is_remembered(together):
        free |= {
            of_address: settings.LOGIN_FAILURES_PER_ADDRESS,
            of_account: settings.LOGIN_FAILURES_PER_ACCOUNT,
        }
    return free


def _keys(address: str, username: str) -> tuple[str, str, str]:
    # As the login reads it: otherwise one blank more would make another name, with tries of its own.
    name = username.strip()
    return _digest("address", address), _digest("account", name), _digest("both", address, name)


def _digest(*parts: str) -> str:
    return hashlib.sha256("|".join(parts).encode(errors="replace")).hexdigest()[:32]


def _refuse(limit: str, wait_s: float) -> float:
    REFUSED.labels(limit).inc()
    return max(1.0, wait_s)
