"""Amending orders of an OCO or a bracket: the group goes on, with one quantity."""

import pytest

from matching.engine import (
    FIRST_EDITION,
    ActivateBracket,
    AmendRejected,
    BracketArmed,
    Command,
    Engine,
    Event,
    OrderAccepted,
    OrderAmended,
    OrderCancelled,
    OrderType,
    PlaceOrder,
    RejectReason,
    SetRules,
    SetTradingState,
    StopMoved,
    StopPlaced,
    StopTriggered,
    TradeExecuted,
    TradingState,
)
from tests.unit.engine.cast import (
    BUY,
    IOC,
    OUTSIDER,
    SELL,
    TAKER,
    amend,
    bracket,
    cancel,
    limit,
    oco,
    run,
    stop,
    without_levels,
)
from tests.unit.engine.comparing import assert_a_restart_changes_nothing, unnumbered

STOP_LIMIT = OrderType.STOP_LIMIT
LAST = 100
SELL_OCO = oco(limit(1, SELL, 5, 110), stop(2, SELL, 5, 95))
LIMITED_OCO = oco(limit(1, SELL, 5, 110), stop(2, SELL, 5, 95, kind=STOP_LIMIT, price=94))
BRACKET = bracket(limit(1, BUY, 5, 99), limit(2, SELL, 5, 110), stop(3, SELL, 5, 95))
ACTIVATE = ActivateBracket(0, 1, True)


def a_market(*commands: Command, band_ppm: int = 0, edition: int = 2) -> Engine:
    engine = Engine(last_price_ticks=LAST, band_ppm=band_ppm, edition=edition)
    run(engine, commands)
    return engine


def bid(number: int, lots: int, price: int) -> PlaceOrder:
    return limit(number, BUY, lots, price, account=OUTSIDER)


def hit(number: int, price: int, lots: int = 1) -> PlaceOrder:
    return limit(number, SELL, lots, price, account=TAKER, tif=IOC)


def lift(number: int, price: int, lots: int = 1) -> PlaceOrder:
    return limit(number, BUY, lots, price, account=TAKER, tif=IOC)


def refusals(events: list[Event]) -> list[RejectReason]:
    return [event.reason for event in events if isinstance(event, AmendRejected)]


def ends(events: list[Event]) -> list[int]:
    return [event.order_id for event in events if isinstance(event, OrderCancelled | StopTriggered)]


# --- OCO ------------------------------------------------------------------------------------------


def test_both_prices_of_an_oco_are_amended_and_it_goes_on() -> None:
    engine = a_market(SELL_OCO)
    events = run(engine, [amend(1, price=108), amend(2, stop_price=97)])
    expected: list[Event] = [OrderAmended(0, 1, 108, 5, 5, 4), OrderAmended(0, 2, 88, 5, 5, 7), StopMoved(0, 2, 97)]
    assert unnumbered(events) == unnumbered(expected)
    assert ends(run(engine, [bid(10, 6, 97), hit(11, 97)])) == [1, 2]


def test_a_fill_of_an_amended_limit_order_cancels_the_stop() -> None:
    engine = a_market(SELL_OCO, amend(2, stop_price=97), amend(1, price=108))
    assert ends(run(engine, [lift(10, 108)])) == [2]


@pytest.mark.parametrize("leg", [1, 2])
@pytest.mark.parametrize(("lots", "moved"), [(3, False), (7, True)])
def test_a_quantity_is_that_of_both_legs_whichever_is_amended(leg: int, lots: int, moved: bool) -> None:
    engine = a_market(SELL_OCO)
    events = without_levels(run(engine, [amend(leg, lots=lots)]))
    amended = {event.order_id: event for event in events if isinstance(event, OrderAmended)}
    assert [type(event) for event in events] == [OrderAmended] * 2
    assert {event.quantity_lots for event in amended.values()} == {lots}
    assert (amended[1].priority == amended[1].seq, amended[2].priority == amended[2].seq) == (moved, False)
    assert engine.depth(SELL) == [(110, lots, 1)]


def test_the_limit_order_of_an_oco_has_to_rest() -> None:
    engine = a_market(bid(10, 1, 99), SELL_OCO)
    assert refusals(run(engine, [amend(1, price=99), amend(1, price=100)])) == [RejectReason.POST_ONLY_WOULD_TRADE]
    assert engine.depth(SELL) == [(100, 5, 1)]


def test_before_the_opening_it_rests_across_the_other_side() -> None:
    engine = a_market(SetTradingState(0, TradingState.PRE_OPEN), bid(10, 1, 99), SELL_OCO)
    assert refusals(run(engine, [amend(1, price=98)])) == []


def test_what_one_leg_may_not_have_the_other_does_not_get() -> None:
    engine = a_market(LIMITED_OCO, band_ppm=100_000)
    run(engine, [SetRules(0, 5_000, LAST, edition=2)])  # the limit order is outside now, and so is the stop's limit
    assert refusals(run(engine, [amend(2, lots=6)])) == [RejectReason.PRICE_OUT_OF_BAND]
    assert refusals(run(engine, [amend(2, lots=4)])) == []
    assert engine.depth(SELL) == [(110, 4, 1)]


