"""What is sent for the rows of a tape, and what may be on its way at once."""

import itertools
import random
from pathlib import Path

import pytest

from matching.engine import (
    AmendOrder,
    CancelOrder,
    Command,
    Engine,
    OrderType,
    PlaceOrder,
    Side,
    TimeInForce,
    TradeExecuted,
)
from tape.lobster import RowType, TapeError, TapeRow
from tape.plan import Action, ActionKind, Fill, Plan, commute
from tape.seeds import book_file_of, look_through, seed_rows

NEW, REDUCE, DELETE, EXECUTE, HIDDEN = (
    RowType.NEW,
    RowType.REDUCE,
    RowType.DELETE,
    RowType.EXECUTE,
    RowType.EXECUTE_HIDDEN,
)
BUY, SELL = True, False


def rows(*events: tuple[RowType, int, int, int, bool], times: tuple[int, ...] = ()) -> list[TapeRow]:
    """Rows from (type, order id, size, price, is_buy), one a nanosecond unless times are given."""
    moments = times or tuple(range(1, len(events) + 1))
    return [
        TapeRow(line, moment, *event) for line, (moment, event) in enumerate(zip(moments, events, strict=True), start=1)
    ]


def planned(*events: tuple[RowType, int, int, int, bool], times: tuple[int, ...] = ()) -> tuple[list[Action], Plan]:
    plan = Plan()
    return list(plan.actions(rows(*events, times=times))), plan


def test_orders_are_placed_reduced_and_cancelled() -> None:
    actions, plan = planned((NEW, 1, 10, 100, BUY), (REDUCE, 1, 4, 100, BUY), (DELETE, 1, 6, 100, BUY))

    assert [(action.kind, action.order_id, action.size) for action in actions] == [
        (ActionKind.PLACE, 1, 10),
        (ActionKind.REDUCE, 1, 4),
        (ActionKind.CANCEL, 1, 0),
    ]
    assert not plan.skipped


def test_a_reduction_by_everything_that_is_left_is_a_cancel() -> None:
    actions, _ = planned((NEW, 1, 10, 100, BUY), (REDUCE, 1, 10, 100, BUY))

    assert actions[1].kind is ActionKind.CANCEL


def test_executions_of_one_moment_and_side_are_one_order_of_the_opposite_side_at_the_worst_price() -> None:
    actions, _ = planned(
        (NEW, 1, 10, 300, BUY),
        (NEW, 2, 10, 200, BUY),
        (EXECUTE, 1, 10, 300, BUY),
        (EXECUTE, 2, 5, 200, BUY),
        times=(1, 2, 3, 3),
    )

    assert len(actions) == 3
    assert actions[2] == Action(3, 3, ActionKind.EXECUTE, 0, SELL, 200, 15, (Fill(3, 1, 300, 10), Fill(4, 2, 200, 5)))


@pytest.mark.parametrize(
    ("second_side", "second_time", "groups"), [(BUY, 3, 1), (BUY, 4, 2), (SELL, 3, 2), (SELL, 4, 2)]
)
def test_another_moment_or_side_begins_another_group(second_side: bool, second_time: int, groups: int) -> None:
    actions, _ = planned(
        (NEW, 1, 10, 100, BUY),
        (NEW, 2, 10, 100, second_side),
        (EXECUTE, 1, 10, 100, BUY),
        (EXECUTE, 2, 10, 100, second_side),
        times=(1, 2, 3, second_time),
    )

    assert [action.kind for action in actions[2:]] == [ActionKind.EXECUTE] * groups


def test_a_hidden_execution_between_two_others_does_not_part_them() -> None:
    actions, plan = planned(
        (NEW, 1, 10, 100, BUY),
        (EXECUTE, 1, 5, 100, BUY),
        (HIDDEN, 0, 7, 150, BUY),
        (EXECUTE, 1, 5, 100, BUY),
        times=(1, 2, 2, 2),
    )

    assert [action.size for action in actions] == [10, 10]
    assert plan.skipped == {"hidden execution": 1}


