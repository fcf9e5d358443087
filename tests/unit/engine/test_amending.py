"""Amending: what keeps the place in the queue, what loses it, and what is refused."""

import pytest

from matching.engine import (
    AmendOrder,
    AmendRejected,
    CancelReason,
    Command,
    Engine,
    Event,
    LevelChanged,
    OrderAmended,
    OrderCancelled,
    OrderType,
    RejectReason,
    SelfTradePrevention,
    SetRules,
    SetTradingState,
    StopTriggered,
    TimeInForce,
    TradeExecuted,
    TradingState,
)
from tests.unit.engine.cast import (
    BUY,
    IOC,
    MAKER,
    OUTSIDER,
    SELL,
    TAKER,
    amend,
    asking,
    cancel,
    limit,
    run,
    stop,
    typed,
    without_levels,
)
from tests.unit.engine.comparing import assert_a_restart_changes_nothing

STOP_LIMIT = OrderType.STOP_LIMIT
FIVE, OTHER = limit(1, SELL, 5, 100), limit(2, SELL, 5, 100, account=OUTSIDER)


def a_market(*commands: Command, last: int = 0, band_ppm: int = 0) -> Engine:
    engine = Engine(last_price_ticks=last, band_ppm=band_ppm)
    run(engine, commands)
    return engine


def makers(events: list[Event]) -> list[int]:
    return [event.maker_order_id for event in events if isinstance(event, TradeExecuted)]


def refusals(events: list[Event]) -> list[RejectReason]:
    return [event.reason for event in events if isinstance(event, AmendRejected)]


# --- in place -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    [amend(1, lots=3), amend(1, lots=5), amend(1, price=100, lots=3), amend(1, price=100)],
    ids=["fewer", "as many", "fewer at the same price", "the same price"],
)
def test_what_asks_for_no_more_at_the_same_price_keeps_its_place(command: AmendOrder) -> None:
    engine = a_market(FIVE, OTHER)
    lots = command.quantity_lots or 5
    events = run(engine, [command])
    expected = [OrderAmended(5, 1, 100, lots, lots, 1), LevelChanged(6, SELL, 100, lots + 5, 2)]
    assert typed(events) == typed(expected)
    assert makers(run(engine, [limit(3, BUY, lots + 1, 100, account=TAKER)])) == [1, 2]


def test_the_quantity_counts_what_is_filled() -> None:
    engine = a_market(FIVE, limit(3, BUY, 2, 100, account=TAKER))
    (amended,) = without_levels(run(engine, [amend(1, lots=4)]))
    assert typed([amended]) == typed([OrderAmended(6, 1, 100, 4, 2, 1)])


@pytest.mark.parametrize(("lots", "is_refused"), [(1, True), (2, True), (3, False)])
def test_the_quantity_stays_above_what_is_filled(lots: int, is_refused: bool) -> None:
    engine = a_market(FIVE, limit(3, BUY, 2, 100, account=TAKER))
    reasons = refusals(run(engine, [amend(1, lots=lots)]))
    assert reasons == [RejectReason.QUANTITY_BELOW_FILLED] * is_refused


def test_too_small_a_quantity_is_refused_with_a_new_price_too() -> None:
    engine = a_market(FIVE, limit(3, BUY, 2, 100, account=TAKER))
    assert refusals(run(engine, [amend(1, price=101, lots=2)])) == [RejectReason.QUANTITY_BELOW_FILLED]
    assert engine.depth(SELL) == [(100, 3, 1)]


# --- moved ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (amend(1, lots=6), [OrderAmended(5, 1, 100, 6, 6, 5), LevelChanged(6, SELL, 100, 11, 2)]),
        (
            amend(1, price=101),
            [OrderAmended(5, 1, 101, 5, 5, 5), LevelChanged(6, SELL, 100, 5, 1), LevelChanged(7, SELL, 101, 5, 1)],
        ),
        (
            amend(1, price=99, lots=2),
            [OrderAmended(5, 1, 99, 2, 2, 5), LevelChanged(6, SELL, 100, 5, 1), LevelChanged(7, SELL, 99, 2, 1)],
        ),
    ],
    ids=["more", "worse price", "better price and fewer"],
)
def test_what_asks_for_more_or_another_price_goes_to_the_end(command: AmendOrder, expected: list[Event]) -> None:
    engine = a_market(FIVE, OTHER)
    assert typed(run(engine, [command])) == typed(expected)
    assert [order.order_id for order in engine.open_orders()] == [2, 1]


