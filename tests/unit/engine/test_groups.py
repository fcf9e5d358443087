"""OCO and bracket orders: each way in which they begin and end."""

import pytest

from matching.engine import (
    ActivateBracket,
    BracketArmed,
    CancelAll,
    CancelReason,
    Command,
    Engine,
    Event,
    ExitPlaced,
    ExpireDue,
    OrderAccepted,
    OrderAmended,
    OrderCancelled,
    OrderExpired,
    OrderRejected,
    OrderType,
    PlaceGroup,
    PlaceOrder,
    RejectReason,
    SelfTradePrevention,
    SetRules,
    SetTradingState,
    StopPlaced,
    StopTriggered,
    TimeInForce,
    TradeExecuted,
    TradingState,
)
from tests.unit.engine.cast import (
    BUY,
    FOK,
    IOC,
    MAKER,
    OUTSIDER,
    SELL,
    TAKER,
    amend,
    asking,
    bracket,
    cancel,
    limit,
    market,
    oco,
    run,
    stop,
    without_levels,
)
from tests.unit.engine.comparing import assert_a_restart_changes_nothing, unnumbered

STOP_LIMIT = OrderType.STOP_LIMIT
REQUESTED, LINKED, NO_FUNDS = CancelReason.REQUESTED, CancelReason.LINKED, CancelReason.NO_FUNDS
PRE_OPEN, CONTINUOUS, HALTED, POST_ONLY, CLOSED = TradingState
LAST = 100


def a_market(*commands: Command, last: int = LAST, band_ppm: int = 0) -> Engine:
    engine = Engine(last_price_ticks=last, band_ppm=band_ppm)
    run(engine, commands)
    return engine


def changes(events: list[Event]) -> list[Event]:
    """Return what happens to the orders of groups: no levels, no acceptances, no trades."""
    return [event for event in events if isinstance(event, OrderCancelled | StopTriggered | BracketArmed)]


def gtd(order: PlaceOrder, expire_ms: int) -> PlaceOrder:
    return asking(order._replace(time_in_force=TimeInForce.GTD), expire_ms=expire_ms)


def bid(number: int, lots: int, price: int) -> PlaceOrder:
    return limit(number, BUY, lots, price, account=OUTSIDER)


def ask(number: int, lots: int, price: int) -> PlaceOrder:
    return limit(number, SELL, lots, price, account=OUTSIDER)


def hit(number: int, price: int, lots: int = 1) -> PlaceOrder:
    """Return what sells into a bid; `lift` buys from an ask."""
    return limit(number, SELL, lots, price, account=TAKER, tif=IOC)


def lift(number: int, price: int, lots: int = 1) -> PlaceOrder:
    return limit(number, BUY, lots, price, account=TAKER, tif=IOC)


# --- OCO ------------------------------------------------------------------------------------------

SELL_OCO = oco(limit(1, SELL, 5, 110), stop(2, SELL, 5, 95))


def test_an_oco_is_a_resting_order_and_a_waiting_one() -> None:
    events = run(a_market(), [SELL_OCO])
    assert unnumbered(events) == unnumbered([OrderAccepted(0, 1), StopPlaced(0, 2, 95, 86)])


@pytest.mark.parametrize("lots", [2, 5], ids=["in part", "wholly"])
def test_a_fill_of_the_limit_leg_cancels_the_stop_at_once(lots: int) -> None:
    events = run(a_market(SELL_OCO, ask(3, 5, 111)), [limit(9, BUY, lots + 1, 111, account=TAKER)])
    kinds = [type(event) for event in without_levels(events)]
    assert kinds[:3] == [OrderAccepted, TradeExecuted, OrderCancelled]
    assert [event[1:] for event in changes(events)] == [(2, LINKED, 5)]


def test_a_limit_leg_goes_on_alone_after_its_first_fill() -> None:
    engine = a_market(SELL_OCO, lift(8, 110, 2))
    assert changes(run(engine, [lift(9, 110)])) == []
    assert unnumbered(run(engine, [amend(1, lots=4)])) == unnumbered([OrderAmended(0, 1, 110, 4, 1, 1)])


@pytest.mark.parametrize("price", [0, 94], ids=["stop", "stop limit"])
def test_the_trigger_of_the_stop_cancels_the_limit_leg_first(price: int) -> None:
    kind = STOP_LIMIT if price else OrderType.STOP
    group = oco(limit(1, SELL, 5, 110), stop(2, SELL, 5, 95, kind=kind, price=price))
    events = run(a_market(group, bid(3, 1, 95)), [hit(9, 95)])
    assert unnumbered(changes(events)[:2]) == unnumbered([OrderCancelled(0, 1, LINKED, 5), StopTriggered(0, 2, 95, 95)])


