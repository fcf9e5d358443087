"""Stops: what triggers them, what they become, in which order, and what waiting ones cost."""

import pytest

from matching.engine import (
    CancelReason,
    Command,
    Engine,
    Event,
    LevelChanged,
    OrderAccepted,
    OrderCancelled,
    OrderRejected,
    OrderType,
    PlaceOrder,
    RejectReason,
    SelfTradePrevention,
    SetRules,
    Side,
    StopPlaced,
    StopTriggered,
    TimeInForce,
    TradeExecuted,
    WaitingOrder,
)
from matching.engine.stops import Stops
from matching.engine.trailing_stops import TrailingStops
from tests.unit.engine.cast import (
    BUY,
    FOK,
    GTC,
    IOC,
    OUTSIDER,
    SELL,
    TAKER,
    amend,
    asking,
    cancel,
    limit,
    oco,
    run,
    stop,
    typed,
    without_levels,
)
from tests.unit.engine.comparing import assert_a_restart_changes_nothing

STOP, STOP_LIMIT, TRAILING = OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP
TAKE_PROFIT, TAKE_PROFIT_LIMIT = OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_LIMIT
GTD = TimeInForce.GTD
LAST = 100


def a_market(*commands: Command, last: int = LAST, band_ppm: int = 0) -> Engine:
    engine = Engine(last_price_ticks=last, band_ppm=band_ppm)
    run(engine, commands)
    return engine


def trade_at(price: int, number: int = 0) -> list[Command]:
    """Return a trade of one lot between two accounts that have no stops; give it a number to have several."""
    first = 900 + 2 * number
    return [limit(first, SELL, 1, price, account=OUTSIDER), limit(first + 1, BUY, 1, price, account=TAKER)]


def triggered(events: list[Event]) -> list[tuple[int, int, int]]:
    """Return which stop was triggered, its stop price, and the price that reached it."""
    return [
        (event.order_id, event.stop_price_ticks, event.last_price_ticks)
        for event in events
        if isinstance(event, StopTriggered)
    ]


def trades(events: list[Event]) -> list[tuple[int, int, int, int]]:
    return [
        (event.maker_order_id, event.taker_order_id, event.price_ticks, event.quantity_lots)
        for event in events
        if isinstance(event, TradeExecuted)
    ]


# --- what triggers a stop -------------------------------------------------------------------------

RISE, FALL = (109, 110), (91, 90)


@pytest.mark.parametrize(
    ("kind", "side", "prices"),
    [
        (STOP, BUY, RISE),
        (STOP, SELL, FALL),
        (STOP_LIMIT, BUY, RISE),
        (STOP_LIMIT, SELL, FALL),
        (TAKE_PROFIT, BUY, FALL),
        (TAKE_PROFIT, SELL, RISE),
        (TAKE_PROFIT_LIMIT, BUY, FALL),
        (TAKE_PROFIT_LIMIT, SELL, RISE),
    ],
)
def test_a_stop_is_triggered_by_a_trade_at_its_stop_price_and_not_before(
    kind: OrderType, side: Side, prices: tuple[int, int]
) -> None:
    short_of_it, stop_price = prices
    engine = a_market(stop(1, side, 1, stop_price, kind=kind, price=stop_price if "LIMIT" in kind.name else 0))
    assert triggered(run(engine, trade_at(short_of_it))) == []
    assert engine.find_waiting(1) is not None
    assert triggered(run(engine, trade_at(stop_price, 1))) == [(1, stop_price, stop_price)]
    assert engine.find_waiting(1) is None


@pytest.mark.parametrize("price", [90, 80])
def test_a_price_that_jumps_past_the_stop_price_triggers_too(price: int) -> None:
    engine = a_market(stop(1, SELL, 1, 90))
    assert triggered(run(engine, trade_at(price))) == [(1, 90, price)]


def test_bids_and_asks_trigger_nothing() -> None:
    engine = a_market(stop(1, SELL, 1, 90), stop(2, BUY, 1, 110))
    run(engine, [limit(3, SELL, 1, 89), cancel(3), limit(4, BUY, 1, 111), cancel(4)])
    assert [order.order_id for order in engine.waiting_orders()] == [1, 2]


