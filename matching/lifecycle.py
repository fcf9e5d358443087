"""The life of a market in an engine process: which event takes it from which state to which.

Every change of state goes through `transition`. All of it happens on the event loop, but what is under way in the
market's thread ends only later: a market that was told to stop meanwhile goes on stopping.
"""

import asyncio
import contextlib
from enum import StrEnum
from typing import Final

from matching.roster import Role


class MarketState(StrEnum):
    """What a process does about a market."""

    COLD = "cold"  # waits for the lock
    WARM = "warm"  # waits for the lock with a book that follows the journal
    RECOVERING = "recovering"  # has the lock, or had it until a batch failed, and makes the book anew
    SERVING = "serving"  # executes commands
    HANDING_OVER = "handing over"  # finishes what it was sent, and lets another process have the market
    STOPPING = "stopping"  # finishes what it was sent, and ends
    STOPPED = "stopped"  # takes nothing any more


class MarketEvent(StrEnum):
    """What happens to a market."""

    FOLLOW = "follow"  # the copy of the book is up to date
    FORGET = "forget"  # there is no copy that is up to date
    LOCK = "lock"  # this process has the lock
    RECOVER = "recover"  # the book is there
    FAIL = "fail"  # a batch did
    HAND_OVER = "hand over"  # another process is to serve the market
    STOP = "stop"  # the process is ending
    RELEASE = "release"  # the lock was given back, or another process has it


_S, _E = MarketState, MarketEvent

TRANSITIONS: Final = {
    (_S.COLD, _E.FOLLOW): _S.WARM,
    (_S.COLD, _E.FORGET): _S.COLD,
    (_S.COLD, _E.LOCK): _S.RECOVERING,
    (_S.COLD, _E.STOP): _S.STOPPED,
    (_S.COLD, _E.RELEASE): _S.COLD,
    (_S.WARM, _E.FOLLOW): _S.WARM,
    (_S.WARM, _E.FORGET): _S.COLD,
    (_S.WARM, _E.LOCK): _S.RECOVERING,
    (_S.WARM, _E.STOP): _S.STOPPED,
    (_S.WARM, _E.RELEASE): _S.WARM,
    (_S.RECOVERING, _E.RECOVER): _S.SERVING,
    (_S.RECOVERING, _E.STOP): _S.STOPPING,
    (_S.RECOVERING, _E.RELEASE): _S.COLD,
    (_S.SERVING, _E.FAIL): _S.RECOVERING,
    (_S.SERVING, _E.HAND_OVER): _S.HANDING_OVER,
    (_S.SERVING, _E.STOP): _S.STOPPING,
    (_S.SERVING, _E.RELEASE): _S.COLD,
    (_S.HANDING_OVER, _E.FAIL): _S.HANDING_OVER,
    (_S.HANDING_OVER, _E.STOP): _S.STOPPING,
    (_S.HANDING_OVER, _E.RELEASE): _S.COLD,
    (_S.STOPPING, _E.RECOVER): _S.STOPPING,  # it finishes what waits
    (_S.STOPPING, _E.FAIL): _S.STOPPING,
    (_S.STOPPING, _E.STOP): _S.STOPPING,
    (_S.STOPPING, _E.RELEASE): _S.STOPPED,
    (_S.STOPPED, _E.FOLLOW): _S.STOPPED,
    (_S.STOPPED, _E.FORGET): _S.STOPPED,
    (_S.STOPPED, _E.LOCK): _S.STOPPED,  # it is given back at once
    (_S.STOPPED, _E.STOP): _S.STOPPED,
    (_S.STOPPED, _E.RELEASE): _S.STOPPED,
}
"""(state, event) -> state after it."""

ROLES: Final = {
    _S.COLD: Role.COLD,
    _S.WARM: Role.WARM,
    _S.RECOVERING: Role.RECOVERING,
    _S.SERVING: Role.ACTIVE,
    _S.HANDING_OVER: Role.ACTIVE,
    _S.STOPPING: Role.ACTIVE,
    _S.STOPPED: Role.COLD,
}
"""The role that a process reports to the others."""

STANDING_BY: Final = frozenset({_S.COLD, _S.WARM})
LEAVING: Final = frozenset({_S.HANDING_OVER, _S.STOPPING})
ENDING: Final = frozenset({_S.STOPPING, _S.STOPPED})


def transition(state: MarketState, event: MarketEvent) -> MarketState:
    """Return the state after an event. Raises AssertionError for what cannot happen in this state."""
    after = TRANSITIONS.get((state, event))
    assert after is not None, f"Invariant: a market that is {state} does not {event}"
    return after


class MarketLifecycle:
    """The state of one market. Belongs to the event loop."""

    def __init__(self) -> None:
        self._state = MarketState.COLD
        self._ending = asyncio.Event()

    @property
    def state(self) -> MarketState:
        return self._state

    @property
    def role(self) -> Role:
        return ROLES[self._state]

    def apply(self, event: MarketEvent) -> None:
        """Change the state by what happened."""
        self._state = transition(self._state, event)
        if event is MarketEvent.STOP:
            self._ending.set()

    async def pause(self, seconds: float) -> None:
        """Wait, but no longer than until the market is told to stop."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ending.wait(), seconds)
