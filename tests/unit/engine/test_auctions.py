"""The opening: orders that rest across each other, and the auction that finds one price for them."""

import pytest

from matching.engine import (
    AuctionHeld,
    BracketArmed,
    CancelReason,
    Command,
    Engine,
    Event,
    IcebergRefilled,
    LevelChanged,
    OrderAccepted,
    OrderCancelled,
    OrderType,
    PlaceOrder,
    RejectReason,
    SelfTradePrevention,
    SetRules,
    SetTradingState,
    Side,
    StopTriggered,
    TradeExecuted,
    TradingState,
    TradingStateChanged,
)
from tests.unit.engine.cast import (
    BUY,
    MAKER,
    OUTSIDER,
    SELL,
    TAKER,
    asking,
    bracket,
    limit,
    market,
    oco,
    run,
    stop,
    typed,
    without_levels,
)
from tests.unit.engine.comparing import assert_a_restart_changes_nothing, unnumbered

PRE_OPEN, CONTINUOUS, HALTED, POST_ONLY, CLOSED = TradingState
OPEN = SetTradingState(0, CONTINUOUS)
SELF_TRADE, LINKED = CancelReason.SELF_TRADE, CancelReason.LINKED
Level = tuple[int, int]


def before_the_opening(*commands: Command, reference: int = 0, last: int = 0) -> Engine:
    engine = Engine(trading_state=PRE_OPEN, reference_price_ticks=reference, last_price_ticks=last)
    run(engine, commands)
    return engine


def bids_and_asks(bids: list[Level], asks: list[Level]) -> list[Command]:
    """Return orders of (price, lots): the bids are 10, 11, ... of one account, the asks 20, 21, ... of another."""
    return [
        *(limit(10 + n, BUY, lots, price, account=OUTSIDER) for n, (price, lots) in enumerate(bids)),
        *(limit(20 + n, SELL, lots, price, account=TAKER) for n, (price, lots) in enumerate(asks)),
    ]


def auctions(events: list[Event]) -> list[tuple[int, int]]:
    return [(event.price_ticks, event.quantity_lots) for event in events if isinstance(event, AuctionHeld)]


def trades(events: list[Event]) -> list[tuple[int, int, int, int]]:
    return [
        (event.maker_order_id, event.taker_order_id, event.price_ticks, event.quantity_lots)
        for event in events
        if isinstance(event, TradeExecuted)
    ]


def cancels(events: list[Event]) -> list[tuple[int, CancelReason, int]]:
    return [
        (event.order_id, event.reason, event.remaining_lots) for event in events if isinstance(event, OrderCancelled)
    ]


# --- before the opening ---------------------------------------------------------------------------


def test_before_the_opening_orders_rest_across_each_other() -> None:
    engine = before_the_opening(limit(1, BUY, 5, 102))
    events = run(engine, [limit(2, SELL, 5, 100, account=TAKER)])
    assert typed(events) == typed([OrderAccepted(3, 2), LevelChanged(4, SELL, 100, 5, 1)])
    assert (engine.best_bid_ticks, engine.best_ask_ticks) == (102, 100)


@pytest.mark.parametrize("side", Side)
def test_before_the_opening_an_own_order_on_the_other_side_is_no_obstacle(side: Side) -> None:
    engine = before_the_opening(limit(1, side.opposite, 1, 100))
    order = asking(limit(2, side, 1, 100), self_trade_prevention=SelfTradePrevention.CANCEL_NEWEST)
    assert isinstance(run(engine, [order])[0], OrderAccepted)