@pytest.mark.parametrize(("gone", "other"), [(1, 2), (2, 1)])
def test_a_cancel_of_one_leg_cancels_the_other(gone: int, other: int) -> None:
    events = run(a_market(SELL_OCO), [cancel(gone)])
    assert [event[1:] for event in changes(events)] == [(gone, REQUESTED, 5), (other, LINKED, 5)]


def test_the_expiry_of_an_oco_ends_both_legs_once() -> None:
    engine = a_market(oco(gtd(limit(1, SELL, 5, 110), 7), gtd(stop(2, SELL, 5, 95), 7)))
    events = run(engine, [ExpireDue(7)])
    assert unnumbered(events) == unnumbered([OrderExpired(0, 1, 5), OrderCancelled(0, 2, LINKED, 5)])
    assert engine.next_due_ms is None


def test_a_leg_that_trades_does_not_expire_the_other_later() -> None:
    engine = a_market(oco(gtd(limit(1, SELL, 5, 110), 7), gtd(stop(2, SELL, 5, 95), 7)), lift(9, 110))
    assert unnumbered(run(engine, [ExpireDue(7)])) == unnumbered([OrderExpired(0, 1, 4)])


def test_an_oco_that_buys() -> None:
    engine = a_market(oco(limit(1, BUY, 5, 90), stop(2, BUY, 5, 105)), ask(3, 1, 105), ask(4, 9, 107))
    events = run(engine, [lift(9, 105)])
    assert unnumbered(changes(events)) == unnumbered([OrderCancelled(0, 1, LINKED, 5), StopTriggered(0, 2, 105, 105)])
    assert engine.last_price_ticks == 107


def test_an_oco_may_wait_for_the_opening() -> None:
    events = run(a_market(SetTradingState(0, PRE_OPEN)), [SELL_OCO])
    assert [type(event) for event in without_levels(events)] == [OrderAccepted, StopPlaced]


@pytest.mark.parametrize(
    ("before", "group", "reason"),
    [
        (
            [SetTradingState(0, HALTED)],
            SELL_OCO,
            RejectReason.MARKET_HALTED,
        ),
        ([limit(2, BUY, 1, 50)], SELL_OCO, RejectReason.DUPLICATE_ORDER_ID),
        ([SetRules(0, 0, 0, max_orders=1)], SELL_OCO, RejectReason.TOO_MANY_ORDERS),
        ([SetRules(0, 0, 0, max_stops=1), stop(9, BUY, 1, 200)], SELL_OCO, RejectReason.TOO_MANY_STOPS),
        ([SetRules(0, 50_000, 0)], SELL_OCO, RejectReason.PRICE_OUT_OF_BAND),
        (
            [],
            oco(limit(1, SELL, 5, 110), stop(2, SELL, 5, 100)),
            RejectReason.STOP_WOULD_TRIGGER,
        ),
        ([bid(9, 1, 110)], SELL_OCO, RejectReason.POST_ONLY_WOULD_TRADE),
        (
            [limit(9, BUY, 1, 110)],
            SELL_OCO,
            RejectReason.POST_ONLY_WOULD_TRADE,
        ),
        (
            [bid(9, 1, 110)],
            oco(gtd(limit(1, SELL, 5, 110), 7)._replace(time_ms=7), stop(2, SELL, 5, 99)),
            RejectReason.ALREADY_EXPIRED,
        ),
    ],
    ids=["halted", "duplicate", "orders", "stops", "band", "stop reached", "would trade", "meets own order", "expired"],
)
def test_a_refused_oco_refuses_both_legs_for_the_same_reason(
    before: list[Command], group: PlaceGroup, reason: RejectReason
) -> None:
    engine = a_market(*before)
    events = run(engine, [group])
    assert unnumbered(events) == unnumbered([OrderRejected(0, 1, reason), OrderRejected(0, 2, reason)])


def test_a_refused_oco_leaves_no_link() -> None:
    engine = a_market(bid(9, 1, 110), SELL_OCO, cancel(9, account=OUTSIDER), limit(1, SELL, 5, 110))
    assert changes(run(engine, [lift(10, 110)])) == []


# --- bracket: how the entry ends --------------------------------------------------------------------

