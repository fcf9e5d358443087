"""Those tables of the rule book, docs/matching.md, that are about more than the engine: what clients and staff see."""

import re
from typing import get_args

from base.errors import STATUS, ErrorCode
from exchange.models import Market, TradingState
from matching.engine import Event, RejectReason
from orders.lifecycle import EVENTS, TRANSITIONS
from tests.unit.engine.rule_book import cells


def test_each_reject_reason_has_its_code_and_status() -> None:
    statuses = {reason.name: STATUS.get(ErrorCode[reason.name], 400) for reason in RejectReason}
    assert cells("## Reject reasons", 1, 3) == [(name, str(status)) for name, status in statuses.items()]


def test_the_life_of_an_order() -> None:
    rows = cells("## The life of an order", 0, 1, 2)
    assert rows == [(status, event, after) for (status, event), after in TRANSITIONS.items()]
    assert {event for _, event, _ in rows} == set(EVENTS)


def test_what_changes_a_status_is_an_event_of_the_engine() -> None:
    named = {name for (by,) in cells("## The life of an order", 3) for name in re.findall(r"\b[A-Z]\w+", by)}
    assert named < {event.__name__ for event in get_args(Event)}


def test_the_market_rules() -> None:
    named = {name for (names,) in cells("## Market rules", 1) for name in names.split(", ")}
    about_other_things = {"id", "symbol", "base", "quote", "created_at", "trading_state", "fees_version"}
    fields = {field.name for field in Market._meta.concrete_fields} - about_other_things
    by_two_people = {"agreed_price_band_ppm", "made_in", "state_before_stop", "stop_ends_at", "stopped_by"}
    assert named == {name for name in fields - by_two_people if "fee" not in name}
    codes = {code for (text,) in cells("## Market rules", 2) for code in re.findall(r"[A-Z_]{5,}", text)}
    assert codes <= set(ErrorCode)


def test_the_trading_states() -> None:
    assert cells("## Trading states", 0) == [(state,) for state in TradingState.values]
