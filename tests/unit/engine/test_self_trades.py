"""Self-trade prevention: the four modes, what they mean for fill or kill and budgets, and for groups."""

import pytest

from matching.engine import (
    BracketArmed,
    CancelReason,
    Command,
    Engine,
    Event,
    LevelChanged,
    OrderAccepted,
    OrderCancelled,
    OrderDecremented,
    OrderRejected,
    PlaceOrder,
    RejectReason,
    SelfTradePrevention,
    TradeExecuted,
)
from tests.unit.engine.cast import (
    BUY,
    FOK,
    IOC,
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
from tests.unit.engine.comparing import assert_a_restart_changes_nothing

NEWEST, OLDEST, BOTH, DECREMENT = SelfTradePrevention
SELF_TRADE, LINKED = CancelReason.SELF_TRADE, CancelReason.LINKED


def taking(order: PlaceOrder, mode: SelfTradePrevention) -> PlaceOrder:
    """Return the order as one of the account that has the own orders in the book, with a mode."""
    return asking(order._replace(account_id=MAKER), self_trade_prevention=mode)


def a_market(*commands: Command) -> Engine:
    engine = Engine()
    run(engine, commands)
    return engine


def cancels(events: list[Event]) -> list[tuple[int, CancelReason, int]]:
    return [
        (event.order_id, event.reason, event.remaining_lots) for event in events if isinstance(event, OrderCancelled)
    ]


def bought(events: list[Event]) -> int:
    return sum(event.quantity_lots for event in events if isinstance(event, TradeExecuted))


OTHER_FIRST: list[Command] = [
    limit(1, SELL, 2, 100, account=OUTSIDER),
    limit(2, SELL, 3, 100),
    limit(3, SELL, 4, 100, account=OUTSIDER),
]
"""Two lots of somebody else, three of one's own, four of somebody else. Takes the sequence numbers up to 6."""

OWN_FIRST: list[Command] = [limit(2, SELL, 3, 100), limit(3, SELL, 4, 100, account=OUTSIDER)]


# --- the modes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "expected", "filled"),
    [
        (NEWEST, [(9, SELF_TRADE, 3)], 2),
        (OLDEST, [(2, SELF_TRADE, 3)], 5),
        (BOTH, [(2, SELF_TRADE, 3), (9, SELF_TRADE, 3)], 2),
        (DECREMENT, [(2, SELF_TRADE, 3), (9, SELF_TRADE, 3)], 2),
    ],
)
def test_an_own_order_in_the_middle_of_the_queue(
    mode: SelfTradePrevention, expected: list[tuple[int, CancelReason, int]], filled: int
) -> None:
    events = run(a_market(*OTHER_FIRST), [taking(limit(9, BUY, 5, 100), mode)])
    assert cancels(events) == expected
    assert bought(events) == filled


@pytest.mark.parametrize("mode", SelfTradePrevention)
def test_an_own_order_behind_the_last_lot_wanted_is_left_alone(mode: SelfTradePrevention) -> None:
    engine = a_market(*OTHER_FIRST)
    events = run(engine, [taking(limit(9, BUY, 2, 100), mode)])
    assert cancels(events) == []
    assert engine.find(2) is not None


@pytest.mark.parametrize("mode", SelfTradePrevention)
def test_an_own_order_beyond_the_limit_is_left_alone(mode: SelfTradePrevention) -> None:
    engine = a_market(limit(1, SELL, 2, 100, account=OUTSIDER), limit(2, SELL, 3, 101))
    assert cancels(run(engine, [taking(limit(9, BUY, 5, 100), mode)])) == []


@pytest.mark.parametrize("order", [limit(9, BUY, 5, 100), limit(9, BUY, 5, 100, tif=FOK), market(9, BUY, 5)])
def test_a_taker_that_would_meet_its_own_order_first_is_refused(order: PlaceOrder) -> None:
    events = run(a_market(*OWN_FIRST), [taking(order, NEWEST)])
    assert typed(events) == typed([OrderRejected(5, 9, RejectReason.SELF_TRADE)])


