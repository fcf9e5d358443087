"""What the maker wants in the book: rungs on both sides, and few changes while the price walks."""

import os
import random
from decimal import Decimal
from itertools import count

import pytest

from demo.flow.ladder import RUNGS, Changes, Move, OpenOrder, Pair, Style, changes
from exchange import seeds

RNG = random.Random(int(os.environ.get("TEST_SEED", "1")))
_ids = count()


def pair_of(seed: seeds.MarketSeed) -> Pair:
    base, _, quote = seed.symbol.partition("/")
    return Pair(
        seed.symbol,
        base,
        quote,
        seed.tick_size,
        seed.lot_size,
        seed.min_notional,
        seed.min_quantity,
        Style(7, 2.0, 1_000),
    )


PAIRS = [pair_of(seed) for seed in seeds.MARKETS]
BTC = PAIRS[0]


def look(pair: Pair, price: float, orders: list[OpenOrder]) -> Changes:
    dollars = 1.0 if pair.quote == "USDT" else 65_000.0
    return changes(pair, price=price, quote_dollars=dollars, heat=1.0, orders=orders, rng=RNG)


def placed(pair: Pair, found: Changes) -> list[OpenOrder]:
    return [_order(pair, fields) for fields in found.new]


def _order(pair: Pair, fields: dict[str, str]) -> OpenOrder:
    answered = {"id": str(next(_ids)), "filled_quantity": "0", "remaining_quantity": fields["quantity"]}
    return OpenOrder.of(fields | answered, pair)


def moved(move: Move) -> OpenOrder:
    return move.order._replace(ticks=move.ticks, remaining=move.quantity)


def after(orders: list[OpenOrder], found: Changes, pair: Pair) -> list[OpenOrder]:
    """Return the book once everything is done."""
    gone = {move.order.id for move in found.moves} | {order.id for order in found.surplus}
    kept = [order for order in orders if order.id not in gone]
    return kept + [moved(move) for move in found.moves] + placed(pair, found)


@pytest.mark.parametrize("seed", seeds.MARKETS, ids=lambda seed: seed.symbol)
def test_an_empty_book_gets_both_sides_by_the_market_s_rules(seed: seeds.MarketSeed) -> None:
    pair, price = pair_of(seed), float(seed.reference_price)

    found = look(pair, price, [])

    assert len(found.new) == 2 * RUNGS
    for order in found.new:
        limit, quantity = Decimal(order["price"]), Decimal(order["quantity"])
        assert limit % seed.tick_size == 0 and quantity % seed.lot_size == 0
        assert quantity >= seed.min_quantity and limit * quantity >= seed.min_notional
        assert abs(limit / seed.reference_price - 1) < Decimal("0.05")
    bids = [Decimal(order["price"]) for order in found.new if order["side"] == "buy"]
    asks = [Decimal(order["price"]) for order in found.new if order["side"] == "sell"]
    assert max(bids) < min(asks)


def test_a_book_that_is_as_wanted_stays_as_it_is() -> None:
    orders = placed(BTC, look(BTC, 65_000.0, []))

    found = look(BTC, 65_000.0, orders)

    assert (found.new, found.surplus) == ([], [])
    assert len(found.moves) <= 2  # chance may have put two orders on the same rung


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.symbol)
def test_a_walking_price_costs_few_moves_and_never_crosses_itself(pair: Pair) -> None:
    price = float(next(seed for seed in seeds.MARKETS if seed.symbol == pair.symbol).reference_price)
    orders: list[OpenOrder] = []
    steps, moves = 200, 0
    for _ in range(steps):
        price *= 1 + RNG.gauss(0, 0.0001)
        found = look(pair, price, orders)
        for move in found.moves:
            others = [order for order in orders if order.side != move.order.side]
            crosses = [
                order for order in others if (order.ticks - move.ticks) * (1 if move.order.side == "buy" else -1) <= 0
            ]
            assert crosses == []
            orders = [order if order.id != move.order.id else moved(move) for order in orders]
        moves += len(found.moves)
        orders = after(orders, Changes(new=found.new, surplus=found.surplus), pair)
        assert len(orders) == 2 * RUNGS
    assert moves < 3 * steps


def test_what_is_used_up_is_placed_again_and_what_is_too_much_goes() -> None:
    orders = placed(BTC, look(BTC, 65_000.0, []))
    best = max((order for order in orders if order.side == "buy"), key=lambda order: order.ticks)
    rest = [order for order in orders if order.id != best.id]

    assert [order["side"] for order in look(BTC, 65_000.0, rest).new] == ["buy"]
    doubled = [*orders, *(order._replace(id=f"again {order.id}") for order in orders)]
    assert len(look(BTC, 65_000.0, doubled).surplus) >= RUNGS


def test_an_order_that_is_all_but_used_up_gets_a_new_quantity() -> None:
    orders = placed(BTC, look(BTC, 65_000.0, []))
    best = max((order for order in orders if order.side == "buy"), key=lambda order: order.ticks)
    filled = best.remaining - BTC.lot
    used = best._replace(filled=filled, remaining=BTC.lot)

    found = look(BTC, 65_000.0, [used if order.id == best.id else order for order in orders])

    (move,) = [move for move in found.moves if move.order.id == best.id]
    assert move.quantity > BTC.lot
