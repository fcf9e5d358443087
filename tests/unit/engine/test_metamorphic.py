"""What must not change the outcome, or must change it in a known way, whatever the commands are.

Each test leaves out what its change cannot be exact for, which is rounding in all cases but one, and says so.
"""

from collections.abc import Callable, Iterable

from hypothesis import given, settings
from hypothesis import strategies as st

from matching.codec import decode_commands, encode_commands
from matching.engine import (
    STOP_TYPES,
    ActivateBracket,
    CancelOrder,
    Command,
    Engine,
    Event,
    Instructions,
    LevelChanged,
    OrderAmended,
    OrderType,
    PlaceGroup,
    PlaceOrder,
    SetTradingState,
    Side,
    StopPlaced,
    TradingState,
)
from tests.unit.engine.cast import BUY, SELL, limit, stop, typed
from tests.unit.engine.sequences import all_changed, changed, cuts, sequences

SOME = settings(max_examples=60, deadline=None, print_blob=True)
PRICES = ("price_ticks", "stop_price_ticks", "last_price_ticks", "reference_price_ticks")
DISTANCES = ("trail_ticks",)
LOTS = ("quantity_lots", "maker_remaining_lots", "lots", "remaining_lots", "visible_lots", "display_lots")
SIDES = ("side", "taker_side")
MIDDLE = 1_000_000
STRANGER, FAR_ID, FAR_TICKS = 77, 5_000, 10_000


def orders_of(command: Command) -> tuple[PlaceOrder, ...]:
    if isinstance(command, PlaceGroup):
        return command.orders
    return (command,) if isinstance(command, PlaceOrder) else ()


def without_orders(commands: Iterable[Command], unwanted: Callable[[PlaceOrder], object]) -> list[Command]:
    return [command for command in commands if not any(unwanted(order) for order in orders_of(command))]


def by_budget(order: PlaceOrder) -> bool:
    return order.budget > 0


def by_ppm(order: PlaceOrder) -> bool:
    return order.instructions.trail_ppm > 0


def at_market(order: PlaceOrder) -> bool:
    return order.type == OrderType.MARKET


def run(commands: Iterable[Command]) -> tuple[Engine, list[Event]]:
    engine = Engine()
    return engine, [event for command in commands for event in engine.execute(command)]


# Mirrored sides -------------------------------------------------------------------------------------------------


@SOME
@given(sequences())
def test_mirrored_sides_give_mirrored_events(commands: list[Command]) -> None:
    """Only market buys have a budget, and a band, a trail in ppm and a protection price are rounded.

    The first are left out; no protection price is near enough to matter, so it need not be the mirrored one. A price
    that reaches both rising and falling stops takes the rising first: the trade at the start and the exits left
    waiting while nothing trades keep that from happening.
    """
    commands = without_orders(commands, lambda order: by_budget(order) or by_ppm(order))
    commands = all_changed(commands, band_ppm=lambda _: 0, **dict.fromkeys(PRICES, around_the_middle))
    first = [limit(9_001, SELL, 1, MIDDLE), limit(9_002, BUY, 1, MIDDLE, account=102)]
    engine, mirror = Engine(), Engine()
    protected = {o.order_id for c in commands for o in orders_of(c) if o.type in STOP_TYPES and not o.price_ticks}
    for command in [*first, *commands]:
        if isinstance(command, ActivateBracket) and engine.trading_state != TradingState.CONTINUOUS:
            continue
        expected = unprotected(all_changed(engine.execute(command), **MIRROR), protected)
        assert typed(unprotected(mirror.execute(changed(command, **MIRROR)), protected)) == typed(expected)


def around_the_middle(price_ticks: int) -> int:
    return MIDDLE - 20 + price_ticks


MIRROR: dict[str, Callable[[int], int]] = {
    **dict.fromkeys(PRICES, lambda price_ticks: 2 * MIDDLE - price_ticks),
    **dict.fromkeys(SIDES, lambda side: Side(side).opposite),
}


def unprotected(events: Iterable[Event], protected: set[int]) -> list[Event]:
    """Return the events without the protection prices of these orders."""
    return [
        event._replace(price_ticks=0)
        if isinstance(event, StopPlaced | OrderAmended) and event.order_id in protected
        else event
        for event in events
    ]


# Other units ----------------------------------------------------------------------------------------------------


