"""The promises about time that parts of the exchange make to each other, in milliseconds, and what they rest on.

A duration that only one module knows stays in that module. What stands here is relied on by another: by another
process, by the page, or by the database's statements. Each relation is asserted when this module is imported.
"""

from typing import Final


def seconds(milliseconds: int) -> float:
    """Return a duration as asyncio and the standard library want it."""
    return milliseconds / 1000


def interval(milliseconds: int) -> str:
    """Return a duration as PostgreSQL reads an interval."""
    return f"{milliseconds} milliseconds"


# --- a command ------------------------------------------------------------------------------------
# Its deadline is settings.COMMAND_TIMEOUT_MS after it is sent; see `matching.checks` for what that may be.

GRACE_MS: Final = 250
"""How long after its deadline a command may still be committed, and its gateway still takes the answer."""

CALLER_GRACE_MS: Final = 1_000
"""How long after its deadline the caller of a gateway still waits for the gateway's answer."""

CLOCK_SKEW_MS: Final = 1_000
"""How far the clocks of the hosts of one exchange may be apart."""

HORIZON_MS: Final = 15_000
"""A command is refused when its order's id is older, or as far ahead, by the engine's clock."""

REMEMBERED_MS: Final = 2 * HORIZON_MS
"""How long an engine knows an order's id, so that a command which arrives twice is executed once."""

SETTLED_AFTER_MS: Final = HORIZON_MS + CLOCK_SKEW_MS
"""After so long without an order the page says that it was not placed (SETTLED_MS in `submission.js`)."""

assert GRACE_MS < CALLER_GRACE_MS, "Invariant: the gateway gives up before its caller does"
assert REMEMBERED_MS >= 2 * HORIZON_MS, "Invariant: an id is known for as long as the engine takes commands with it"
assert GRACE_MS + CLOCK_SKEW_MS < HORIZON_MS, "Invariant: a command that is in time is not refused for its age"
assert SETTLED_AFTER_MS >= HORIZON_MS + CLOCK_SKEW_MS, "Invariant: what the page calls lost is executed nowhere later"

FUNDING_MS: Final = 250
"""How long an order waits for the settlement of what its user has traded, before it is denied for lack of funds."""

# --- the engine that serves a market --------------------------------------------------------------

HEARTBEAT_MS: Final = 250
"""An engine refreshes a market's heartbeat so often."""

HEARTBEAT_TTL_MS: Final = 1_000
"""A heartbeat that is not refreshed expires after so long."""

LIVENESS_MS: Final = 100
"""How long a gateway trusts a heartbeat that it has seen."""

DRAIN_MS: Final = 400
"""How long an engine that leaves a market still executes what gateways send it."""

FLUSH_MS: Final = 1_000
"""How long an engine that leaves a market waits until all outcomes are published."""

STANDBY_MS: Final = 200
"""A standby tries for the lock so often."""

PATIENCE_MS: Final = 1_500
"""Commands wait in a gateway so long for a standby to take over."""

assert 3 * HEARTBEAT_MS < HEARTBEAT_TTL_MS, "Invariant: an engine that works is not given up for a lost heartbeat"
assert FUNDING_MS < DRAIN_MS, "Invariant: orders that wait for settlement are answered before an engine leaves"
assert LIVENESS_MS < DRAIN_MS, "Invariant: an engine takes commands until every gateway knows that it leaves"
assert STANDBY_MS + HEARTBEAT_TTL_MS < PATIENCE_MS, "Invariant: commands outwait a standby that takes over"

# --- the engine processes among themselves --------------------------------------------------------

REPORT_MS: Final = 500
"""An engine process reports itself so often."""

REPORT_IN_TIME_MS: Final = 1_200
"""Between two reports of a process that may judge others by their silence."""

OWN_REPORT_MS: Final = 1_000
"""The last report of a process that deposes another is no older."""

MAINTENANCE_MS: Final = 1_000
"""An engine looks after each of its markets so often, on the session that has the market's lock."""

LIVE_MS: Final = 2_000
"""A process that has not reported itself for longer counts as gone."""

SUSPENDED_MS: Final = 2_000
"""A holder whose reports and whose session have both been silent for so long is suspended."""

SUSPENDED_RECOVERING_MS: Final = 30_000
"""The same for a holder that was reading its book: the garbage collector may hold everything else up."""

SUSPENDED_UNKNOWN_MS: Final = 60_000
"""The same for a holder that never reported itself, of an older release for instance."""

UNSERVED_MS: Final = 1_000
"""Any process may take a market that none has been seen serving for so long."""

NEWS_MS: Final = 3_000
"""A process that has read no reports for so long tries for every market."""

TAKE_OVER_MS: Final = 5_000
"""The heir of a market that was released has to take it within this."""

assert 2 * REPORT_MS <= OWN_REPORT_MS, "Invariant: one late report does not make a process blind"
assert 2 * REPORT_MS < REPORT_IN_TIME_MS < SUSPENDED_MS, "Invariant: a process is in time before others are silent"
assert 2 * REPORT_MS <= UNSERVED_MS, "Invariant: a market that is served is reported before any process may take it"
assert MAINTENANCE_MS < SUSPENDED_MS, "Invariant: the session of an engine that works is never silent for so long"
assert LIVE_MS <= SUSPENDED_MS, "Invariant: a process that may be deposed counts as gone"
assert SUSPENDED_MS < SUSPENDED_RECOVERING_MS < SUSPENDED_UNKNOWN_MS, "Invariant: the less is known the longer the wait"
assert LIVE_MS < NEWS_MS, "Invariant: a process that reads nothing counts as gone before it tries for every market"
assert DRAIN_MS + FLUSH_MS + STANDBY_MS < TAKE_OVER_MS, "Invariant: an heir has time to take what is released"