def test_a_stop_waits_from_the_first_trade_on_when_there_is_no_price_at_all() -> None:
    engine = a_market(stop(1, SELL, 1, 90), stop(2, BUY, 1, 110), last=0)
    assert triggered(run(engine, trade_at(100))) == []
    assert triggered(run(engine, trade_at(90, 1))) == [(1, 90, 90)]


def test_the_reference_price_refuses_a_stop_and_triggers_none() -> None:
    engine = Engine(reference_price_ticks=100)
    events = run(engine, [stop(1, SELL, 1, 100), stop(2, SELL, 1, 99), SetRules(0, 0, 90)])
    assert typed(events[:1]) == typed([OrderRejected(1, 1, RejectReason.STOP_WOULD_TRIGGER)])
    assert engine.find_waiting(2) is not None


# --- accepted -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("order", "band_ppm", "price"),
    [
        (stop(1, SELL, 1, 90), 0, 81),
        (stop(1, BUY, 1, 110), 0, 121),
        (stop(1, SELL, 1, 90), 50_000, 86),
        (stop(1, BUY, 1, 110), 50_000, 115),
        (stop(1, SELL, 1, 95, kind=STOP_LIMIT, price=93), 50_000, 93),
        (stop(1, BUY, 1, 90, kind=TAKE_PROFIT), 50_000, 94),
    ],
    ids=["10 % below", "10 % above", "the band below", "the band above", "its limit", "a take-profit that buys"],
)
def test_an_accepted_stop_says_how_far_it_may_trade(order: PlaceOrder, band_ppm: int, price: int) -> None:
    events = run(a_market(band_ppm=band_ppm), [order])
    assert typed(events) == typed([StopPlaced(1, 1, order.instructions.stop_price_ticks, price)])


def test_the_protection_price_stays_when_the_band_changes() -> None:
    engine = a_market(stop(1, SELL, 9, 90), SetRules(0, 500_000, 0))
    run(engine, [limit(2, BUY, 1, 81, account=TAKER), limit(3, BUY, 1, 80, account=TAKER)])
    assert trades(run(engine, trade_at(90)))[1:] == [(2, 1, 81, 1)]


def test_the_band_counts_when_it_is_nearer_than_the_protection_price() -> None:
    engine = a_market(stop(1, SELL, 9, kind=TRAILING, trail_ticks=3), *trade_at(200))
    run(engine, [limit(n, BUY, 1, price, account=OUTSIDER) for n, price in enumerate((197, 190, 150), start=2)])
    run(engine, [SetRules(0, 50_000, 0)])
    events = run(engine, [limit(5, SELL, 1, 197, account=TAKER)])
    assert trades(events) == [(2, 5, 197, 1), (3, 1, 190, 1)]


def test_a_waiting_stop_is_in_no_book_and_can_be_cancelled() -> None:
    engine = a_market(stop(1, SELL, 4, 90))
    assert engine.depth(SELL) == []
    events = run(engine, [cancel(1, account=OUTSIDER), cancel(1)])
    assert typed(events[1:]) == typed([OrderCancelled(3, 1, CancelReason.REQUESTED, 4)])
    assert triggered(run(engine, trade_at(90))) == []


# --- what it becomes ------------------------------------------------------------------------------

BIDS = [limit(2, BUY, 1, 90, account=OUTSIDER), limit(3, BUY, 2, 88, account=OUTSIDER)]
TRIGGER = limit(4, SELL, 1, 90, account=TAKER, tif=IOC)


def stop_at_90(kind: OrderType, tif: TimeInForce) -> PlaceOrder:
    """Return a stop of five lots; the bids have two for it."""
    order = stop(1, SELL, 5, 90, kind=kind, price=85 if kind == STOP_LIMIT else 0, tif=tif)
    return asking(order, expire_ms=9) if tif == GTD else order


def test_a_triggered_stop_limit_queues_behind_whom_came_before_its_trigger() -> None:
    engine = a_market(stop(1, SELL, 2, 90, kind=STOP_LIMIT, price=95), limit(2, SELL, 2, 95, account=OUTSIDER))
    run(engine, trade_at(90))
    resting = engine.find(1)
    assert resting is not None and resting.priority > 2
    assert trades(run(engine, [limit(3, BUY, 3, 95, account=TAKER)])) == [(2, 3, 95, 2), (1, 3, 95, 1)]


