"""No lot comes from nowhere or gets lost: what orders still want is what the events left of what was placed."""

from collections import Counter

from hypothesis import given, settings

from matching.engine import Command, Engine, RestingOrder, Side, WaitingOrder
from tests.fuzz import commands_of
from tests.unit.engine.ledger import Ledger
from tests.unit.engine.sequences import sequences

SEED = 4
FIXED_SEQUENCES = 100


@settings(max_examples=60, deadline=None, print_blob=True)
@given(sequences())
def test_open_orders_want_what_the_events_left_of_them(commands: list[Command]) -> None:
    check_conservation(commands)


def test_open_orders_want_what_the_events_left_of_them_in_sequences_of_a_fixed_seed() -> None:
    for sequence in range(FIXED_SEQUENCES):
        check_conservation(commands_of(SEED, sequence))


def check_conservation(commands: list[Command]) -> None:
    engine, ledger = Engine(), Ledger()
    for command in commands:
        ledger.book(command, engine.execute(command))
        assert ledger.wanted() == wanted(engine), command
        assert [ledger.depth(side) for side in Side] == [engine.depth(side) for side in Side], command


def wanted(engine: Engine) -> Counter[tuple[int, Side]]:
    """Return the lots each account still wants on each side: resting, hidden, or waiting for a trigger or an entry."""
    totals: Counter[tuple[int, Side]] = Counter()
    orders: list[RestingOrder | WaitingOrder] = [*engine.open_orders(), *engine.waiting_orders()]
    for order in orders:
        totals[order.account_id, order.side] += order.total_lots
    return totals