def test_what_happens_to_orders_that_are_not_open_is_counted_and_not_sent() -> None:
    actions, plan = planned(
        (DELETE, 9, 1, 100, BUY),
        (EXECUTE, 9, 1, 100, BUY),
        (NEW, 1, 1, 100, BUY),
        (NEW, 1, 1, 100, BUY),
        (EXECUTE, 1, 1, 100, BUY),
        (REDUCE, 1, 1, 100, BUY),
    )

    assert [action.kind for action in actions] == [ActionKind.PLACE, ActionKind.EXECUTE]
    assert plan.skipped == {"unknown order": 3, "announced twice": 1}


def test_orders_from_before_the_tape_are_seeded_by_id_and_the_rest_of_a_level_behind_them(tmp_path: Path) -> None:
    tape = rows(
        (NEW, 50, 18, 1_000, BUY),
        (DELETE, 8, 30, 1_200, SELL),
        (EXECUTE, 7, 10, 1_200, SELL),
        (DELETE, 9, 5, 1_100, SELL),  # was placed later, out of sight: the first book row has no such level
    )
    book = tmp_path / "book.csv"
    book.write_text("1200,100,1000,20,9999999999,0,-9999999999,0\n")

    seeds = seed_rows(book, look_through(tape))

    assert [(seed.order_id, seed.size, seed.price_e4, seed.is_buy) for seed in seeds] == [
        (7, 10, 1_200, SELL),
        (8, 30, 1_200, SELL),
        (-1, 60, 1_200, SELL),
        (-2, 2, 1_000, BUY),
    ]


@pytest.mark.parametrize("text", ["", "1,2,3\n", "a,b,c,d\n"])
def test_a_file_that_is_no_book_row_is_refused(tmp_path: Path, text: str) -> None:
    book = tmp_path / "book.csv"
    book.write_text(text)

    with pytest.raises(TapeError):
        seed_rows(book, look_through(rows((NEW, 1, 1, 100, BUY))))


def test_the_first_book_row_is_found_beside_the_tape(tmp_path: Path) -> None:
    tape = tmp_path / "AAPL_2012-06-21_34200000_37800000_message_50.csv.gz"
    assert book_file_of(tape) is None

    book = tmp_path / "AAPL_2012-06-21_34200000_orderbook_50_first_row.csv"
    book.touch()

    assert book_file_of(tape) == book


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ((ActionKind.PLACE, 1, BUY, 100), (ActionKind.PLACE, 2, BUY, 101), True),
        ((ActionKind.PLACE, 1, BUY, 100), (ActionKind.PLACE, 2, BUY, 100), False),  # who is first in the queue?
        ((ActionKind.PLACE, 1, BUY, 100), (ActionKind.REDUCE, 2, BUY, 100), True),  # it keeps its place
        ((ActionKind.PLACE, 1, BUY, 100), (ActionKind.REDUCE, 1, BUY, 100), False),  # the same order
        ((ActionKind.PLACE, 1, BUY, 100), (ActionKind.REDUCE, 2, SELL, 100), False),  # how much is there to trade with?
        ((ActionKind.REDUCE, 1, BUY, 100), (ActionKind.REDUCE, 2, SELL, 100), True),
        ((ActionKind.REDUCE, 1, BUY, 100), (ActionKind.CANCEL, 2, BUY, 100), True),
        ((ActionKind.PLACE, 1, BUY, 100), (ActionKind.CANCEL, 2, BUY, 100), True),
        ((ActionKind.PLACE, 1, BUY, 100), (ActionKind.CANCEL, 1, BUY, 100), False),  # the same order
        ((ActionKind.PLACE, 1, BUY, 100), (ActionKind.PLACE, 2, SELL, 101), True),
        ((ActionKind.PLACE, 1, BUY, 100), (ActionKind.PLACE, 2, SELL, 100), False),  # they trade
        ((ActionKind.PLACE, 1, BUY, 100), (ActionKind.CANCEL, 2, SELL, 100), False),  # gone before it can trade?
        ((ActionKind.CANCEL, 1, BUY, 100), (ActionKind.CANCEL, 2, BUY, 100), True),
        ((ActionKind.EXECUTE, 0, BUY, 100), (ActionKind.CANCEL, 2, BUY, 1), False),
        ((ActionKind.EXECUTE, 0, BUY, 100), (ActionKind.PLACE, 2, SELL, 900), False),
    ],
)
def test_actions_commute_only_when_their_order_makes_no_difference(
    first: tuple[ActionKind, int, bool, int], second: tuple[ActionKind, int, bool, int], expected: bool
) -> None:
    actions = [Action(0, 0, kind, order_id, side, price, 1) for kind, order_id, side, price in (first, second)]

    assert commute(*actions) is expected
    assert commute(*reversed(actions)) is expected