def test_the_takers_mode_counts_and_not_the_makers() -> None:
    engine = a_market(taking(limit(2, SELL, 3, 100), OLDEST), limit(3, SELL, 4, 100, account=OUTSIDER))
    assert isinstance(run(engine, [taking(limit(9, BUY, 5, 100), NEWEST)])[0], OrderRejected)
    assert cancels(run(engine, [taking(limit(9, BUY, 4, 100), OLDEST)])) == [(2, SELF_TRADE, 3)]


def test_cancel_oldest_removes_each_own_order_that_it_meets() -> None:
    own = [limit(n, SELL, 1, 100 + n) for n in (1, 2, 4)]
    engine = a_market(*own, limit(3, SELL, 1, 103, account=OUTSIDER))
    events = run(engine, [taking(limit(9, BUY, 1, 110), OLDEST)])
    assert cancels(events) == [(1, SELF_TRADE, 1), (2, SELF_TRADE, 1)]
    assert engine.best_ask_ticks == 104


def test_cancel_oldest_lets_the_taker_rest_where_its_own_order_was() -> None:
    engine = a_market(limit(1, SELL, 3, 100))
    events = run(engine, [taking(limit(9, BUY, 5, 100), OLDEST)])
    expected = [
        OrderAccepted(3, 9),
        OrderCancelled(4, 1, SELF_TRADE, 3),
        LevelChanged(5, SELL, 100, 0, 0),
        LevelChanged(6, BUY, 100, 5, 1),
    ]
    assert typed(events) == typed(expected)


def test_an_ioc_order_that_cancels_the_oldest_finds_nothing_else() -> None:
    events = run(a_market(limit(1, SELL, 3, 100)), [taking(limit(9, BUY, 5, 100, tif=IOC), OLDEST)])
    assert cancels(events) == [(1, SELF_TRADE, 3), (9, CancelReason.IOC_REMAINDER, 5)]


# --- decrement ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("own_lots", "expected"),
    [
        (3, [OrderCancelled(4, 1, SELF_TRADE, 3), OrderDecremented(5, 9, 3, 2)]),
        (5, [OrderCancelled(4, 1, SELF_TRADE, 5), OrderCancelled(5, 9, SELF_TRADE, 5)]),
        (8, [OrderDecremented(4, 1, 5, 3), OrderCancelled(5, 9, SELF_TRADE, 5)]),
    ],
    ids=["smaller", "equal", "larger"],
)
def test_decrement_takes_the_smaller_off_the_larger_the_maker_first(own_lots: int, expected: list[Event]) -> None:
    events = run(a_market(limit(1, SELL, own_lots, 100)), [taking(limit(9, BUY, 5, 100), DECREMENT)])
    assert typed(without_levels(events)[1:]) == typed(expected)


def test_a_decremented_maker_keeps_its_place() -> None:
    engine = a_market(limit(1, SELL, 8, 100), limit(2, SELL, 1, 100, account=OUTSIDER))
    run(engine, [taking(limit(9, BUY, 5, 100), DECREMENT)])
    events = run(engine, [limit(10, BUY, 4, 100, account=TAKER)])
    assert [event.maker_order_id for event in events if isinstance(event, TradeExecuted)] == [1, 2]


def test_a_decremented_taker_rests_with_a_smaller_quantity() -> None:
    engine = a_market(*OTHER_FIRST)
    run(engine, [taking(limit(9, BUY, 12, 100), DECREMENT)])
    resting = engine.find(9)
    assert resting is not None
    assert (resting.quantity_lots, resting.filled_lots, resting.remaining_lots) == (9, 6, 3)


def test_a_decremented_budget_falls_by_what_the_lots_would_have_cost() -> None:
    engine = a_market(limit(1, SELL, 3, 100), limit(2, SELL, 5, 100, account=OUTSIDER), limit(3, SELL, 4, 101))
    events = run(engine, [taking(market(9, BUY, budget=1_000), DECREMENT)])
    expected = [
        OrderCancelled(8, 1, SELF_TRADE, 3),
        OrderDecremented(9, 9, 3, 7),
        TradeExecuted(10, 100, 5, 2, 9, OUTSIDER, MAKER, BUY, 0),
        OrderDecremented(11, 3, 1, 3),
        OrderCancelled(12, 9, SELF_TRADE, 1),
    ]
    assert typed(without_levels(events)[1:]) == typed(expected)