def test_a_stop_has_its_turn_when_the_order_that_triggered_it_rests() -> None:
    engine = a_market(stop(1, SELL, 1, 90), limit(2, BUY, 1, 90, account=OUTSIDER))
    events = run(engine, [limit(3, SELL, 3, 90, account=TAKER)])
    expected = [
        OrderAccepted(4, 3),
        TradeExecuted(5, 90, 1, 2, 3, OUTSIDER, TAKER, SELL, 0),
        StopTriggered(6, 1, 90, 90),
        OrderCancelled(7, 1, CancelReason.MARKET_REMAINDER, 1),
        LevelChanged(8, BUY, 90, 0, 0),
        LevelChanged(9, SELL, 90, 2, 1),
    ]
    assert typed(events) == typed(expected)


@pytest.mark.parametrize(
    ("kind", "tif", "reason", "left"),
    [
        (STOP, GTC, CancelReason.MARKET_REMAINDER, 3),
        (STOP, IOC, CancelReason.MARKET_REMAINDER, 3),
        (STOP, GTD, CancelReason.MARKET_REMAINDER, 3),
        (STOP, FOK, CancelReason.FOK_NOT_FILLABLE, 5),
        (STOP_LIMIT, IOC, CancelReason.IOC_REMAINDER, 3),
        (STOP_LIMIT, FOK, CancelReason.FOK_NOT_FILLABLE, 5),
    ],
)
def test_the_rest_of_a_triggered_stop_is_cancelled_as_its_time_in_force_says(
    kind: OrderType, tif: TimeInForce, reason: CancelReason, left: int
) -> None:
    engine = a_market(stop_at_90(kind, tif), *BIDS)
    (cancelled,) = (event for event in run(engine, [TRIGGER]) if isinstance(event, OrderCancelled))
    assert cancelled[1:] == (1, reason, left)


@pytest.mark.parametrize("tif", [GTC, GTD])
def test_the_rest_of_a_triggered_stop_limit_rests(tif: TimeInForce) -> None:
    engine = a_market(stop_at_90(STOP_LIMIT, tif), *BIDS)
    assert trades(run(engine, [TRIGGER])) == [(2, 4, 90, 1), (3, 1, 88, 2)]
    assert engine.depth(SELL) == [(85, 3, 1)]
    assert engine.next_due_ms == (9 if tif == GTD else None)


@pytest.mark.parametrize("kind", [STOP, STOP_LIMIT])
def test_a_triggered_fok_stop_that_can_be_filled_is_filled(kind: OrderType) -> None:
    engine = a_market(stop_at_90(kind, FOK), *BIDS, limit(5, BUY, 3, 87, account=OUTSIDER))
    assert trades(run(engine, [TRIGGER])) == [(2, 4, 90, 1), (3, 1, 88, 2), (5, 1, 87, 3)]


@pytest.mark.parametrize("tif", [GTC, FOK])
def test_a_stop_that_finds_nothing_in_reach_is_cancelled_whole(tif: TimeInForce) -> None:
    engine = a_market(stop_at_90(STOP, tif), limit(2, BUY, 1, 90, account=OUTSIDER))
    events = run(engine, [limit(3, BUY, 9, 80, account=OUTSIDER), TRIGGER])
    reason = CancelReason.FOK_NOT_FILLABLE if tif == FOK else CancelReason.MARKET_REMAINDER
    assert [event[1:] for event in events if isinstance(event, OrderCancelled)] == [(1, reason, 5)]