@SOME
@given(sequences())
def test_larger_lots_give_the_same_events_with_larger_lots(commands: list[Command]) -> None:
    """A budget buys whole lots, so it is left out."""
    commands = without_orders(commands, by_budget)
    check_scaled(commands, dict.fromkeys(LOTS, lambda lots: 7 * lots))


@SOME
@given(sequences())
def test_smaller_ticks_give_the_same_events_at_more_ticks(commands: list[Command]) -> None:
    check_scaled(at_round_prices(commands), TIMES_THREE)


@SOME
@given(sequences())
def test_larger_lots_at_more_ticks_give_the_same_events(commands: list[Command]) -> None:
    commands = at_round_prices(without_orders(commands, by_budget))
    check_scaled(commands, {**TIMES_THREE, **dict.fromkeys(LOTS, lambda lots: 7 * lots)})


TIMES_THREE: dict[str, Callable[[int], int]] = dict.fromkeys((*PRICES, *DISTANCES, "budget"), lambda ticks: 3 * ticks)


def at_round_prices(commands: Iterable[Command]) -> list[Command]:
    """Leave out what is rounded or moves by one tick: bands, ppm, repricing, auctions.

    Prices become multiples of ten, of which the tenth that is a protection price's distance is whole.
    """
    kept = [command for command in without_orders(commands, by_ppm) if not isinstance(command, SetTradingState)]
    times_ten = dict.fromkeys((*PRICES, *DISTANCES, "budget"), lambda ticks: 10 * ticks)
    return all_changed(kept, band_ppm=lambda _: 0, reprice=lambda _: False, **times_ten)


def check_scaled(commands: list[Command], scale: dict[str, Callable[[int], int]]) -> None:
    engine, scaled = Engine(), Engine()
    for command in commands:
        expected = all_changed(engine.execute(command), **scale)
        assert typed(scaled.execute(changed(command, **scale))) == typed(expected)


# An order nothing touches ---------------------------------------------------------------------------------------

far_orders = st.sampled_from(
    [
        limit(FAR_ID, BUY, 5, 1, account=STRANGER),
        limit(FAR_ID, SELL, 5, FAR_TICKS, account=STRANGER),
        limit(FAR_ID, SELL, 5, FAR_TICKS, account=STRANGER)._replace(instructions=Instructions(display_lots=2)),
        stop(FAR_ID, BUY, 5, FAR_TICKS, account=STRANGER),
        stop(FAR_ID, SELL, 5, FAR_TICKS, account=STRANGER)._replace(type=OrderType.TAKE_PROFIT),
    ]
)


@SOME
@given(sequences(), far_orders, cuts, cuts)
def test_an_order_that_nothing_touches_changes_nothing_else(
    commands: list[Command], far: PlaceOrder, start: int, length: int
) -> None:
    """A market order would touch it when the book is empty otherwise, the widest of the bands may reach it.

    Prices are moved away from 1, where it may be.
    """
    if far.type == OrderType.LIMIT:
        commands = without_orders(commands, at_market)
    higher = dict.fromkeys(PRICES, lambda price_ticks: 20 + price_ticks)
    commands = all_changed(commands, band_ppm=lambda ppm: min(ppm, 333_333), **higher)
    end = start + length
    with_far = [*commands[:start], far, *commands[start:end], CancelOrder(0, FAR_ID, STRANGER), *commands[end:]]
    engine, events = run(commands)
    other_engine, other_events = run(with_far)
    assert without_far(other_events) == without_far(events)
    assert [other_engine.depth(side) for side in Side] == [engine.depth(side) for side in Side]


def without_far(events: Iterable[Event]) -> list[object]:
    """Return the events without those of the far order, and without sequence numbers."""
    others = [event for event in events if getattr(event, "order_id", 0) != FAR_ID]
    others = [
        event for event in others if not (isinstance(event, LevelChanged) and event.price_ticks in (1, FAR_TICKS))
    ]
    others = [event._replace(priority=0) if isinstance(event, OrderAmended) else event for event in others]
    return [(name, fields[1:]) for name, fields in typed(others)]


# The journal ----------------------------------------------------------------------------------------------------


@SOME
@given(sequences(), cuts)
def test_a_journal_replayed_gives_the_same_events_and_hash(commands: list[Command], cut: int) -> None:
    engine, events = run(commands)
    journal = [encode_commands(commands[:cut]), encode_commands(commands[cut:])]
    replayed, again = run(command for batch in journal for command in decode_commands(batch))
    assert typed(again) == typed(events)
    assert replayed.state_hash() == engine.state_hash()