EXITS_CANCELLED: list[Event] = [OrderCancelled(0, 2, LINKED, 5), OrderCancelled(0, 3, LINKED, 5)]
TAKE_PROFIT, STOP_LOSS = limit(2, SELL, 5, 110), stop(3, SELL, 5, 95)
BRACKET = bracket(limit(1, BUY, 5, 100), TAKE_PROFIT, STOP_LOSS)


def with_entry(entry: PlaceOrder) -> PlaceGroup:
    return bracket(entry, TAKE_PROFIT, STOP_LOSS)


def test_a_bracket_begins_with_its_entry_and_exits_that_wait() -> None:
    events = run(a_market(), [BRACKET])
    assert unnumbered(events) == unnumbered([OrderAccepted(0, 1), ExitPlaced(0, 2), ExitPlaced(0, 3)])


def test_exits_that_wait_for_their_entry_neither_trade_nor_trigger() -> None:
    engine = a_market(BRACKET)
    assert engine.best_ask_ticks is None
    events = run(engine, [hit(9, 100, 5), bid(10, 9, 90), hit(11, 90), bid(12, 1, 110)])
    assert changes(events) == [event for event in events if isinstance(event, BracketArmed)]


@pytest.mark.parametrize("fills", [[5], [2, 3]], ids=["at once", "bit by bit"])
def test_an_entry_that_rests_arms_its_exits_when_it_is_filled(fills: list[int]) -> None:
    engine = a_market(BRACKET)
    events = run(engine, [hit(10 + n, 100, lots) for n, lots in enumerate(fills)])
    assert [event[1:] for event in changes(events)] == [(1, 5)]
    assert list(engine.armed_brackets()) == [1]


@pytest.mark.parametrize(
    ("entry", "left"),
    [
        (limit(1, BUY, 5, 100), None),
        (limit(1, BUY, 7, 100, tif=IOC), (1, CancelReason.IOC_REMAINDER, 2)),
        (market(1, BUY, 7, account=MAKER), (1, CancelReason.MARKET_REMAINDER, 2)),
        (limit(1, BUY, 5, 100, tif=FOK), None),
    ],
    ids=["limit", "ioc", "market", "fok"],
)
def test_an_entry_that_trades_at_once_arms_its_exits_for_what_it_got(
    entry: PlaceOrder, left: tuple[int, CancelReason, int] | None
) -> None:
    events = run(a_market(ask(9, 5, 100)), [with_entry(entry)])
    assert [event[1:] for event in changes(events)] == ([left] if left else []) + [(1, 5)]


def test_an_entry_that_is_filled_in_part_at_once_goes_on_with_its_exits_waiting() -> None:
    engine = a_market(ask(9, 2, 100), BRACKET)
    assert list(engine.armed_brackets()) == []
    assert [event[1:] for event in changes(run(engine, [cancel(1)]))] == [(1, REQUESTED, 3), (1, 2)]


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (limit(1, BUY, 5, 99, tif=IOC), CancelReason.IOC_REMAINDER),
        (limit(1, BUY, 6, 100, tif=FOK), CancelReason.FOK_NOT_FILLABLE),
        (market(1, BUY, 6, account=MAKER, tif=FOK), CancelReason.FOK_NOT_FILLABLE),
    ],
    ids=["ioc", "fok", "market fok"],
)
def test_an_entry_that_gets_nothing_cancels_its_exits(entry: PlaceOrder, reason: CancelReason) -> None:
    events = run(a_market(ask(9, 5, 100)), [with_entry(entry)])
    assert unnumbered(changes(events)) == unnumbered(
        [OrderCancelled(0, 1, reason, entry.quantity_lots), *EXITS_CANCELLED]
    )


@pytest.mark.parametrize(("filled", "after"), [(0, [(2, LINKED, 5), (3, LINKED, 5)]), (2, [(1, 2)])])
def test_an_entry_that_expires(filled: int, after: list[tuple[int, ...]]) -> None:
    engine = a_market(with_entry(gtd(limit(1, BUY, 5, 100), 7)), *[hit(9, 100, filled)] * bool(filled))
    events = run(engine, [ExpireDue(7)])
    assert [type(event) for event in events[:1]] == [OrderExpired]
    assert [event[1:] for event in changes(events)] == after


