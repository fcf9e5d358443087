"""Random command sequences against the naive model, and properties that hold for all of them."""

from collections import Counter
from unittest.mock import patch

from hypothesis import given, settings

from matching.engine import CancelReason, Command, Engine, Event, LevelChanged, RejectReason, Side, editions
from tests.fuzz import COMMANDS_PER_SEQUENCE, commands_of, explain, first_failing, work_max_of
from tests.unit.engine.cast import restored, typed
from tests.unit.engine.sequences import cuts, sequences
from tests.unit.engine.twins import Groups, note_groups, run_both

SEED = 4
COMMANDS = 10_000
SEQUENCES = COMMANDS // COMMANDS_PER_SEQUENCE
SOME = settings(max_examples=40, deadline=None, print_blob=True)
MANY = settings(SOME, max_examples=80)


def test_10_000_commands_of_a_fixed_seed_agree_with_the_naive_model() -> None:
    failed = first_failing(SEED, range(SEQUENCES))
    if failed is not None:
        explain(SEED, failed)
    assert failed is None


def test_these_commands_reach_every_event_and_every_reason() -> None:
    reached: Counter[object] = Counter()
    for sequence in range(SEQUENCES):
        few = work_max_of(sequence)
        with patch.multiple(editions, WORK_MAX=few, FILLS_MAX=few):
            engine = Engine()
            for command in commands_of(SEED, sequence):
                for event in engine.execute(command):
                    reached[type(event)] += 1
                    reached[repr(getattr(event, "reason", None))] += 1  # numbers of different reasons are the same
    event_types = Event.__args__
    reasons = map(repr, (*RejectReason, *CancelReason))
    assert [what for what in (*event_types, *reasons) if not reached[what]] == []


@MANY
@given(sequences())
def test_the_engine_and_the_naive_model_agree_after_every_command(commands: list[Command]) -> None:
    run_both(commands)


@SOME
@given(sequences(), cuts)
def test_a_restored_engine_behaves_like_the_one_it_was_stored_from(commands: list[Command], cut: int) -> None:
    engine, groups = Engine(), Groups()
    for command in commands[:cut]:
        note_groups(groups, command, engine.execute(command))
    copy = restored(engine, groups)
    for command in commands[cut:]:
        assert typed(copy.execute(command)) == typed(engine.execute(command))
    assert copy.state_hash() == engine.state_hash()


@SOME
@given(sequences())
def test_the_same_commands_give_the_same_events_and_an_unbroken_seq(commands: list[Command]) -> None:
    first, second = Engine(seq=41), Engine(seq=41)
    events = [event for command in commands for event in first.execute(command)]
    again = [event for command in commands for event in second.execute(command)]
    assert typed(events) == typed(again)
    assert first.state_hash() == second.state_hash()
    assert [event.seq for event in events] == list(range(42, 42 + len(events)))


@SOME
@given(sequences(), cuts)
def test_a_snapshot_and_the_level_changes_after_it_give_the_fresh_depth(commands: list[Command], cut: int) -> None:
    engine = Engine()
    for command in commands[:cut]:
        engine.execute(command)
    levels = {(side, level.price_ticks): tuple(level[1:]) for side in Side for level in engine.depth(side)}
    for command in commands[cut:]:
        for event in engine.execute(command):
            if isinstance(event, LevelChanged):
                levels[event.side, event.price_ticks] = (event.quantity_lots, event.order_count)
    fresh = {(side, level.price_ticks): tuple(level[1:]) for side in Side for level in engine.depth(side)}
    assert {key: level for key, level in levels.items() if level != (0, 0)} == fresh


@SOME
@given(sequences())
def test_a_command_reports_each_level_once_and_last(commands: list[Command]) -> None:
    engine = Engine()
    for command in commands:
        events = engine.execute(command)
        is_level = [isinstance(event, LevelChanged) for event in events]
        assert is_level == sorted(is_level)
        levels = [(event.side, event.price_ticks) for event in events if isinstance(event, LevelChanged)]
        assert len(levels) == len(set(levels))