@pytest.mark.parametrize("attempt", range(10))
def test_in_whatever_order_commuting_neighbours_arrive_book_queues_and_trades_are_the_same(attempt: int) -> None:
    seed = random.randrange(1 << 32)
    flow = random_flow(random.Random(seed), 400)
    expected = outcome(flow)

    shuffled = exchange_commuting_neighbours(flow, random.Random(seed + 1))

    assert shuffled != flow, f"seed {seed}"
    assert outcome(shuffled) == expected, f"seed {seed}"


def random_flow(rnd: random.Random, count: int) -> list[Action]:
    """A flow on ten prices, where conflicts are frequent; as on a tape, no order that is placed trades at once."""
    engine = Engine()
    flow: list[Action] = []
    placed: list[Action] = []
    for number in range(1, count + 1):
        draw, is_buy = rnd.random(), rnd.random() < 0.5
        lowest, highest = (1, (engine.best_ask_ticks or 11) - 1) if is_buy else ((engine.best_bid_ticks or 0) + 1, 10)
        if draw < 0.6 and lowest <= highest:
            action = Action(
                number, 0, ActionKind.PLACE, number, is_buy, rnd.randint(lowest, highest), rnd.randint(1, 9)
            )
            placed.append(action)
        elif draw < 0.8 and placed:
            action = rnd.choice(placed)._replace(line=number, kind=ActionKind.CANCEL, size=0)
        elif draw < 0.92 and placed:
            action = rnd.choice(placed)._replace(line=number, kind=ActionKind.REDUCE, size=rnd.randint(1, 4))
        else:
            action = Action(number, 0, ActionKind.EXECUTE, 0, is_buy, 10 if is_buy else 1, rnd.randint(1, 20))
        engine.execute(command(engine, action))
        flow.append(action)
    return flow


def exchange_commuting_neighbours(flow: list[Action], rnd: random.Random) -> list[Action]:
    shuffled = list(flow)
    for _, index in itertools.product(range(20), range(len(flow) - 1)):
        if rnd.random() < 0.5 and commute(shuffled[index], shuffled[index + 1]):
            shuffled[index : index + 2] = reversed(shuffled[index : index + 2])
    return shuffled


def outcome(flow: list[Action]) -> tuple[object, ...]:
    """Run a flow through the engine; return the levels of the book, the trades of each taker, and the queues."""
    engine = Engine()
    trades = {action.line: fills(engine, command(engine, action)) for action in flow}
    levels = [engine.depth(side, 20) for side in (Side.BUY, Side.SELL)]
    sweeps = [
        Action(9_000 + is_buy, 0, ActionKind.EXECUTE, 0, is_buy, 10 if is_buy else 1, 10_000) for is_buy in (BUY, SELL)
    ]
    return trades, levels, [fills(engine, command(engine, sweep)) for sweep in sweeps]


def command(engine: Engine, action: Action) -> Command:
    order_id = action.order_id or 1_000 + action.line
    if action.kind is ActionKind.CANCEL:
        return CancelOrder(0, order_id, 1)
    if action.kind is ActionKind.REDUCE:
        order = engine.find(order_id)
        return AmendOrder(0, order_id, 1, 0, max(order.quantity_lots - action.size, 1) if order else 1)
    side = Side.BUY if action.is_buy else Side.SELL
    time_in_force = TimeInForce.GTC if action.kind is ActionKind.PLACE else TimeInForce.IOC
    account = 1 if action.kind is ActionKind.PLACE else 2
    return PlaceOrder(
        0, order_id, account, side, OrderType.LIMIT, time_in_force, False, action.price_e4, action.size, 0
    )


def fills(engine: Engine, command: Command) -> list[tuple[int, int, int]]:
    return [
        (event.maker_order_id, event.price_ticks, event.quantity_lots)
        for event in engine.execute(command)
        if isinstance(event, TradeExecuted)
    ]