def test_a_stop_limit_outside_the_band_of_the_moment_is_cancelled() -> None:
    engine = a_market(stop(1, SELL, 5, 95, kind=STOP_LIMIT, price=104), band_ppm=100_000)
    events = run(engine, [limit(2, BUY, 9, 91, account=OUTSIDER), limit(3, SELL, 1, 91, account=TAKER)])
    expected = [
        StopTriggered(6, 1, 95, 91),
        OrderCancelled(7, 1, CancelReason.PRICE_OUT_OF_BAND, 5),
    ]
    assert typed(without_levels(events)[-2:]) == typed(expected)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        (SelfTradePrevention.CANCEL_NEWEST, [(1, CancelReason.SELF_TRADE, 5)]),
        (SelfTradePrevention.CANCEL_OLDEST, [(3, CancelReason.SELF_TRADE, 2), (1, CancelReason.MARKET_REMAINDER, 1)]),
        (SelfTradePrevention.CANCEL_BOTH, [(3, CancelReason.SELF_TRADE, 2), (1, CancelReason.SELF_TRADE, 5)]),
    ],
)
def test_a_triggered_stop_that_meets_an_own_order_first(
    mode: SelfTradePrevention, expected: list[tuple[int, CancelReason, int]]
) -> None:
    own = limit(3, BUY, 2, 90)
    engine = a_market(asking(stop_at_90(STOP, GTC), self_trade_prevention=mode), BIDS[0], own)
    run(engine, [limit(5, BUY, 4, 88, account=OUTSIDER)])
    events = run(engine, [TRIGGER])
    assert [event[1:] for event in events if isinstance(event, OrderCancelled)] == expected


# --- several at once, and cascades ----------------------------------------------------------------


def test_several_stops_have_their_turns_in_the_order_in_which_a_falling_price_meets_them() -> None:
    engine = a_market(
        stop(1, SELL, 1, 93),
        stop(2, SELL, 1, 97, kind=STOP_LIMIT, price=97),
        stop(3, BUY, 1, 95, kind=TAKE_PROFIT),
        stop(4, SELL, 1, 97),
        stop(5, SELL, 1, kind=TRAILING, trail_ticks=4),
    )
    assert [number for number, _, _ in triggered(run(engine, trade_at(90)))] == [2, 4, 5, 3, 1]


def test_several_stops_have_their_turns_in_the_order_in_which_a_rising_price_meets_them() -> None:
    engine = a_market(
        stop(1, BUY, 1, 107),
        stop(2, BUY, 1, kind=TRAILING, trail_ppm=30_000),
        stop(3, SELL, 1, 105, kind=TAKE_PROFIT),
        stop(4, BUY, 1, 103, kind=STOP_LIMIT, price=103),
    )
    assert triggered(run(engine, trade_at(110))) == [(2, 103, 110), (4, 103, 110), (3, 105, 110), (1, 107, 110)]


def test_each_price_of_a_sweep_triggers_in_turn() -> None:
    """The stop at 95 is reached by the second trade, so it comes after the one that the first has reached."""
    bids = [limit(n, BUY, 1, price, account=OUTSIDER) for n, price in enumerate((98, 94, 90), start=3)]
    engine = a_market(stop(1, SELL, 1, 95), stop(2, SELL, 1, 98), *bids)
    events = run(engine, [limit(9, SELL, 2, 94, account=TAKER)])
    assert triggered(events) == [(2, 98, 98), (1, 95, 94)]


def test_what_a_cascade_triggers_joins_the_end_of_the_queue() -> None:
    engine = a_market(
        stop(1, SELL, 1, 98),
        stop(2, SELL, 1, 97),
        stop(3, SELL, 1, 95),
        limit(4, BUY, 1, 97, account=OUTSIDER),
        limit(5, BUY, 1, 95, account=OUTSIDER),
        limit(6, BUY, 2, 94, account=OUTSIDER),
    )
    events = run(engine, [limit(9, SELL, 1, 97, account=TAKER)])
    assert triggered(events) == [(1, 98, 97), (2, 97, 97), (3, 95, 95)]
    assert trades(events) == [(4, 9, 97, 1), (5, 1, 95, 1), (6, 2, 94, 1), (6, 3, 94, 1)]


def test_a_cascade_that_goes_both_ways_ends() -> None:
    """Up to 105, where a profit is taken, so down to 95 and on to 90, where somebody buys: each stop once."""
    engine = a_market(
        stop(1, BUY, 1, 102),
        stop(2, SELL, 1, 105, kind=TAKE_PROFIT_LIMIT, price=95),
        stop(3, SELL, 1, 96),
        stop(4, BUY, 1, 90, kind=TAKE_PROFIT),
        *(limit(n, SELL, 1, price, account=OUTSIDER) for n, price in ((5, 102), (6, 105))),
        *(limit(n, BUY, 1, price, account=OUTSIDER) for n, price in ((7, 95), (8, 90))),
    )
    events = run(engine, [limit(9, BUY, 1, 102, account=TAKER)])
    assert triggered(events) == [(1, 102, 102), (2, 105, 105), (3, 96, 95), (4, 90, 90)]
    assert engine.open_order_count == 0