def test_a_budget_that_decrement_has_used_up_ends_without_a_cancel() -> None:
    """One lot's worth is left at 100, none at 150."""
    engine = a_market(limit(1, SELL, 3, 100), limit(2, SELL, 1, 150, account=OUTSIDER))
    events = run(engine, [taking(market(9, BUY, budget=400), DECREMENT)])
    assert typed(without_levels(events)[1:]) == typed(
        [OrderCancelled(6, 1, SELF_TRADE, 3), OrderDecremented(7, 9, 3, 1)]
    )


@pytest.mark.parametrize("mode", [NEWEST, BOTH])
def test_the_rest_of_a_budget_is_counted_at_the_own_orders_price(mode: SelfTradePrevention) -> None:
    engine = a_market(limit(1, SELL, 2, 100, account=OUTSIDER), limit(2, SELL, 9, 110))
    events = run(engine, [taking(market(9, BUY, budget=500), mode)])
    assert cancels(events)[-1] == (9, SELF_TRADE, 2)


# --- fill or kill ---------------------------------------------------------------------------------

HIDING: list[Command] = [
    asking(limit(1, SELL, 5, 100, account=OUTSIDER), display_lots=2),
    limit(2, SELL, 1, 100),
    limit(3, SELL, 4, 100, account=OUTSIDER),
    limit(4, SELL, 5, 101, account=OUTSIDER),
]
"""At 100 two lots are before the own order; four, and three that the iceberg hides, are behind it."""


@pytest.mark.parametrize(("mode", "most"), [(NEWEST, 2), (BOTH, 2), (DECREMENT, 2), (OLDEST, 14)])
def test_fok_counts_what_it_would_get(mode: SelfTradePrevention, most: int) -> None:
    engine = a_market(*HIDING)
    before = engine.depth(SELL)
    events = run(engine, [taking(limit(9, BUY, most + 1, 101, tif=FOK), mode)])
    assert cancels(events) == [(9, CancelReason.FOK_NOT_FILLABLE, most + 1)]
    assert engine.depth(SELL) == before
    assert bought(run(engine, [taking(limit(9, BUY, most, 101, tif=FOK), mode)])) == most


@pytest.mark.parametrize(("mode", "most"), [(NEWEST, 200), (BOTH, 200), (DECREMENT, 200), (OLDEST, 1_405)])
def test_fok_counts_what_a_budget_would_get(mode: SelfTradePrevention, most: int) -> None:
    engine = a_market(*HIDING)
    events = run(engine, [taking(market(9, BUY, budget=most + 1, tif=FOK), mode)])
    assert [reason for _, reason, _ in cancels(events)] == [CancelReason.FOK_NOT_FILLABLE]
    events = run(engine, [taking(market(9, BUY, budget=most, tif=FOK), mode)])
    assert sum(event.price_ticks * event.quantity_lots for event in events if isinstance(event, TradeExecuted)) == most


@pytest.mark.parametrize("mode", [NEWEST, BOTH, DECREMENT])
def test_fok_counts_better_levels_with_all_that_they_hide(mode: SelfTradePrevention) -> None:
    engine = a_market(asking(limit(1, SELL, 5, 100, account=OUTSIDER), display_lots=2), limit(2, SELL, 9, 101))
    assert bought(run(engine, [taking(limit(8, BUY, 6, 101, tif=FOK), mode)])) == 0
    assert bought(run(engine, [taking(limit(9, BUY, 5, 101, tif=FOK), mode)])) == 5


@pytest.mark.parametrize("mode", [BOTH, DECREMENT])
def test_fok_behind_an_own_order_gets_nothing_and_cancels_nothing_else(mode: SelfTradePrevention) -> None:
    engine = a_market(*OWN_FIRST)
    events = run(engine, [taking(limit(9, BUY, 1, 100, tif=FOK), mode)])
    assert cancels(events) == [(9, CancelReason.FOK_NOT_FILLABLE, 1)]


