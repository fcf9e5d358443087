"""What can be seen of an engine: depth, costs, hash, and the same engine restored from its open orders."""

import gc

import pytest

from matching.engine import (
    CURRENT_EDITION,
    FIRST_EDITION,
    Command,
    Engine,
    RestoredOrder,
    SetRules,
    SetTradingState,
    Side,
    TradeExecuted,
    TradingState,
)
from tests.unit.engine.cast import (
    BUY,
    MAKER,
    OUTSIDER,
    SELL,
    cancel,
    limit,
    market,
    restored,
    run,
    typed,
)

BOOK: list[Command] = [
    limit(1, BUY, 4, 98),
    limit(2, BUY, 3, 99),
    limit(3, BUY, 2, 99, account=OUTSIDER),
    limit(4, SELL, 5, 101),
    limit(5, SELL, 6, 103),
    market(6, SELL, 1),
]
MORE: list[Command] = [market(20, BUY, 7), limit(21, SELL, 6, 98), cancel(1), limit(22, BUY, 1, 90)]


def engine_with_book(edition: int = CURRENT_EDITION) -> Engine:
    engine = Engine(band_ppm=200_000, reference_price_ticks=100, edition=edition)
    run(engine, BOOK)
    return engine


def test_depth_is_best_first_and_limited() -> None:
    engine = engine_with_book()
    assert engine.depth(BUY) == [(99, 4, 2), (98, 4, 1)]
    assert engine.depth(SELL) == [(101, 5, 1), (103, 6, 1)]
    assert engine.depth(SELL, 1) == [(101, 5, 1)]


def test_open_orders_come_in_order_of_priority() -> None:
    orders = list(engine_with_book().open_orders())
    assert [order.order_id for order in orders] == [1, 2, 3, 4, 5]
    assert [order.priority for order in orders] == sorted(order.priority for order in orders)


@pytest.mark.parametrize(
    ("side", "lots", "expected"),
    [
        (BUY, 3, (3, 303)),
        (BUY, 7, (7, 5 * 101 + 2 * 103)),
        (BUY, 50, (11, 5 * 101 + 6 * 103)),
        (SELL, 5, (5, 4 * 99 + 98)),
    ],
)
def test_sweep_cost_is_what_a_market_order_then_costs(side: Side, lots: int, expected: tuple[int, int]) -> None:
    engine = engine_with_book()
    assert engine.sweep_cost(market(30, side, lots)) == expected
    trades = [event for event in run(engine, [market(30, side, lots)]) if isinstance(event, TradeExecuted)]
    filled = sum(trade.quantity_lots for trade in trades)
    assert (filled, sum(trade.price_ticks * trade.quantity_lots for trade in trades)) == expected


def test_sweep_cost_ends_at_the_band_and_on_an_empty_side() -> None:
    engine = engine_with_book()
    run(engine, [SetRules(0, 30_000, 0)])
    assert engine.sweep_cost(market(30, BUY, 50)) == (5, 505)
    assert Engine().sweep_cost(market(30, SELL, 1)) == (0, 0)


def test_a_restored_engine_has_the_same_hash_and_goes_on_alike() -> None:
    engine = engine_with_book()
    copy = restored(engine)
    copy.check_invariants()
    assert copy.state_hash() == engine.state_hash()
    assert typed(run(copy, MORE)) == typed(run(engine, MORE))
    assert copy.state_hash() == engine.state_hash()


@pytest.mark.parametrize("priorities", [(2, 1), (1, 1), (1, 9)], ids=["descending", "equal", "after seq"])
def test_orders_out_of_order_are_not_restored(priorities: tuple[int, int]) -> None:
    orders = [RestoredOrder(n, MAKER, BUY, 100, 5, 5, priority) for n, priority in enumerate(priorities)]
    with pytest.raises(AssertionError, match="order of priority"):
        Engine.restore(
            orders,
            seq=5,
            trading_state=TradingState.CONTINUOUS,
            band_ppm=0,
            reference_price_ticks=0,
            last_price_ticks=0,
        )


def test_the_hash_fits_64_bits_and_does_not_depend_on_when_it_is_asked_for() -> None:
    asked_once, asked_always = Engine(), Engine()
    for command in BOOK + MORE:
        asked_once.execute(command)
        asked_always.execute(command)
        assert 0 <= asked_always.state_hash() < 1 << 64
    assert asked_once.state_hash() == asked_always.state_hash()


def test_the_hash_is_the_same_on_every_machine() -> None:
    assert engine_with_book(FIRST_EDITION).state_hash() == 14_917_151_239_178_368_240
    assert engine_with_book().state_hash() == 8_766_459_101_645_986_186


ORDER = RestoredOrder(1, MAKER, BUY, 100, 5, 5, 1)


def hash_of(
    order: RestoredOrder = ORDER,
    *,
    seq: int = 9,
    state: TradingState = TradingState.CONTINUOUS,
    band: int = 0,
    reference: int = 0,
    last: int = 0,
) -> int:
    engine = Engine.restore(
        [order],
        seq=seq,
        trading_state=state,
        band_ppm=band,
        reference_price_ticks=reference,
        last_price_ticks=last,
    )
    return engine.state_hash()


def test_every_part_of_the_state_changes_the_hash() -> None:
    hashes = [
        hash_of(),
        hash_of(ORDER._replace(order_id=1 << 127)),
        hash_of(ORDER._replace(account_id=1 << 127)),
        hash_of(ORDER._replace(side=SELL)),
        hash_of(ORDER._replace(price_ticks=101)),
        hash_of(ORDER._replace(remaining_lots=4)),
        hash_of(ORDER._replace(priority=2)),
        hash_of(seq=10),
        hash_of(state=TradingState.HALTED),
        hash_of(band=1),
        hash_of(reference=1),
        hash_of(last=1),
    ]
    assert len(set(hashes)) == len(hashes)


def test_orders_that_come_and_go_leave_no_trace() -> None:
    engine = engine_with_book()
    before = engine.depth(BUY)
    for number in range(1_000):
        run(engine, [limit(100 + number, BUY, 1, 97), cancel(100 + number)])
    assert engine.depth(BUY) == before
    assert restored(engine).state_hash() == engine.state_hash()


def test_the_engine_makes_no_reference_cycles() -> None:
    engine = engine_with_book()
    gc.collect()
    gc.disable()
    try:
        run(engine, [*MORE, SetTradingState(0, TradingState.HALTED)])
        assert gc.collect() == 0
    finally:
        gc.enable()