@pytest.mark.parametrize(("filled", "after"), [(0, [(2, LINKED, 5), (3, LINKED, 5)]), (2, [(1, 2)])])
def test_an_entry_that_self_trade_prevention_cancels(filled: int, after: list[tuple[int, ...]]) -> None:
    engine = a_market(BRACKET, *[hit(8, 100, filled)] * bool(filled))
    taker = asking(limit(9, SELL, 1, 100), self_trade_prevention=SelfTradePrevention.CANCEL_OLDEST)
    events = run(engine, [taker])
    assert [event[1:] for event in changes(events)] == [(1, CancelReason.SELF_TRADE, 5 - filled), *after]


def test_an_entry_whose_rest_self_trade_prevention_cancels_arms_its_exits_for_the_fill() -> None:
    engine = a_market(ask(8, 2, 100), limit(9, SELL, 2, 100))
    events = run(engine, [BRACKET])
    assert [event[1:] for event in changes(events)] == [(1, CancelReason.SELF_TRADE, 3), (1, 2)]


def test_an_exit_that_is_cancelled_while_it_waits_takes_the_other_along_and_leaves_the_entry_alone() -> None:
    engine = a_market(BRACKET)
    assert [event[1:] for event in changes(run(engine, [cancel(3)]))] == [(3, REQUESTED, 5), (2, LINKED, 5)]
    assert changes(run(engine, [hit(9, 100, 5)])) == []
    assert engine.open_order_count == 0


def test_cancel_all_ends_the_entry_first_and_skips_what_it_took_along() -> None:
    events = run(a_market(BRACKET), [CancelAll(0, MAKER)])
    assert [event[1:] for event in changes(events)] == [(1, REQUESTED, 5), (2, LINKED, 5), (3, LINKED, 5)]


def test_cancel_all_arms_and_then_cancels_the_exits_of_an_entry_with_a_fill() -> None:
    engine = a_market(BRACKET, hit(9, 100, 2))
    events = run(engine, [CancelAll(0, MAKER)])
    assert [event[1:] for event in changes(events)] == [(1, REQUESTED, 3), (1, 2), (2, REQUESTED, 2), (3, LINKED, 2)]


@pytest.mark.parametrize(
    ("before", "group", "reason"),
    [
        ([SetTradingState(0, CLOSED)], BRACKET, RejectReason.MARKET_CLOSED),
        ([SetTradingState(0, PRE_OPEN)], with_entry(market(1, BUY, 5, account=MAKER)), RejectReason.MARKET_PRE_OPEN),
        ([limit(3, BUY, 1, 50)], BRACKET, RejectReason.DUPLICATE_ORDER_ID),
        ([SetRules(0, 0, 0, max_orders=2)], with_entry(limit(1, BUY, 5, 100, tif=IOC)), RejectReason.TOO_MANY_ORDERS),
        ([SetRules(0, 0, 0, max_stops=1), stop(9, BUY, 1, 200)], BRACKET, RejectReason.TOO_MANY_STOPS),
        (
            [SetRules(0, 100_000, 0)],
            bracket(limit(1, BUY, 5, 100), TAKE_PROFIT, stop(3, SELL, 5, 90, kind=STOP_LIMIT, price=80)),
            RejectReason.PRICE_OUT_OF_BAND,
        ),
        ([], with_entry(market(1, BUY, 5, account=MAKER)), RejectReason.INSUFFICIENT_LIQUIDITY),
        ([limit(9, SELL, 1, 100)], BRACKET, RejectReason.SELF_TRADE),
        ([ask(9, 1, 100), SetTradingState(0, POST_ONLY)], BRACKET, RejectReason.POST_ONLY_WOULD_TRADE),
    ],
    ids=["closed", "pre-open", "duplicate", "orders", "stops", "band", "liquidity", "self-trade", "post-only"],
)
def test_a_refused_bracket_refuses_all_three_for_the_same_reason(
    before: list[Command], group: PlaceGroup, reason: RejectReason
) -> None:
    engine = a_market(*before)
    events = run(engine, [group])
    assert unnumbered(events) == unnumbered([OrderRejected(0, n, reason) for n in (1, 2, 3)])


def test_the_take_profit_may_be_outside_the_band() -> None:
    group = bracket(limit(1, BUY, 5, 100), limit(2, SELL, 5, 500), STOP_LOSS)
    engine = a_market(group, hit(9, 100, 5), band_ppm=100_000)
    run(engine, [ActivateBracket(0, 1, True)])
    assert engine.depth(SELL) == [(500, 5, 1)]


# --- bracket: how the exits begin -------------------------------------------------------------------