def test_a_new_price_that_crosses_trades_at_once_and_rests_with_the_rest() -> None:
    engine = a_market(FIVE, limit(3, BUY, 2, 98, account=TAKER), limit(4, BUY, 1, 97, account=TAKER))
    events = run(engine, [amend(1, price=98)])
    expected = [
        OrderAmended(7, 1, 98, 5, 5, 7),
        TradeExecuted(8, 98, 2, 3, 1, TAKER, MAKER, SELL, 0),
        LevelChanged(9, SELL, 100, 0, 0),
        LevelChanged(10, BUY, 98, 0, 0),
        LevelChanged(11, SELL, 98, 3, 1),
    ]
    assert typed(events) == typed(expected)
    resting = engine.find(1)
    assert resting is not None and (resting.quantity_lots, resting.filled_lots, resting.priority) == (5, 2, 7)


def test_an_amended_order_that_is_filled_leaves_the_book() -> None:
    engine = a_market(FIVE, limit(3, BUY, 9, 98, account=TAKER))
    run(engine, [amend(1, price=98)])
    assert engine.find(1) is None
    assert refusals(run(engine, [amend(1, lots=9)])) == [RejectReason.ORDER_NOT_FOUND]


def test_a_crossing_amendment_triggers_stops() -> None:
    engine = a_market(FIVE, limit(3, BUY, 2, 98, account=TAKER), stop(4, SELL, 1, 98, account=OUTSIDER), last=100)
    events = run(engine, [amend(1, price=98)])
    assert [event.order_id for event in events if isinstance(event, StopTriggered)] == [4]


def test_an_amended_gtd_order_still_expires() -> None:
    order = asking(FIVE._replace(time_in_force=TimeInForce.GTD), expire_ms=9)
    engine = a_market(order)
    run(engine, [amend(1, price=101)])
    assert engine.next_due_ms == 9


def test_an_increase_of_a_partly_filled_order_rests_with_both() -> None:
    engine = a_market(FIVE, limit(3, BUY, 2, 100, account=TAKER))
    assert typed(run(engine, [amend(1, lots=7)])[:1]) == typed([OrderAmended(6, 1, 100, 7, 5, 6)])


# --- as a new order would be judged ---------------------------------------------------------------


def test_a_new_price_must_be_inside_the_band_and_the_old_one_need_not() -> None:
    engine = a_market(FIVE, SetRules(0, 10_000, 200))
    assert refusals(run(engine, [amend(1, price=101)])) == [RejectReason.PRICE_OUT_OF_BAND]
    assert refusals(run(engine, [amend(1, lots=9), amend(1, price=100, lots=3)])) == []


def test_a_post_only_order_does_not_cross() -> None:
    engine = a_market(limit(1, SELL, 5, 100, post_only=True), limit(3, BUY, 2, 98, account=TAKER))
    assert refusals(run(engine, [amend(1, price=98)])) == [RejectReason.POST_ONLY_WOULD_TRADE]
    assert refusals(run(engine, [amend(1, price=99)])) == []


def test_a_post_only_order_that_may_be_repriced_is_moved_behind_the_other_side() -> None:
    order = asking(limit(1, SELL, 5, 100, post_only=True), reprice=True)
    engine = a_market(order, limit(3, BUY, 2, 97, account=TAKER))
    assert typed(run(engine, [amend(1, price=95)])[:1]) == typed([OrderAmended(5, 1, 98, 5, 5, 5)])


def test_an_amendment_that_would_meet_an_own_order_first_is_refused() -> None:
    engine = a_market(FIVE, limit(3, BUY, 2, 98), limit(4, BUY, 2, 97, account=TAKER))
    assert refusals(run(engine, [amend(1, price=97)])) == [RejectReason.SELF_TRADE]


def test_an_amended_order_goes_by_its_own_mode() -> None:
    order = asking(FIVE, self_trade_prevention=SelfTradePrevention.CANCEL_OLDEST)
    engine = a_market(order, limit(3, BUY, 2, 98), limit(4, BUY, 2, 97, account=TAKER))
    events = run(engine, [amend(1, price=97)])
    assert [event[1:] for event in events if isinstance(event, OrderCancelled)] == [(3, CancelReason.SELF_TRADE, 2)]
    assert makers(events) == [4]


def test_the_rest_of_an_amended_order_that_meets_an_own_one_later_is_cancelled() -> None:
    engine = a_market(FIVE, limit(3, BUY, 2, 98, account=TAKER), limit(4, BUY, 2, 97))
    events = run(engine, [amend(1, price=97)])
    assert [event[1:] for event in events if isinstance(event, OrderCancelled)] == [(1, CancelReason.SELF_TRADE, 3)]


# --- trading states -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "reason"),
    [(TradingState.HALTED, RejectReason.MARKET_HALTED), (TradingState.CLOSED, RejectReason.MARKET_CLOSED)],
)
@pytest.mark.parametrize(
    "command",
    [amend(1, lots=3), amend(4, lots=3), amend(77, lots=3), amend(1, lots=3, account=OUTSIDER)],
    ids=["resting", "waiting", "unknown", "foreign"],
)
def test_nothing_is_amended_while_the_market_is_halted_or_closed(
    state: TradingState, reason: RejectReason, command: AmendOrder
) -> None:
    engine = a_market(FIVE, stop(4, BUY, 5, 120), SetTradingState(0, state))
    assert refusals(run(engine, [command])) == [reason]


