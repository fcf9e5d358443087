"""What time does: orders that expire, dead man's switches that fall, and in which order."""

import pytest

from matching.engine import (
    BracketArmed,
    CancelAfterSet,
    CancelAll,
    CancelReason,
    Command,
    Engine,
    ExpireDue,
    OrderCancelled,
    OrderExpired,
    OrderType,
    PlaceOrder,
    SetCancelAfter,
    SetTradingState,
    TimeInForce,
    TradingState,
)
from tests.unit.engine.cast import (
    BUY,
    MAKER,
    OUTSIDER,
    SELL,
    TAKER,
    asking,
    bracket,
    cancel,
    limit,
    oco,
    run,
    stop,
)
from tests.unit.engine.comparing import assert_a_restart_changes_nothing, unnumbered

REQUESTED, LINKED, CANCEL_AFTER = CancelReason.REQUESTED, CancelReason.LINKED, CancelReason.CANCEL_AFTER


def a_market(*commands: Command, last: int = 0) -> Engine:
    engine = Engine(last_price_ticks=last)
    run(engine, commands)
    return engine


def gtd(order: PlaceOrder, expire_ms: int) -> PlaceOrder:
    return asking(order._replace(time_in_force=TimeInForce.GTD), expire_ms=expire_ms)


def switch(timeout_ms: int, *, account: int = MAKER, time_ms: int = 0) -> SetCancelAfter:
    return SetCancelAfter(time_ms, account, timeout_ms)


# --- orders that expire -----------------------------------------------------------------------------


@pytest.mark.parametrize(("time_ms", "is_open"), [(6, True), (7, False), (8, False)])
def test_an_order_expires_when_its_time_has_come(time_ms: int, is_open: bool) -> None:
    engine = a_market(gtd(limit(1, BUY, 5, 99), 7))
    events = run(engine, [ExpireDue(time_ms)])
    assert unnumbered(events) == unnumbered([] if is_open else [OrderExpired(0, 1, 5)])
    assert (engine.best_bid_ticks is not None) is is_open


def test_what_is_due_expires_by_time_and_then_by_id() -> None:
    engine = a_market(
        gtd(limit(4, BUY, 1, 99), 7),
        gtd(limit(3, BUY, 1, 99), 8),
        gtd(stop(2, BUY, 1, 120), 7),
        gtd(limit(1, BUY, 1, 99), 9),
        gtd(limit(5, BUY, 1, 99), 10),
    )
    events = run(engine, [ExpireDue(9)])
    assert [event.order_id for event in events if isinstance(event, OrderExpired)] == [2, 4, 3, 1]
    assert engine.next_due_ms == 10


def test_an_order_expires_with_what_is_left_of_it_seen_or_hidden() -> None:
    order = asking(gtd(limit(1, SELL, 9, 100), 7), display_lots=2)
    engine = a_market(order, limit(2, BUY, 3, 100, account=TAKER))
    assert unnumbered(run(engine, [ExpireDue(7)])) == unnumbered([OrderExpired(0, 1, 6)])


def test_a_waiting_stop_expires_and_is_triggered_no_more() -> None:
    engine = a_market(gtd(stop(1, SELL, 5, 95), 7), last=100)
    assert unnumbered(run(engine, [ExpireDue(7)])) == unnumbered([OrderExpired(0, 1, 5)])
    events = run(engine, [limit(2, BUY, 1, 95, account=OUTSIDER), limit(3, SELL, 1, 95, account=TAKER)])
    assert "StopTriggered" not in [type(event).__name__ for event in events]


def test_a_triggered_stop_limit_goes_on_to_its_expiry() -> None:
    engine = a_market(gtd(stop(1, SELL, 5, 95, kind=OrderType.STOP_LIMIT, price=96), 7), last=100)
    run(engine, [limit(2, BUY, 1, 95, account=OUTSIDER), limit(3, SELL, 1, 95, account=TAKER)])
    assert engine.depth(SELL) == [(96, 5, 1)]
    assert unnumbered(run(engine, [ExpireDue(7)])) == unnumbered([OrderExpired(0, 1, 5)])