ARMED: list[Command] = [BRACKET, hit(9, 100, 3), cancel(1)]
"""The exits are for three lots. Takes the sequence numbers up to 10."""
ACTIVATE = ActivateBracket(0, 1, True)


def test_armed_exits_become_an_oco_for_what_was_filled() -> None:
    engine = a_market(*ARMED)
    events = run(engine, [ACTIVATE])
    assert unnumbered(events) == unnumbered([StopPlaced(0, 3, 95, 86), OrderAccepted(0, 2)])
    assert engine.depth(SELL) == [(110, 3, 1)]
    assert [event[1:] for event in changes(run(engine, [lift(20, 110)]))] == [(3, LINKED, 3)]


def test_the_stop_loss_of_an_activated_bracket_is_triggered_like_any_stop() -> None:
    engine = a_market(*ARMED, ACTIVATE, bid(20, 9, 95))
    events = run(engine, [hit(21, 95)])
    assert [event[1:] for event in changes(events)] == [(2, LINKED, 3), (3, 95, 95)]
    assert engine.open_order_count == 1


def test_exits_without_funds_are_cancelled() -> None:
    events = run(a_market(*ARMED), [ActivateBracket(0, 1, False)])
    assert unnumbered(events) == unnumbered([OrderCancelled(0, 2, NO_FUNDS, 3), OrderCancelled(0, 3, NO_FUNDS, 3)])


@pytest.mark.parametrize("before", [[], [BRACKET], [*ARMED, ACTIVATE], [*ARMED, cancel(2)]])
def test_only_an_armed_bracket_can_be_activated(before: list[Command]) -> None:
    assert run(a_market(*before), [ACTIVATE]) == []


@pytest.mark.parametrize(("gone", "other"), [(2, 3), (3, 2)])
def test_a_cancel_of_an_armed_exit_cancels_the_other(gone: int, other: int) -> None:
    events = run(a_market(*ARMED), [cancel(gone)])
    assert [event[1:] for event in changes(events)] == [(gone, REQUESTED, 3), (other, LINKED, 3)]


def test_a_stop_loss_that_is_reached_already_has_its_turn_at_once() -> None:
    engine = a_market(*ARMED, bid(20, 9, 94), hit(21, 94))
    events = run(engine, [ACTIVATE])
    assert unnumbered(events) == unnumbered(
        [
            StopPlaced(0, 3, 95, 86),
            OrderAccepted(0, 2),
            OrderCancelled(0, 2, LINKED, 3),
            StopTriggered(0, 3, 95, 94),
            TradeExecuted(0, 94, 3, 20, 3, OUTSIDER, MAKER, SELL, 5),
        ]
    )


def test_a_stop_loss_that_is_reached_already_goes_before_a_take_profit_that_would_trade() -> None:
    engine = a_market(*ARMED, bid(20, 1, 94), hit(21, 94), bid(22, 9, 112))
    events = run(engine, [ACTIVATE])
    assert [event[1:] for event in changes(events)] == [(2, LINKED, 3), (3, 95, 94)]
    assert [event.taker_order_id for event in events if isinstance(event, TradeExecuted)] == [3]


@pytest.mark.parametrize(("lots", "resting"), [(1, [(110, 2, 1)]), (3, []), (9, [])])
def test_a_take_profit_that_would_trade_does_and_then_cancels_the_stop_loss(
    lots: int, resting: list[tuple[int, int, int]]
) -> None:
    engine = a_market(*ARMED, bid(20, lots, 112))
    events = run(engine, [ACTIVATE])
    kinds = [type(event) for event in without_levels(events)]
    assert kinds == [StopPlaced, OrderAccepted, TradeExecuted, OrderCancelled]
    assert engine.depth(SELL) == resting


def test_a_take_profit_that_would_meet_an_own_order_first_ends_with_its_stop_loss() -> None:
    engine = a_market(*ARMED, limit(20, BUY, 1, 112))
    events = run(engine, [ACTIVATE])
    assert [event[1:] for event in changes(events)] == [(2, CancelReason.SELF_TRADE, 3), (3, LINKED, 3)]


@pytest.mark.parametrize("state", [PRE_OPEN, HALTED, POST_ONLY, CLOSED])
def test_while_the_market_does_not_trade_the_exits_just_wait(state: TradingState) -> None:
    engine = a_market(*ARMED, bid(20, 1, 94), hit(21, 94), bid(22, 1, 112), SetTradingState(0, state))
    events = run(engine, [ACTIVATE])
    assert [type(event) for event in without_levels(events)] == [StopPlaced, OrderAccepted]
    assert engine.find(2) is not None and engine.find_waiting(3) is not None