def test_before_the_opening_an_amended_order_rests_across_the_other_side() -> None:
    engine = a_market(SetTradingState(0, TradingState.PRE_OPEN), FIVE, limit(3, BUY, 2, 98, account=TAKER))
    assert refusals(run(engine, [amend(1, price=97)])) == []
    assert (engine.best_bid_ticks, engine.best_ask_ticks) == (98, 97)


def test_in_a_post_only_market_an_amendment_does_not_cross() -> None:
    engine = a_market(FIVE, limit(3, BUY, 2, 98, account=TAKER), SetTradingState(0, TradingState.POST_ONLY))
    assert refusals(run(engine, [amend(1, price=98)])) == [RejectReason.POST_ONLY_WOULD_TRADE]
    assert refusals(run(engine, [amend(1, lots=3), amend(1, price=99)])) == []


# --- waiting stops --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (amend(1, lots=9), OrderAmended(2, 1, 94, 9, 9, 1)),
        (amend(1, price=93), OrderAmended(2, 1, 93, 5, 5, 1)),
        (amend(1, price=93, lots=2), OrderAmended(2, 1, 93, 2, 2, 1)),
    ],
    ids=["quantity", "limit", "both"],
)
def test_a_waiting_stop_limit_gets_a_limit_and_a_quantity_and_keeps_its_turn(
    command: AmendOrder, expected: OrderAmended
) -> None:
    engine = a_market(stop(1, SELL, 5, 95, kind=STOP_LIMIT, price=94), last=100, band_ppm=100_000)
    assert typed(run(engine, [command])) == typed([expected])
    waiting = engine.find_waiting(1)
    assert waiting is not None and (waiting.order.price_ticks, waiting.total_lots) == expected[2:4]


@pytest.mark.parametrize(("price", "is_refused"), [(85, True), (86, False), (104, False), (105, True)])
def test_the_limit_of_a_waiting_stop_stays_inside_the_band_around_its_stop_price(price: int, is_refused: bool) -> None:
    engine = a_market(stop(1, SELL, 5, 95, kind=STOP_LIMIT, price=94), last=100, band_ppm=100_000)
    assert refusals(run(engine, [amend(1, price=price)])) == [RejectReason.PRICE_OUT_OF_BAND] * is_refused


@pytest.mark.parametrize("price", [86, 94], ids=["as it is", "another"])
def test_a_stop_without_a_limit_gets_another_quantity_and_no_price(price: int) -> None:
    engine = a_market(stop(1, SELL, 5, 95), last=100)
    assert refusals(run(engine, [amend(1, price=price)])) == [RejectReason.PRICE_NOT_AMENDABLE]
    assert typed(run(engine, [amend(1, lots=2)])) == typed([OrderAmended(3, 1, 86, 2, 2, 1)])


def test_an_amended_stop_keeps_its_turn_among_those_at_its_stop_price() -> None:
    engine = a_market(stop(1, SELL, 1, 95), stop(2, SELL, 1, 95), amend(1, lots=9), last=100)
    run(engine, [limit(3, BUY, 1, 95, account=OUTSIDER)])
    events = run(engine, [limit(4, SELL, 1, 95, account=TAKER)])
    assert [event.order_id for event in events if isinstance(event, StopTriggered)] == [1, 2]
    assert [event.remaining_lots for event in events if isinstance(event, OrderCancelled)] == [9, 1]


def test_a_stop_limit_that_rests_is_amended_like_any_other() -> None:
    engine = a_market(stop(1, SELL, 5, 95, kind=STOP_LIMIT, price=96), last=100)
    run(engine, [limit(3, BUY, 1, 95, account=OUTSIDER), limit(4, SELL, 1, 95, account=TAKER, tif=IOC)])
    run(engine, [amend(1, price=97), amend(1, lots=2)])
    assert engine.depth(SELL) == [(97, 2, 1)]


# --- restarts -------------------------------------------------------------------------------------


def test_a_restart_at_any_moment_changes_nothing() -> None:
    commands: list[Command] = [
        FIVE,
        OTHER,
        stop(3, SELL, 4, 97, kind=STOP_LIMIT, price=96),
        amend(1, lots=4),
        amend(3, price=95, lots=6),
        amend(2, lots=6, account=OUTSIDER),
        limit(4, BUY, 5, 100, account=TAKER),
        limit(5, BUY, 9, 97, account=TAKER),
        amend(2, price=97, account=OUTSIDER),
        cancel(5, account=TAKER),
        amend(3, lots=1),
    ]
    assert_a_restart_changes_nothing(commands, last=100)