def test_under_the_first_edition_orders_of_groups_stay_as_they_are() -> None:
    engine = a_market(SELL_OCO, edition=FIRST_EDITION)
    commands = [amend(1, price=108), amend(1, lots=4), amend(2, stop_price=97), amend(2, lots=4)]
    assert refusals(run(engine, commands)) == [RejectReason.ORDER_LINKED] * 4


# --- brackets -------------------------------------------------------------------------------------


def test_exits_are_amended_while_they_wait_and_begin_with_their_new_prices() -> None:
    engine = a_market(BRACKET, amend(2, price=108), amend(3, stop_price=97))
    run(engine, [hit(10, 99, 5)])
    assert refusals(run(engine, [amend(2, price=107), amend(3, stop_price=96)])) == []  # armed
    events = run(engine, [ACTIVATE])
    assert unnumbered(events) == unnumbered([StopPlaced(0, 3, 96, 87), OrderAccepted(0, 2)])
    assert engine.depth(SELL) == [(107, 5, 1)]


def test_a_waiting_exit_may_wait_for_a_price_that_the_market_has_passed() -> None:
    """As when it is placed: only when it begins to work the last price counts."""
    engine = a_market(BRACKET, amend(3, stop_price=104))
    run(engine, [hit(10, 99, 5), bid(11, 9, 98)])
    assert ends(run(engine, [ACTIVATE])) == [2, 3]


def test_the_limit_of_a_waiting_stop_loss_stays_inside_the_band_around_its_stop_price() -> None:
    exits = limit(2, SELL, 5, 110), stop(3, SELL, 5, 95, kind=STOP_LIMIT, price=94)
    engine = a_market(bracket(limit(1, BUY, 5, 99), *exits), band_ppm=100_000)
    assert refusals(run(engine, [amend(3, stop_price=80)])) == [RejectReason.PRICE_OUT_OF_BAND]
    assert refusals(run(engine, [amend(3, stop_price=80, price=79)])) == []


@pytest.mark.parametrize("exit_id", [2, 3])
def test_the_quantity_of_waiting_exits_is_their_entrys(exit_id: int) -> None:
    engine = a_market(BRACKET)
    assert refusals(run(engine, [amend(exit_id, lots=4), amend(exit_id, lots=5)])) == [RejectReason.ORDER_LINKED]
    events = run(engine, [amend(1, lots=4)])
    assert [event.order_id for event in events if isinstance(event, OrderAmended)] == [2, 3, 1]
    run(engine, [hit(10, 99, 4)])
    assert refusals(run(engine, [amend(exit_id, lots=3)])) == [RejectReason.ORDER_LINKED]  # armed
    run(engine, [ACTIVATE])
    assert refusals(run(engine, [amend(exit_id, lots=3)])) == []
    assert engine.depth(SELL) == [(110, 3, 1)]


def test_an_entry_that_is_amended_across_trades_and_arms_its_exits() -> None:
    ask = limit(10, SELL, 9, 101, account=OUTSIDER)
    engine = a_market(ask, BRACKET, hit(11, 99, 2))
    events = run(engine, [amend(1, price=101, lots=6)])
    assert [event.quantity_lots for event in events if isinstance(event, TradeExecuted)] == [4]
    assert [event[1:] for event in events if isinstance(event, BracketArmed)] == [(1, 6)]
    run(engine, [ACTIVATE])
    assert engine.depth(SELL)[-1] == (110, 6, 1)


# --- restarts -------------------------------------------------------------------------------------


LIMITED_STORY: list[Command] = [
    LIMITED_OCO,
    amend(2, stop_price=96, price=95),
    amend(1, lots=7),
    amend(2, lots=3),
    bid(10, 9, 96),
    hit(11, 96),
]
OCO_STORY: list[Command] = [
    SELL_OCO,
    amend(1, price=105),
    amend(2, stop_price=90, lots=8),
    lift(10, 105),
    cancel(1),
]
BRACKET_STORY: list[Command] = [
    BRACKET,
    amend(3, stop_price=96),
    amend(1, lots=6),
    amend(2, price=109),
    hit(10, 99, 2),
    amend(1, price=98),
    hit(11, 98, 4),
    amend(3, stop_price=94),
    ACTIVATE,
    amend(2, lots=5),
    amend(3, stop_price=92),
    lift(12, 109),
]


@pytest.mark.parametrize(
    "commands", [LIMITED_STORY, OCO_STORY, BRACKET_STORY], ids=["oco with a limit", "oco", "bracket"]
)
def test_a_restart_at_any_moment_changes_nothing(commands: list[Command]) -> None:
    assert_a_restart_changes_nothing(commands, last=LAST)