def test_a_stop_that_was_cancelled_while_it_was_queued_has_no_turn() -> None:
    """Both are triggered at once; the first one's purchase fills the limit leg whose stop is the second."""
    engine = a_market(
        oco(limit(2, SELL, 3, 110), stop(3, SELL, 3, 95)),
        stop(1, BUY, 1, 96, kind=TAKE_PROFIT_LIMIT, price=110, account=OUTSIDER + 1),
    )
    events = run(engine, trade_at(95))
    assert triggered(events) == [(1, 96, 95)]
    assert trades(events)[1:] == [(2, 1, 110, 1)]
    assert [event[1:] for event in events if isinstance(event, OrderCancelled)] == [(3, CancelReason.LINKED, 3)]


# --- trailing stops -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("side", "prices", "stop_prices"),
    [
        (SELL, [100, 105, 103, 110, 108], [95, 100, 100, 105, 105]),
        (BUY, [100, 95, 97, 90, 92], [105, 100, 100, 95, 95]),
    ],
)
def test_the_mark_follows_the_better_price_only(side: Side, prices: list[int], stop_prices: list[int]) -> None:
    engine = a_market(stop(1, side, 1, kind=TRAILING, trail_ticks=5))
    seen = []
    for number, price in enumerate(prices):
        run(engine, trade_at(price, number))
        waiting = engine.find_waiting(1)
        assert waiting is not None
        seen.append(engine.stop_price_ticks(waiting))
    assert seen == stop_prices


@pytest.mark.parametrize(
    ("trail_ppm", "mark", "offset"), [(20_000, 200, 4), (20_000, 249, 4), (1, 200, 1), (999_999, 200, 199)]
)
def test_a_distance_in_percent_is_rounded_down_and_at_least_a_tick(trail_ppm: int, mark: int, offset: int) -> None:
    engine = a_market(stop(1, SELL, 1, kind=TRAILING, trail_ppm=trail_ppm), last=100)
    run(engine, trade_at(mark))
    waiting = engine.find_waiting(1)
    assert waiting is not None and engine.stop_price_ticks(waiting) == mark - offset


def test_a_price_that_moves_the_mark_does_not_trigger_by_the_mark_it_made() -> None:
    engine = a_market(stop(1, SELL, 1, kind=TRAILING, trail_ticks=1))
    assert triggered(run(engine, trade_at(150))) == []
    assert triggered(run(engine, trade_at(149, 1))) == [(1, 149, 149)]


def test_each_trailing_stop_counts_from_the_price_at_which_it_was_accepted() -> None:
    engine = a_market(stop(1, SELL, 1, kind=TRAILING, trail_ticks=10))
    run(engine, [*trade_at(95), stop(2, SELL, 1, kind=TRAILING, trail_ticks=10), *trade_at(97, 1)])
    prices = {order.order_id: engine.stop_price_ticks(order) for order in engine.waiting_orders()}
    assert prices == {1: 90, 2: 87}
    assert triggered(run(engine, trade_at(87, 2))) == [(1, 90, 87), (2, 87, 87)]


def test_a_better_price_makes_one_mark_of_several() -> None:
    engine = a_market(stop(1, SELL, 1, kind=TRAILING, trail_ticks=10))
    for number, price in enumerate((98, 96, 94), start=1):
        run(engine, [*trade_at(price, number), stop(1 + number, SELL, 1, kind=TRAILING, trail_ticks=10)])
    assert len(engine.trailing_marks()) == 4
    run(engine, trade_at(97, 5))
    assert [mark.price_ticks for mark in engine.trailing_marks()] == [100, 98, 97]
    run(engine, trade_at(101, 6))
    assert [mark.price_ticks for mark in engine.trailing_marks()] == [101]