# --- the price ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bids", "asks", "expected"),
    [
        ([(100, 5)], [(100, 5)], (100, 5)),
        ([(102, 5), (101, 3)], [(100, 4), (101, 2)], (101, 6)),
        ([(102, 5)], [(100, 5), (101, 3)], (100, 5)),
        ([(102, 5), (101, 3)], [(100, 5)], (102, 5)),
        ([(105, 1), (103, 9)], [(99, 2), (102, 5)], (102, 7)),
        ([(110, 4)], [(90, 9)], (90, 4)),
    ],
    ids=[
        "touching",
        "most lots",
        "least imbalance below",
        "least imbalance above",
        "most lots between",
        "imbalance is the same everywhere",
    ],
)
def test_the_price_trades_most_then_leaves_the_least_over(
    bids: list[Level], asks: list[Level], expected: Level
) -> None:
    engine = before_the_opening(*bids_and_asks(bids, asks), reference=1)
    assert auctions(run(engine, [OPEN])) == [expected]
    assert engine.last_price_ticks == expected[0]


@pytest.mark.parametrize(
    ("last", "reference", "price"),
    [
        (0, 101, 101),
        (0, 95, 100),
        (0, 120, 105),
        (0, 0, 102),
        (104, 101, 104),
        (90, 104, 100),
    ],
    ids=["reference", "below", "above", "neither: the middle, rounded down", "last before reference", "last below"],
)
def test_equal_prices_are_decided_by_the_price_before(last: int, reference: int, price: int) -> None:
    engine = before_the_opening(*bids_and_asks([(105, 5)], [(100, 5)]), last=last, reference=reference)
    assert auctions(run(engine, [OPEN])) == [(price, 5)]


def test_a_price_between_the_levels_can_be_the_one() -> None:
    """At 100 and 110 one side is larger; from 101 to 109 both are equal."""
    engine = before_the_opening(*bids_and_asks([(110, 5), (100, 3)], [(100, 5), (110, 3)]), reference=105)
    assert auctions(run(engine, [OPEN])) == [(105, 5)]


def test_the_price_does_not_take_notice_of_the_band() -> None:
    engine = before_the_opening(*bids_and_asks([(105, 5)], [(100, 5)]), SetRules(0, 10_000, 200))
    assert auctions(run(engine, [OPEN])) == [(105, 5)]


def test_what_is_hidden_counts_for_the_price() -> None:
    engine = before_the_opening(
        asking(limit(1, BUY, 9, 102), display_lots=1),
        *bids_and_asks([], [(100, 4), (102, 5)]),
        reference=1,
    )
    assert auctions(run(engine, [OPEN])) == [(102, 9)]


# --- the trades -----------------------------------------------------------------------------------


def test_an_auction_trades_by_price_and_time_at_one_price_with_the_older_order_as_maker() -> None:
    engine = before_the_opening(
        limit(1, SELL, 2, 101, account=TAKER),
        limit(2, BUY, 3, 101, account=OUTSIDER),
        limit(3, BUY, 2, 102, account=OUTSIDER),
        limit(4, SELL, 4, 100, account=TAKER),
    )
    events = run(engine, [OPEN])
    expected: list[Event] = [
        AuctionHeld(0, 101, 5),
        TradeExecuted(0, 101, 2, 3, 4, OUTSIDER, TAKER, SELL, 0),
        TradeExecuted(0, 101, 2, 2, 4, OUTSIDER, TAKER, SELL, 1),
        TradeExecuted(0, 101, 1, 1, 2, TAKER, OUTSIDER, BUY, 1),
        TradingStateChanged(0, CONTINUOUS),
    ]
    assert unnumbered(events) == unnumbered(expected)
    assert (engine.depth(BUY), engine.depth(SELL)) == ([], [(101, 1, 1)])


def test_each_touched_level_is_reported_once_after_the_trades() -> None:
    engine = before_the_opening(*bids_and_asks([(102, 5), (101, 3)], [(100, 4), (101, 2)]))
    events = run(engine, [OPEN])
    levels = [event[1:] for event in events if isinstance(event, LevelChanged)]
    assert sorted(levels) == [(BUY, 101, 2, 1), (BUY, 102, 0, 0), (SELL, 100, 0, 0), (SELL, 101, 0, 0)]
    assert events[-4:] == [event for event in events if isinstance(event, LevelChanged)]


