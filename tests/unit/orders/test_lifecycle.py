"""The table of an order's life: what may follow what, and that nothing follows the end."""

import pytest

from orders.lifecycle import EVENTS, OPEN_STATUSES, PENDING, TRANSITIONS
from orders.models import OrderStatus

STATUSES = [status.value for status in OrderStatus]


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("event", EVENTS)
def test_an_event_leads_where_the_table_says_or_is_impossible(status: str, event: str) -> None:
    after = TRANSITIONS.get((status, event))
    if after is None:
        with pytest.raises(AssertionError, match="Invariant"):
            TRANSITIONS[status, event]
    else:
        assert TRANSITIONS[status, event] == after


def test_the_table_knows_only_real_statuses_and_events() -> None:
    assert {status for status, _ in TRANSITIONS} | set(TRANSITIONS.values()) == set(STATUSES)
    assert {event for _, event in TRANSITIONS} == set(EVENTS)


def test_nothing_happens_to_an_order_that_has_ended() -> None:
    assert {status for status, _ in TRANSITIONS} == OPEN_STATUSES


def test_every_status_can_be_reached_from_pending() -> None:
    reached = {PENDING}
    while (more := reached | {after for (status, _), after in TRANSITIONS.items() if status in reached}) != reached:
        reached = more
    assert reached == set(STATUSES)


def test_an_order_that_worked_never_waits_again() -> None:
    assert all(after != PENDING for (status, _), after in TRANSITIONS.items() if status != PENDING)
