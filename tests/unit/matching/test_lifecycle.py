"""The table of a market's life in an engine process: what may follow what, and what the others are told."""

import asyncio
import re

import pytest

from config.embedded.settings import PROJECT
from matching.lifecycle import (
    ENDING,
    LEAVING,
    ROLES,
    STANDING_BY,
    TRANSITIONS,
    MarketEvent,
    MarketLifecycle,
    MarketState,
    transition,
)
from matching.roster import HOLDERS


@pytest.mark.parametrize("state", MarketState)
@pytest.mark.parametrize("event", MarketEvent)
def test_an_event_leads_where_the_table_says_or_is_impossible(state: MarketState, event: MarketEvent) -> None:
    after = TRANSITIONS.get((state, event))
    if after is None:
        with pytest.raises(AssertionError, match=f"Invariant: a market that is {state} does not {event}"):
            transition(state, event)
    else:
        assert transition(state, event) is after


def test_the_table_knows_every_state_and_every_event() -> None:
    assert {state for state, _ in TRANSITIONS} == set(MarketState)
    assert {event for _, event in TRANSITIONS} == set(MarketEvent)


def test_every_state_can_be_reached_from_cold() -> None:
    reached = {MarketState.COLD}
    while (more := reached | {after for (state, _), after in TRANSITIONS.items() if state in reached}) != reached:
        reached = more
    assert reached == set(MarketState)


@pytest.mark.parametrize("state", MarketState)
def test_a_market_can_be_stopped_and_released_in_every_state(state: MarketState) -> None:
    stopped = transition(state, MarketEvent.STOP)

    assert stopped in ENDING
    assert transition(stopped, MarketEvent.RELEASE) is MarketState.STOPPED
    assert transition(state, MarketEvent.RELEASE) in {*STANDING_BY, MarketState.STOPPED}


def test_what_ends_never_serves_again() -> None:
    assert all(after in ENDING for (state, _), after in TRANSITIONS.items() if state in ENDING)


def test_only_a_market_that_is_served_is_handed_over() -> None:
    assert [state for state, event in TRANSITIONS if event is MarketEvent.HAND_OVER] == [MarketState.SERVING]


def test_each_state_has_a_role_and_those_with_the_lock_are_told_as_holders() -> None:
    assert ROLES.keys() == set(MarketState)
    holders = {state for state, role in ROLES.items() if role in HOLDERS}
    assert holders == {MarketState.RECOVERING, MarketState.SERVING, *LEAVING}


def test_a_pause_ends_when_the_market_is_told_to_stop() -> None:
    async def pause() -> MarketState:
        lifecycle = MarketLifecycle()
        asyncio.get_running_loop().call_later(0.01, lifecycle.apply, MarketEvent.STOP)
        await asyncio.wait_for(lifecycle.pause(60), 5)
        return lifecycle.state

    assert asyncio.run(pause()) is MarketState.STOPPED


def test_the_documented_tables_are_those_of_the_code() -> None:
    text = (PROJECT / "docs" / "recovery.md").read_text()

    documented = re.findall(r"^\| `([a-z ]+)` \| ([a-z ]+) \| `([a-z ]+)` \|$", text, re.MULTILINE)
    roles = re.findall(r"^\| `([a-z ]+)` \| [^|`]+ \| (cold|warm|recovering|active) \|$", text, re.MULTILINE)
    assert {(state, event): after for state, event, after in documented} == TRANSITIONS
    assert dict(roles) == ROLES