def test_fok_does_not_count_what_an_own_iceberg_hides() -> None:
    engine = a_market(asking(limit(1, SELL, 8, 100), display_lots=1), limit(2, SELL, 3, 100, account=OUTSIDER))
    events = run(engine, [taking(limit(9, BUY, 4, 100, tif=FOK), OLDEST)])
    assert cancels(events) == [(9, CancelReason.FOK_NOT_FILLABLE, 4)]


def test_fok_that_passes_over_an_own_iceberg_cancels_it_when_it_meets_it() -> None:
    own = asking(limit(1, SELL, 8, 100), display_lots=1)
    engine = a_market(own, limit(2, SELL, 3, 100, account=OUTSIDER))
    events = run(engine, [taking(limit(9, BUY, 3, 100, tif=FOK), OLDEST)])
    assert cancels(events) == [(1, SELF_TRADE, 8)]
    assert bought(events) == 3


# --- groups ---------------------------------------------------------------------------------------


def test_an_own_oco_leg_that_is_cancelled_takes_its_sibling_along_before_the_next_trade() -> None:
    engine = a_market(oco(limit(1, SELL, 3, 100), stop(2, SELL, 3, 90)), limit(3, SELL, 4, 100, account=OUTSIDER))
    events = run(engine, [taking(limit(9, BUY, 2, 100), OLDEST)])
    assert typed(without_levels(events)[1:]) == typed(
        [
            OrderCancelled(7, 1, SELF_TRADE, 3),
            OrderCancelled(8, 2, LINKED, 3),
            TradeExecuted(9, 100, 2, 3, 9, OUTSIDER, MAKER, BUY, 2),
        ]
    )


def test_an_own_oco_leg_that_is_decremented_stays_linked() -> None:
    engine = a_market(oco(limit(1, SELL, 3, 100), stop(2, SELL, 3, 90)))
    events = run(engine, [taking(limit(9, BUY, 2, 100), DECREMENT)])
    assert cancels(events) == [(9, SELF_TRADE, 2)]
    assert cancels(run(engine, [limit(10, BUY, 1, 100, account=TAKER)])) == [(2, LINKED, 3)]


def test_an_own_bracket_entry_that_is_cancelled_after_a_fill_arms_its_exits() -> None:
    group = bracket(limit(1, SELL, 3, 100), limit(2, BUY, 3, 80), stop(3, BUY, 3, 120))
    engine = a_market(group, limit(4, BUY, 1, 100, account=TAKER))
    events = run(engine, [taking(limit(9, BUY, 2, 100), BOTH)])
    assert typed(without_levels(events)[1:]) == typed(
        [
            OrderCancelled(9, 1, SELF_TRADE, 2),
            BracketArmed(10, 1, 1),
            OrderCancelled(11, 9, SELF_TRADE, 2),
        ]
    )


def test_an_entry_that_was_decremented_arms_its_exits_for_what_it_traded() -> None:
    entry = taking(limit(4, BUY, 6, 100), DECREMENT)
    engine = a_market(limit(1, SELL, 1, 99), limit(2, SELL, 5, 100, account=OUTSIDER))
    events = run(engine, [bracket(entry, limit(5, SELL, 6, 120), stop(6, SELL, 6, 80))])
    assert bought(events) == 5
    assert [event.quantity_lots for event in events if isinstance(event, BracketArmed)] == [5]


# --- restarts -------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [OLDEST, BOTH, DECREMENT])
def test_a_restart_at_any_moment_changes_nothing(mode: SelfTradePrevention) -> None:
    commands: list[Command] = [
        *HIDING,
        taking(limit(5, BUY, 4, 100), mode),
        taking(limit(6, BUY, 9, 101, tif=FOK), mode),
        taking(limit(7, SELL, 3, 100), mode),
        limit(8, BUY, 20, 101, account=TAKER),
    ]
    assert_a_restart_changes_nothing(commands)
