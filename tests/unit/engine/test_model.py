"""Random command sequences against the naive model, and properties that hold for all of them."""

from itertools import chain

from hypothesis import given, settings
from hypothesis import strategies as st

from matching.engine import (
    CancelOrder,
    Command,
    Engine,
    Event,
    LevelChanged,
    OrderType,
    PlaceOrder,
    SetPriceBand,
    SetTradingState,
    Side,
    TimeInForce,
    TradeExecuted,
    TradingState,
)
from tests.unit.engine.cast import BUY, SELL, restored, typed
from tests.unit.engine.naive_model import NaiveModel

MIRROR_TICKS = 40
SEQUENCES = settings(max_examples=100, deadline=None, print_blob=True)
MANY_SEQUENCES = settings(SEQUENCES, max_examples=300)


def weighted(*choices: tuple[int, st.SearchStrategy[list[Command]]]) -> st.SearchStrategy[list[Command]]:
    """Choose in proportion to the weights (`one_of` takes equal strategies for one)."""
    return st.sampled_from([strategy for weight, strategy in choices for _ in range(weight)]).flatmap(lambda s: s)


def place(order_type: OrderType, side: Side, tif: TimeInForce, price: int, lots: int, budget: int = 0) -> PlaceOrder:
    return PlaceOrder(0, 0, 1, side, order_type, tif, False, price, lots, budget)


sides, lots, prices = st.sampled_from(Side), st.integers(1, 12), st.integers(14, 26)
tifs = st.sampled_from([TimeInForce.GTC] * 5 + [TimeInForce.IOC, TimeInForce.FOK])
bands = st.builds(SetPriceBand, st.just(0), st.sampled_from([100_000, 333_333, 2_000_000]), prices)
states = st.builds(SetTradingState, st.just(0), st.sampled_from(TradingState))
limits = st.builds(place, st.just(OrderType.LIMIT), sides, tifs, prices, lots)
post_onlys = limits.map(lambda order: order._replace(post_only=True))
markets = st.builds(place, st.just(OrderType.MARKET), sides, tifs, st.just(0), lots)
budgets = st.integers(14, 500).map(lambda ticks: place(OrderType.MARKET, BUY, TimeInForce.IOC, 0, 0, ticks))
fok_budgets = budgets.map(lambda order: order._replace(time_in_force=TimeInForce.FOK))
cancels = st.builds(CancelOrder, st.just(0), st.integers(1, 12), st.just(1))


def alone(commands: st.SearchStrategy[Command]) -> st.SearchStrategy[list[Command]]:
    return commands.map(lambda command: [command])


plain = weighted(
    (10, alone(limits)),
    (2, alone(post_onlys)),
    (2, alone(markets)),
    (4, alone(cancels)),
)
few = st.lists(plain, min_size=1, max_size=3).map(lambda chunks: list(chain.from_iterable(chunks)))
# A state and a band last for a few commands, or else most of a sequence would be refused.
in_a_state = st.builds(lambda state, then: [state, *then, SetTradingState(0, TradingState.CONTINUOUS)], states, few)
in_a_band = st.builds(lambda band, then: [band, *then, SetPriceBand(0, 0, 0)], bands, few)
anything = weighted(
    (30, plain),
    (2, alone(budgets)),
    (1, alone(fok_budgets)),
    (1, in_a_state),
    (2, in_a_band),
    (1, alone(st.builds(CancelOrder, st.just(0), st.integers(1, 12), st.just(2)))),
)


def numbered(chunks: list[list[Command]]) -> list[Command]:
    """Give orders their ids, in turn but for some duplicates; cancels name an order of so many commands ago."""
    commands = list(chain.from_iterable(chunks))
    for number, command in enumerate(commands, start=1):
        if isinstance(command, PlaceOrder):
            is_duplicate = number % 23 == 0
            commands[number - 1] = command._replace(order_id=number - 5 if is_duplicate else number)
        elif isinstance(command, CancelOrder):
            commands[number - 1] = command._replace(order_id=number - command.order_id)
    return commands


def sequences(chunks: st.SearchStrategy[list[Command]]) -> st.SearchStrategy[list[Command]]:
    return st.integers(0, 40).flatmap(lambda size: st.lists(chunks, min_size=size, max_size=size)).map(numbered)


any_sequence, plain_sequence = sequences(anything), sequences(plain)


@MANY_SEQUENCES
@given(any_sequence)
def test_the_engine_and_the_naive_model_agree_after_every_command(commands: list[Command]) -> None:
    engine, model = Engine(), NaiveModel()
    for command in commands:
        assert typed(engine.execute(command)) == typed(model.execute(command))
        engine.check_invariants()
        assert engine.depth(BUY) == model.depth(BUY)
        assert engine.depth(SELL) == model.depth(SELL)
        assert (engine.seq, engine.last_price_ticks) == (model.seq, model.last_price)
        assert restored(engine).state_hash() == engine.state_hash()


@SEQUENCES
@given(any_sequence, st.integers(0, 40))
def test_a_restored_engine_behaves_like_the_one_it_was_stored_from(commands: list[Command], cut: int) -> None:
    engine = Engine()
    for command in commands[:cut]:
        engine.execute(command)
    copy = restored(engine)
    for command in commands[cut:]:
        assert typed(copy.execute(command)) == typed(engine.execute(command))
    assert copy.state_hash() == engine.state_hash()


@SEQUENCES
@given(any_sequence)
def test_the_same_commands_give_the_same_events_and_an_unbroken_seq(commands: list[Command]) -> None:
    first, second = Engine(seq=41), Engine(seq=41)
    events = [event for command in commands for event in first.execute(command)]
    again = [event for command in commands for event in second.execute(command)]
    assert typed(events) == typed(again)
    assert first.state_hash() == second.state_hash()
    assert [event.seq for event in events] == list(range(42, 42 + len(events)))


@SEQUENCES
@given(any_sequence, st.integers(0, 40))
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


@SEQUENCES
@given(any_sequence)
def test_a_command_reports_each_level_once_and_last(commands: list[Command]) -> None:
    engine = Engine()
    for command in commands:
        events = engine.execute(command)
        is_level = [isinstance(event, LevelChanged) for event in events]
        assert is_level == sorted(is_level)
        levels = [(event.side, event.price_ticks) for event in events if isinstance(event, LevelChanged)]
        assert len(levels) == len(set(levels))


@SEQUENCES
@given(plain_sequence)
def test_mirrored_orders_give_mirrored_events(commands: list[Command]) -> None:
    engine, mirror = Engine(), Engine()
    for command in commands:
        events, mirrored = engine.execute(command), mirror.execute(mirror_of(command))
        assert typed(mirror_of_event(event) for event in events) == typed(mirrored)


def mirror_of(command: Command) -> Command:
    if not isinstance(command, PlaceOrder):
        return command
    price = command.price_ticks and MIRROR_TICKS - command.price_ticks
    return command._replace(side=command.side.opposite, price_ticks=price)


def mirror_of_event(event: Event) -> Event:
    if isinstance(event, TradeExecuted):
        price = MIRROR_TICKS - event.price_ticks
        return event._replace(price_ticks=price, taker_side=event.taker_side.opposite)
    if isinstance(event, LevelChanged):
        return event._replace(side=event.side.opposite, price_ticks=MIRROR_TICKS - event.price_ticks)
    return event
