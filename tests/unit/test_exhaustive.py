"""Every table over the engine's events and commands names each of them, those it leaves alone included."""

from collections.abc import Collection, Mapping
from typing import Any, get_args

import pytest

from journal import follower, recorder
from matching import codec
from matching.engine import Command, Event
from verification.replay import tracker

TABLES_OF_EVENTS: dict[str, Mapping[Any, Any]] = {
    "what records": recorder.ON_EVENT,
    "what verifies": tracker.ON_EVENT,
    "what follows": follower.ORDER_FIELDS,
}
TABLES_OF_COMMANDS: dict[str, Mapping[Any, Any]] = {
    "what records": recorder.AFTER_COMMAND,
    "what verifies": tracker.ON_COMMAND,
    "the numbers of the codec": codec.KINDS,
    "the ids of the codec": codec.IDS,
    "what the codec reads": codec.READ,
}


def forgotten(table: Collection[type[Any]], members: Any) -> set[str]:
    """Return the names of what a table does not have, and of what it has and does not exist."""
    return {member.__name__ for member in set(get_args(members)) ^ set(table)}


@pytest.mark.parametrize("table", TABLES_OF_EVENTS)
def test_a_table_of_events_names_each_event(table: str) -> None:
    assert forgotten(TABLES_OF_EVENTS[table], Event) == set()


@pytest.mark.parametrize("table", TABLES_OF_COMMANDS)
def test_a_table_of_commands_names_each_command(table: str) -> None:
    assert forgotten(TABLES_OF_COMMANDS[table], Command) == set()


@pytest.mark.parametrize("event", get_args(Event))
def test_a_row_less_is_noticed(event: type[Any]) -> None:
    for table in TABLES_OF_EVENTS.values():
        assert forgotten(set(table) - {event}, Event) == {event.__name__}


def test_an_event_more_is_noticed() -> None:
    class OrderForgotten:
        """An event that somebody adds."""

    for table in TABLES_OF_EVENTS.values():
        assert forgotten(table, Event | OrderForgotten) == {"OrderForgotten"}


@pytest.mark.parametrize("event", get_args(Event))
def test_the_fields_that_name_orders_are_those_of_the_event(event: type[Any]) -> None:
    named = {"order_id", "maker_order_id", "taker_order_id", "entry_id"} & set(event._fields)

    assert set(follower.ORDER_FIELDS[event]) == named