@pytest.mark.parametrize(
    "ends",
    [cancel(1), limit(2, BUY, 5, 100, account=TAKER), CancelAll(0, MAKER)],
    ids=["cancelled", "filled", "cancel all"],
)
def test_an_order_that_has_ended_does_not_expire(ends: Command) -> None:
    engine = a_market(gtd(limit(1, SELL, 5, 100), 7), ends)
    assert engine.next_due_ms is None
    assert run(engine, [ExpireDue(7)]) == []


def test_an_order_that_its_group_took_along_is_passed_over() -> None:
    engine = a_market(oco(gtd(limit(1, SELL, 5, 110), 7), gtd(stop(2, SELL, 5, 95), 7)), last=100)
    assert unnumbered(run(engine, [ExpireDue(9)])) == unnumbered(
        [OrderExpired(0, 1, 5), OrderCancelled(0, 2, LINKED, 5)]
    )


def test_an_id_that_was_used_again_expires_at_its_new_time() -> None:
    engine = a_market(gtd(limit(1, BUY, 5, 99), 7), cancel(1), gtd(limit(1, BUY, 4, 98), 9))
    assert run(engine, [ExpireDue(7)]) == []
    assert unnumbered(run(engine, [ExpireDue(9)])) == unnumbered([OrderExpired(0, 1, 4)])


@pytest.mark.parametrize("state", TradingState)
def test_orders_expire_and_switches_fall_in_every_trading_state(state: TradingState) -> None:
    engine = a_market(gtd(limit(1, BUY, 5, 99), 7), limit(2, BUY, 1, 98), switch(7), SetTradingState(0, state))
    events = run(engine, [ExpireDue(7)])
    assert unnumbered(events) == unnumbered(
        [OrderExpired(0, 1, 5), CancelAfterSet(0, MAKER, 0), OrderCancelled(0, 2, CANCEL_AFTER, 1)]
    )


def test_time_without_anything_due_says_nothing() -> None:
    assert run(Engine(), [ExpireDue(1 << 50)]) == []


# --- the dead man's switch ----------------------------------------------------------------------------


def test_a_switch_falls_once_and_cancels_everything_of_its_account() -> None:
    engine = a_market(
        limit(1, BUY, 5, 99),
        stop(2, BUY, 4, 120),
        limit(3, SELL, 3, 110),
        limit(4, BUY, 2, 99, account=OUTSIDER),
        switch(60),
    )
    assert run(engine, [ExpireDue(59)]) == []
    events = run(engine, [ExpireDue(60)])
    assert unnumbered(events) == unnumbered(
        [
            CancelAfterSet(0, MAKER, 0),
            OrderCancelled(0, 1, CANCEL_AFTER, 5),
            OrderCancelled(0, 2, CANCEL_AFTER, 4),
            OrderCancelled(0, 3, CANCEL_AFTER, 3),
        ]
    )
    assert engine.depth(BUY) == [(99, 2, 1)]
    assert run(engine, [limit(5, BUY, 1, 90), ExpireDue(1_000)])[2:] == []


def test_a_switch_says_when_it_falls() -> None:
    engine = Engine()
    events = run(engine, [switch(60, time_ms=1_000), switch(30, time_ms=2_000)])
    assert unnumbered(events) == unnumbered([CancelAfterSet(0, MAKER, 1_060), CancelAfterSet(0, MAKER, 2_030)])
    assert (dict(engine.cancel_after), engine.next_due_ms) == ({MAKER: 2_030}, 2_030)


def test_a_renewed_switch_falls_at_its_new_time_even_if_that_is_earlier() -> None:
    engine = a_market(limit(1, BUY, 5, 99), switch(60), switch(20, time_ms=10))
    assert unnumbered(run(engine, [ExpireDue(30)]))[0] == ("CancelAfterSet", (MAKER, 0))


def test_a_switch_that_is_turned_off_does_not_fall() -> None:
    engine = a_market(limit(1, BUY, 5, 99), switch(60))
    assert unnumbered(run(engine, [switch(0, time_ms=30)])) == unnumbered([CancelAfterSet(0, MAKER, 0)])
    assert run(engine, [ExpireDue(60)]) == []
    assert engine.next_due_ms is None


def test_a_switch_can_be_turned_off_that_was_never_on() -> None:
    assert unnumbered(run(Engine(), [switch(0)])) == unnumbered([CancelAfterSet(0, MAKER, 0)])


