"""The rule book, docs/matching.md: its examples are what the engine does, its tables are what the code has."""

import re
from typing import get_args

import pytest

from matching.engine import (
    STOP_TYPES,
    CancelReason,
    Command,
    Event,
    Instructions,
    OrderType,
    PlaceOrder,
    RejectReason,
    SelfTradePrevention,
    Side,
    TimeInForce,
    TradingState,
)
from matching.engine.rules import REFUSED_IN_STATE
from matching.engine.stops import waits_for_rise
from tests.unit.engine.cast import groups_of, restored
from tests.unit.engine.rule_book import RULE_BOOK, Example, Play, Step, cells, read_examples

TEXT = RULE_BOOK.read_text()
EXAMPLES = list(read_examples(TEXT))
by_title = pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{example.title}, {example.steps[0].line}")


# --- examples -----------------------------------------------------------------------------------


@by_title
def test_the_engine_does_what_the_example_says(example: Example) -> None:
    play = Play()
    for step in example.steps:
        expected, said = play.perform(step)
        assert said == expected, f"docs/matching.md, line {step.line}: {step.text}"
        play.engine.check_invariants()


@by_title
def test_an_engine_restored_before_each_step_does_the_same(example: Example) -> None:
    play = Play()
    for step in example.steps:
        copy = restored(play.engine, groups_of(play.commands))
        assert copy.state_hash() == play.engine.state_hash(), f"before line {step.line}"
        play.engine = copy
        expected, said = play.perform(step)
        assert said == expected, f"docs/matching.md, line {step.line}: {step.text}"


def test_every_rule_has_an_example() -> None:
    headings = set(re.findall(r"^#+ (.+)$", TEXT, re.MULTILINE))
    prose = {"The engine", "Commands", "Events", "Cancel reasons", "The life of an order"}
    before_the_engine = {"What an order holds", "What an order is worth"}
    chapters = {"Market orders", "Self-trade prevention", "Stops", "Market rules", "Names in the API"}
    assert headings - {example.title for example in EXAMPLES} == prose | before_the_engine | chapters


@pytest.mark.parametrize("reason", [*RejectReason, *CancelReason], ids=lambda reason: reason.name)
def test_every_reason_has_an_example(reason: RejectReason | CancelReason) -> None:
    verb = "rejected" if isinstance(reason, RejectReason) else "left"
    assert any(
        line.endswith(f"{verb}, {reason.name}")
        for example in EXAMPLES
        for step in example.steps
        for line in step.beneath
    )


@pytest.mark.parametrize("text", ["anna hopes for 5 @ 100 = a", "anna buys 5 @ 100, quickly = a"])
def test_what_the_notation_does_not_know_is_not_passed_over(text: str) -> None:
    with pytest.raises((ValueError, AssertionError), match=r"notation|instruction"):
        Play().perform(Step(1, text, []))


# --- tables -------------------------------------------------------------------------------------


def test_the_commands() -> None:
    assert cells("## Commands", 0) == [(command.__name__,) for command in get_args(Command)]


def test_the_events() -> None:
    assert cells("## Events", 0) == [(event.__name__,) for event in get_args(Event)]


def test_the_reject_reasons_in_order_of_precedence() -> None:
    assert cells("## Reject reasons", 0, 1) == [(str(reason.value), reason.name) for reason in RejectReason]


def test_the_cancel_reasons() -> None:
    assert cells("## Cancel reasons", 0, 1) == [(str(reason.value), reason.name) for reason in CancelReason]


def test_the_times_in_force() -> None:
    assert {name.split(",")[0] for (name,) in cells("## Limit orders", 0)} == {tif.name.lower() for tif in TimeInForce}


def test_the_modes_of_self_trade_prevention() -> None:
    section = TEXT.split("## Self-trade prevention\n")[1].split("\n## ")[0]
    modes = [mode.name.capitalize().replace("_", " ") for mode in SelfTradePrevention]
    assert re.findall(r"^### (.+)$", section, re.MULTILINE) == modes


def test_the_stop_types_and_what_they_wait_for() -> None:
    def waits(order_type: OrderType, side: Side) -> str:
        return f"{'rises' if waits_for_rise(order_type, side) else 'falls'} to it"

    assert cells("## Stops", 0, 1, 2) == [
        (order_type.name.lower(), waits(order_type, Side.BUY), waits(order_type, Side.SELL))
        for order_type in sorted(STOP_TYPES)
    ]


def test_the_trading_states() -> None:
    rows = cells("## Trading states", 0, 1)
    assert [state for state, _ in rows] == [state.name.lower() for state in TradingState]
    closed = {state for state, new_orders in rows if new_orders == "none"}
    assert closed == {state.name.lower() for state in REFUSED_IN_STATE} - {"pre_open"}


def test_the_names_in_the_api() -> None:
    engine_names = [name for (name,) in cells("## Names in the API", 1)]
    assert sorted(engine_names) == sorted({*PlaceOrder._fields, *Instructions._fields} - {"instructions"})
