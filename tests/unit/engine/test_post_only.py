"""Post-only orders and markets: refused or moved behind the other side, never traded."""

import pytest

from matching.engine import (
    CancelReason,
    Command,
    Engine,
    OrderAccepted,
    OrderCancelled,
    OrderRejected,
    OrderRepriced,
    PlaceOrder,
    RejectReason,
    SetRules,
    SetTradingState,
    Side,
    TradingState,
)
from tests.unit.engine.cast import BUY, IOC, OUTSIDER, SELL, TAKER, asking, limit, market, run
from tests.unit.engine.comparing import assert_a_restart_changes_nothing, unnumbered

POST_ONLY = SetTradingState(0, TradingState.POST_ONLY)
REFUSED = RejectReason.POST_ONLY_WOULD_TRADE
BID, ASK = limit(1, BUY, 5, 98, account=OUTSIDER), limit(2, SELL, 5, 100, account=OUTSIDER)


def a_market(*commands: Command) -> Engine:
    engine = Engine()
    run(engine, commands)
    return engine


def moving(side: Side, price: int, *, account: int = TAKER) -> PlaceOrder:
    """Return a post-only order that may be moved."""
    return asking(limit(9, side, 3, price, post_only=True, account=account), reprice=True)


@pytest.mark.parametrize(
    ("order", "price"),
    [(moving(BUY, 100), 99), (moving(BUY, 105), 99), (moving(SELL, 98), 99), (moving(SELL, 90), 99)],
)
def test_an_order_that_would_trade_is_moved_one_tick_behind_the_other_side(order: PlaceOrder, price: int) -> None:
    engine = a_market(BID, ASK)
    assert unnumbered(run(engine, [order])) == unnumbered([OrderAccepted(0, 9), OrderRepriced(0, 9, price)])
    resting = engine.find(9)
    assert resting is not None and (resting.price_ticks, resting.priority) == (99, 5)


@pytest.mark.parametrize("order", [moving(BUY, 97), moving(BUY, 99), moving(SELL, 99), moving(SELL, 102)])
def test_an_order_that_would_not_trade_stays_at_its_price(order: PlaceOrder) -> None:
    engine = a_market(BID, ASK)
    assert unnumbered(run(engine, [order])) == unnumbered([OrderAccepted(0, 9)])
    resting = engine.find(9)
    assert resting is not None and resting.price_ticks == order.price_ticks


@pytest.mark.parametrize(
    ("before", "order"),
    [
        ([limit(1, SELL, 1, 1, account=OUTSIDER)], moving(BUY, 1)),
        ([BID, SetRules(0, 20_000, 97)], moving(SELL, 98)),
        ([ASK, SetRules(0, 10_000, 101)], moving(BUY, 100)),
    ],
    ids=["below the lowest price", "above the band", "below the band"],
)
def test_an_order_that_cannot_be_moved_is_refused(before: list[Command], order: PlaceOrder) -> None:
    assert unnumbered(run(a_market(*before), [order])) == unnumbered([OrderRejected(0, 9, REFUSED)])


def test_an_own_order_on_the_other_side_counts_as_any_other() -> None:
    engine = a_market(BID, ASK)
    assert unnumbered(run(engine, [moving(BUY, 100, account=OUTSIDER)])) == unnumbered(
        [OrderAccepted(0, 9), OrderRepriced(0, 9, 99)]
    )


@pytest.mark.parametrize(
    "order", [limit(9, BUY, 1, 100), limit(9, BUY, 1, 100, tif=IOC), market(9, BUY, 1), market(9, BUY, budget=100)]
)
def test_a_post_only_market_refuses_what_would_trade(order: PlaceOrder) -> None:
    assert unnumbered(run(a_market(ASK, POST_ONLY), [order])) == unnumbered([OrderRejected(0, 9, REFUSED)])


def test_a_post_only_market_moves_what_may_be_moved() -> None:
    order = asking(limit(9, BUY, 1, 100, account=TAKER), reprice=True)
    assert unnumbered(run(a_market(ASK, POST_ONLY), [order])) == unnumbered(
        [OrderAccepted(0, 9), OrderRepriced(0, 9, 99)]
    )


def test_a_post_only_market_cancels_an_ioc_order_that_does_not_trade() -> None:
    events = run(a_market(ASK, POST_ONLY), [limit(9, BUY, 1, 99, tif=IOC)])
    assert unnumbered(events) == unnumbered([OrderAccepted(0, 9), OrderCancelled(0, 9, CancelReason.IOC_REMAINDER, 1)])


def test_a_restart_at_any_moment_changes_nothing() -> None:
    commands: list[Command] = [BID, ASK, moving(BUY, 101), POST_ONLY, limit(10, SELL, 1, 99), limit(11, SELL, 1, 100)]
    assert_a_restart_changes_nothing(commands)