def test_a_switch_of_an_account_without_orders_falls_too() -> None:
    engine = a_market(switch(60))
    assert unnumbered(run(engine, [ExpireDue(60)])) == unnumbered([CancelAfterSet(0, MAKER, 0)])


def test_switches_fall_by_time_and_then_by_account_after_all_that_expires() -> None:
    engine = a_market(
        gtd(limit(1, BUY, 1, 99, account=OUTSIDER), 9),
        limit(2, BUY, 1, 98, account=OUTSIDER),
        limit(3, BUY, 1, 97, account=TAKER),
        limit(4, BUY, 1, 96, account=MAKER),
        gtd(limit(5, BUY, 1, 95, account=MAKER), 8),
        switch(7, account=OUTSIDER),
        switch(6, account=TAKER),
        switch(7, account=MAKER),
    )
    events = run(engine, [ExpireDue(9)])
    assert unnumbered(events) == unnumbered(
        [
            OrderExpired(0, 5, 1),
            OrderExpired(0, 1, 1),
            CancelAfterSet(0, TAKER, 0),
            OrderCancelled(0, 3, CANCEL_AFTER, 1),
            CancelAfterSet(0, MAKER, 0),
            OrderCancelled(0, 4, CANCEL_AFTER, 1),
            CancelAfterSet(0, OUTSIDER, 0),
            OrderCancelled(0, 2, CANCEL_AFTER, 1),
        ]
    )


def test_a_switch_takes_groups_along_in_order_of_priority() -> None:
    entry = bracket(limit(1, BUY, 5, 100), limit(2, SELL, 5, 110), stop(3, SELL, 5, 90))
    engine = a_market(entry, limit(8, SELL, 2, 100, account=TAKER), oco(limit(4, SELL, 1, 120), stop(5, SELL, 1, 80)))
    events = run(engine, [switch(7), ExpireDue(7)])
    assert unnumbered(events[2:]) == unnumbered(
        [
            OrderCancelled(0, 1, CANCEL_AFTER, 3),
            BracketArmed(0, 1, 2),
            OrderCancelled(0, 2, CANCEL_AFTER, 2),
            OrderCancelled(0, 3, LINKED, 2),
            OrderCancelled(0, 4, CANCEL_AFTER, 1),
            OrderCancelled(0, 5, LINKED, 1),
        ]
    )


# --- cancel all ---------------------------------------------------------------------------------------


def test_cancel_all_goes_by_priority_over_the_book_and_the_stops() -> None:
    engine = a_market(
        stop(1, BUY, 1, 120),
        limit(2, SELL, 5, 100),
        limit(3, BUY, 1, 90),
        stop(4, SELL, 1, 80),
        asking(limit(5, SELL, 6, 100), display_lots=2),
        limit(6, BUY, 8, 100, account=TAKER),
    )
    events = run(engine, [CancelAll(0, MAKER)])
    assert unnumbered(events) == unnumbered(
        [OrderCancelled(0, n, REQUESTED, lots) for n, lots in ((1, 1), (3, 1), (4, 1), (5, 3))]
    )


def test_cancel_all_of_an_account_without_orders_says_nothing() -> None:
    assert run(a_market(limit(1, BUY, 5, 99)), [CancelAll(0, OUTSIDER)]) == []


def test_cancel_all_leaves_the_switch_as_it_is() -> None:
    engine = a_market(limit(1, BUY, 5, 99), switch(60), CancelAll(0, MAKER))
    assert dict(engine.cancel_after) == {MAKER: 60}


# --- restarts -----------------------------------------------------------------------------------------


def test_a_restart_at_any_moment_changes_nothing() -> None:
    commands: list[Command] = [
        gtd(limit(1, BUY, 5, 99), 30),
        gtd(stop(2, SELL, 5, 95), 20),
        oco(gtd(limit(3, SELL, 5, 110), 20), gtd(stop(4, SELL, 5, 90), 20)),
        switch(25),
        switch(40, account=OUTSIDER),
        limit(5, BUY, 1, 90, account=OUTSIDER),
        limit(6, SELL, 1, 120),
        ExpireDue(20),
        switch(30, time_ms=20),
        ExpireDue(30),
        ExpireDue(60),
    ]
    assert_a_restart_changes_nothing(commands, last=100)