def test_the_older_of_several_with_one_mark_can_still_be_cancelled() -> None:
    """The newer mark has more stops, so the older one's stop joined them."""
    engine = a_market(stop(1, SELL, 1, kind=TRAILING, trail_ticks=20), *trade_at(95, 1))
    run(engine, [stop(n, SELL, 1, kind=TRAILING, trail_ticks=20) for n in (2, 3, 4)])
    run(engine, trade_at(110, 2))
    assert {engine.stop_price_ticks(order) for order in engine.waiting_orders()} == {90}
    run(engine, [cancel(1), cancel(3)])
    assert triggered(run(engine, trade_at(90, 3))) == [(2, 90, 90), (4, 90, 90)]


def test_an_amended_trailing_stop_keeps_its_mark_and_its_turn() -> None:
    engine = a_market(*(stop(n, SELL, 1, kind=TRAILING, trail_ticks=5) for n in (1, 2)))
    run(engine, [*trade_at(110), amend(1, lots=7)])
    assert triggered(run(engine, trade_at(105, 1))) == [(1, 105, 105), (2, 105, 105)]


# --- what waiting costs ---------------------------------------------------------------------------

STOPS = 10_000


def ten_thousand_stops() -> Engine:
    kinds = [
        stop(1, SELL, 1, 50),
        stop(1, SELL, 1, kind=TRAILING, trail_ticks=60),
        stop(1, SELL, 1, kind=TRAILING, trail_ppm=600_000),
    ]
    engine = Engine(last_price_ticks=100)
    for number in range(STOPS):
        engine.execute(kinds[number % 3]._replace(order_id=number + 1_000, account_id=number))
    return engine


def test_ten_thousand_waiting_stops_are_not_looked_at_by_trades_that_reach_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine, looked = ten_thousand_stops(), list[int]()
    monkeypatch.setattr(Stops, "observe", lambda _, price_ticks: looked.append(price_ticks))
    for number, price in enumerate(range(51, 101)):
        assert trades([event for command in trade_at(price, number) for event in engine.execute(command)])
    assert looked == []


def test_a_trade_moves_the_mark_of_ten_thousand_stops_without_moving_them(monkeypatch: pytest.MonkeyPatch) -> None:
    engine, looked = ten_thousand_stops(), list[int]()
    stop_key = TrailingStops._stop_key

    def look(stops: TrailingStops, order: WaitingOrder, mark: int) -> int:
        looked.append(order.order_id)
        return stop_key(stops, order, mark)

    monkeypatch.setattr(TrailingStops, "_stop_key", look)
    for number, price in enumerate(range(101, 111)):
        for command in trade_at(price, number):
            engine.execute(command)
    assert {mark.price_ticks for mark in engine.trailing_marks()} == {110}
    assert len(looked) <= 10 * 10


def test_hundreds_of_stops_triggered_by_one_trade_have_their_turns_within_its_command() -> None:
    engine = Engine(last_price_ticks=100)
    for number in range(200):
        engine.execute(stop(number + 1, SELL, 1, 90, account=number))
    engine.execute(limit(5_000, BUY, 201, 90, account=OUTSIDER * 1_000))
    events = run(engine, [limit(5_001, SELL, 1, 90, account=TAKER * 1_000)])
    assert [number for number, _, _ in triggered(events)] == list(range(1, 201))
    assert engine.open_order_count == 0


# --- restarts -------------------------------------------------------------------------------------


def test_a_restart_at_any_moment_changes_nothing() -> None:
    commands: list[Command] = [
        stop(1, SELL, 2, 95),
        stop(2, SELL, 3, 93, kind=STOP_LIMIT, price=92, tif=FOK),
        stop(3, BUY, 2, 95, kind=TAKE_PROFIT_LIMIT, price=96, account=OUTSIDER),
        stop(4, SELL, 2, kind=TRAILING, trail_ticks=4),
        asking(stop(5, SELL, 2, kind=TRAILING, trail_ppm=50_000, tif=GTD), expire_ms=7),
        *trade_at(98),
        stop(6, SELL, 2, kind=TRAILING, trail_ticks=4),
        stop(7, BUY, 2, kind=TRAILING, trail_ppm=30_000),
        *trade_at(102, 1),
        amend(1, lots=4),
        *(limit(n, BUY, 2, price, account=TAKER) for n, price in ((11, 97), (12, 95), (13, 92))),
        limit(14, SELL, 2, 97, account=OUTSIDER),
        *trade_at(90, 2),
    ]
    assert_a_restart_changes_nothing(commands, last=100)