def test_icebergs_trade_part_by_part_and_each_refill_is_newer_than_all_others() -> None:
    engine = before_the_opening(
        asking(limit(1, SELL, 4, 100, account=TAKER), display_lots=1),
        limit(2, SELL, 2, 100, account=TAKER),
        limit(3, BUY, 5, 100, account=OUTSIDER),
    )
    events = run(engine, [OPEN])
    assert [(maker, lots) for maker, _, _, lots in trades(events)] == [(1, 1), (2, 2), (3, 1), (3, 1)]
    assert [type(event) for event in without_levels(events)[1:3]] == [TradeExecuted, IcebergRefilled]
    assert engine.depth(SELL) == [(100, 1, 1)]


def test_the_band_is_around_the_auctions_price_afterwards() -> None:
    engine = before_the_opening(*bids_and_asks([(200, 5)], [(200, 5)]), SetRules(0, 100_000, 100))
    run(engine, [OPEN])
    (event,) = run(engine, [limit(30, BUY, 1, 100)])
    assert event[1:] == (30, RejectReason.PRICE_OUT_OF_BAND)


# --- own orders, several rounds -------------------------------------------------------------------


@pytest.mark.parametrize("mode", SelfTradePrevention)
def test_of_two_own_orders_that_meet_the_newer_one_is_cancelled_whatever_they_asked_for(
    mode: SelfTradePrevention,
) -> None:
    def own(order: PlaceOrder) -> PlaceOrder:
        return asking(order, self_trade_prevention=mode)

    engine = before_the_opening(
        own(limit(1, BUY, 5, 101)), own(limit(2, SELL, 3, 100)), limit(3, SELL, 4, 101, account=TAKER)
    )
    events = run(engine, [OPEN])
    assert cancels(events) == [(2, SELF_TRADE, 3)]
    assert trades(events) == [(1, 3, 101, 4)]


def test_an_own_iceberg_is_cancelled_with_what_it_hides() -> None:
    engine = before_the_opening(limit(1, BUY, 5, 101), asking(limit(2, SELL, 9, 100), display_lots=1))
    assert cancels(run(engine, [OPEN])) == [(2, SELF_TRADE, 9)]


def test_a_book_that_still_crosses_has_another_auction() -> None:
    """The bid at 105 is of the same account as the ask, and newer; without it the price is another one."""
    engine = before_the_opening(
        limit(1, SELL, 5, 100), limit(2, BUY, 5, 105), limit(3, BUY, 2, 102, account=OUTSIDER), reference=105
    )
    events = run(engine, [OPEN])
    assert unnumbered(events) == unnumbered(
        [
            AuctionHeld(0, 105, 5),
            OrderCancelled(0, 2, SELF_TRADE, 5),
            AuctionHeld(0, 102, 2),
            TradeExecuted(0, 102, 2, 1, 3, MAKER, OUTSIDER, BUY, 3),
            TradingStateChanged(0, CONTINUOUS),
        ]
    )


def test_an_account_alone_on_both_sides_trades_nothing() -> None:
    engine = before_the_opening(limit(1, BUY, 5, 105), limit(2, BUY, 5, 104), limit(3, SELL, 9, 100), reference=100)
    events = run(engine, [OPEN])
    assert trades(events) == []
    assert cancels(events) == [(3, SELF_TRADE, 9)]
    assert engine.last_price_ticks == 0


# --- stops and groups -----------------------------------------------------------------------------


def test_stops_that_an_auction_triggers_have_their_turns_after_it() -> None:
    engine = before_the_opening(
        stop(1, SELL, 2, 98),
        *bids_and_asks([(97, 4), (96, 9)], [(95, 3), (97, 1)]),
        last=100,
    )
    events = run(engine, [OPEN])
    kinds = [type(event) for event in without_levels(events)]
    opening = [AuctionHeld, TradeExecuted, TradeExecuted, TradingStateChanged]
    assert kinds == [*opening, StopTriggered, TradeExecuted]
    assert trades(events)[-1] == (11, 1, 96, 2)