def test_a_stop_loss_that_was_reached_before_the_opening_waits_for_a_trade() -> None:
    """That an own order was cancelled at the last price is no trade."""
    engine = a_market(*ARMED, bid(20, 1, 94), hit(21, 94), SetTradingState(0, HALTED), ACTIVATE)
    run(engine, [SetTradingState(0, CONTINUOUS), bid(22, 1, 94)])
    own = asking(limit(23, SELL, 1, 94, account=OUTSIDER), self_trade_prevention=SelfTradePrevention.CANCEL_OLDEST)
    events = run(engine, [own])
    assert [event[1:] for event in changes(events)] == [(22, CancelReason.SELF_TRADE, 1)]
    events = run(engine, [limit(24, BUY, 1, 94, account=TAKER)])
    assert [event[1:3] for event in events if isinstance(event, StopTriggered)] == [(3, 95)]


def test_the_protection_price_of_a_stop_loss_is_that_of_its_activation() -> None:
    engine = a_market(*ARMED, SetRules(0, 20_000, 0))
    assert unnumbered(run(engine, [ACTIVATE])[:1]) == unnumbered([StopPlaced(0, 3, 95, 94)])


def test_a_bracket_that_sells_first() -> None:
    group = bracket(limit(1, SELL, 5, 100), limit(2, BUY, 5, 90), stop(3, BUY, 5, 105, kind=STOP_LIMIT, price=106))
    engine = a_market(group, lift(9, 100, 5))
    events = run(engine, [ACTIVATE])
    assert unnumbered(events) == unnumbered([StopPlaced(0, 3, 105, 106), OrderAccepted(0, 2)])
    run(engine, [ask(20, 1, 105)])
    assert [event[1:] for event in changes(run(engine, [lift(21, 105)]))] == [(2, LINKED, 5), (3, 105, 105)]
    assert engine.depth(BUY) == [(106, 5, 1)]


def test_waiting_exits_count_as_open_orders_and_their_stop_as_a_stop() -> None:
    engine = a_market(BRACKET, SetRules(0, 0, 0, max_orders=4, max_stops=1))
    events = run(engine, [stop(20, SELL, 1, 90), limit(21, BUY, 1, 90), limit(22, BUY, 1, 90)])
    reasons = [event.reason for event in events if isinstance(event, OrderRejected)]
    assert reasons == [RejectReason.TOO_MANY_STOPS, RejectReason.TOO_MANY_ORDERS]


def test_an_id_of_a_waiting_exit_is_taken() -> None:
    events = run(a_market(BRACKET), [limit(2, BUY, 1, 90)])
    assert unnumbered(events) == unnumbered([OrderRejected(0, 2, RejectReason.DUPLICATE_ORDER_ID)])


# --- restarts ---------------------------------------------------------------------------------------

OCO_STORY: list[Command] = [SELL_OCO, amend(1, lots=4), bid(3, 9, 95), hit(4, 95), lift(5, 110)]
BRACKET_STORY: list[Command] = [
    ask(8, 1, 100),
    with_entry(gtd(limit(1, BUY, 5, 100), 7)),
    hit(9, 100, 2),
    ExpireDue(7),
    bid(20, 2, 104),
    ACTIVATE,
    hit(21, 104),
    bid(22, 9, 95),
    hit(23, 95),
]
LATE_STORY: list[Command] = [*ARMED, bid(20, 9, 94), hit(21, 94), SetTradingState(0, HALTED), ACTIVATE]
RESUMED: list[Command] = [SetTradingState(0, CONTINUOUS), hit(22, 94), cancel(2), cancel(3)]
NO_FUNDS_STORY: list[Command] = [*ARMED, ActivateBracket(0, 1, False), limit(2, SELL, 1, 110)]
EXIT_GONE_STORY: list[Command] = [BRACKET, cancel(2), hit(9, 100, 2), hit(10, 100, 3), ACTIVATE]


@pytest.mark.parametrize(
    "commands",
    [OCO_STORY, BRACKET_STORY, LATE_STORY + RESUMED, NO_FUNDS_STORY, EXIT_GONE_STORY],
    ids=["oco", "bracket", "late", "no funds", "exit gone"],
)
def test_a_restart_at_any_moment_changes_nothing(commands: list[Command]) -> None:
    assert_a_restart_changes_nothing(commands, last=LAST)
