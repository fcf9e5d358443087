"""Comparing what engines say: with what is expected, and with what they would say after a restart."""

from collections.abc import Iterable, Sequence

from matching.engine import Command, Engine, Event
from tests.unit.engine.cast import groups_of, restored, run, typed, without_levels


def unnumbered(events: Iterable[Event]) -> list[tuple[str, tuple[int, ...]]]:
    """Make events comparable without their `seq`, and without changed levels."""
    return [(name, fields[1:]) for name, fields in typed(without_levels(events))]


def assert_a_restart_changes_nothing(commands: Sequence[Command], *, last: int = 0) -> None:
    """Restore the engine after each command from what a database keeps, and go on with both to the end."""
    for split in range(1, len(commands)):
        before, after = commands[:split], commands[split:]
        engine = Engine(last_price_ticks=last)
        run(engine, before)
        copy = restored(engine, groups_of(before))
        copy.check_invariants()
        assert copy.state_hash() == engine.state_hash(), f"after {before[-1]}"
        assert typed(run(copy, after)) == typed(run(engine, after)), f"restored after {before[-1]}"
        assert copy.state_hash() == engine.state_hash()