def test_stops_have_their_turns_after_the_last_of_several_auctions() -> None:
    engine = before_the_opening(
        stop(9, BUY, 1, 101, account=TAKER),
        limit(4, SELL, 1, 103, account=OUTSIDER + 1),
        limit(5, BUY, 1, 105, account=OUTSIDER),
        limit(1, SELL, 5, 100),
        limit(2, BUY, 5, 105),
        limit(3, BUY, 2, 102, account=OUTSIDER),
        reference=105,
        last=100,
    )
    kinds = [type(event) for event in run(engine, [OPEN])]
    assert kinds.index(StopTriggered) > max(n for n, kind in enumerate(kinds) if kind is AuctionHeld)


def test_an_auction_moves_trailing_stops() -> None:
    sell = stop(1, SELL, 2, kind=OrderType.TRAILING_STOP, trail_ticks=5)
    engine = before_the_opening(sell, *bids_and_asks([(120, 1)], [(120, 1)]), last=100)
    run(engine, [OPEN])
    waiting = engine.find_waiting(1)
    assert waiting is not None and engine.stop_price_ticks(waiting) == 115


def test_a_leg_that_an_auction_fills_cancels_its_sibling_even_if_that_was_triggered() -> None:
    """The auction's price reaches the stop; its turn would come after the auction."""
    engine = before_the_opening(
        oco(limit(1, SELL, 2, 90), stop(2, SELL, 2, 95)),
        *bids_and_asks([(94, 2)], []),
        last=100,
    )
    events = run(engine, [OPEN])
    assert cancels(events) == [(2, LINKED, 2)]
    assert [event for event in events if isinstance(event, StopTriggered)] == []


def test_consequences_come_for_the_maker_and_then_for_the_taker() -> None:
    maker = bracket(limit(1, BUY, 2, 100), limit(2, SELL, 2, 120), stop(3, SELL, 2, 80))
    taker = oco(limit(4, SELL, 2, 100, account=TAKER), stop(5, SELL, 2, 70, account=TAKER))
    events = run(before_the_opening(maker, taker), [OPEN])
    assert [type(event) for event in without_levels(events)[1:4]] == [TradeExecuted, BracketArmed, OrderCancelled]


# --- when there is one ----------------------------------------------------------------------------


def test_a_book_that_does_not_cross_opens_without_an_auction() -> None:
    engine = before_the_opening(*bids_and_asks([(99, 5)], [(100, 5)]))
    assert unnumbered(run(engine, [OPEN])) == unnumbered([TradingStateChanged(0, CONTINUOUS)])


@pytest.mark.parametrize("state", [PRE_OPEN, HALTED, POST_ONLY, CLOSED])
def test_in_every_other_state_nothing_is_matched(state: TradingState) -> None:
    engine = before_the_opening(*bids_and_asks([(102, 5)], [(100, 5)]))
    assert unnumbered(run(engine, [SetTradingState(0, state)])) == unnumbered([TradingStateChanged(0, state)])
    assert auctions(run(engine, [OPEN])) == [(101, 5)]


def test_after_the_auction_the_market_trades() -> None:
    engine = before_the_opening(*bids_and_asks([(102, 5)], [(100, 3)]), reference=102)
    run(engine, [OPEN])
    assert trades(run(engine, [market(30, SELL, 1)])) == [(10, 30, 102, 1)]


def test_a_restart_at_any_moment_changes_nothing() -> None:
    commands: list[Command] = [
        SetTradingState(0, PRE_OPEN),
        *bids_and_asks([(104, 3), (102, 2)], [(99, 2), (101, 1)]),
        asking(limit(1, SELL, 4, 100), display_lots=1),
        limit(2, BUY, 2, 103),
        stop(3, SELL, 2, 98),
        oco(limit(4, SELL, 1, 100, account=OUTSIDER), stop(5, SELL, 1, 97, account=OUTSIDER)),
        SetTradingState(0, POST_ONLY),
        OPEN,
        market(30, SELL, 9),
    ]
    assert_a_restart_changes_nothing(commands, last=100)
