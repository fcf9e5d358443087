"""The arithmetic of holds: whatever the fills, a hold covers what is owed, and nothing of it is lost."""

import math
from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from base.scaling import fee_units
from journal.live_order import LiveOrder
from journal.open_orders import OpenOrders
from journal.terms import MarketTerms
from matching.engine import OrderType, Side
from orders.requests import budget_tick_lots
from orders.rows import OrderExtras

rates = st.integers(0, 500_000)


def terms_of(maker_ppm: int, taker_ppm: int) -> MarketTerms:
    return MarketTerms(
        1, "A/B", "A", "B", 8, 4, Decimal("0.01"), Decimal("0.01"), maker_ppm, taker_ppm, 0, Decimal(1), "continuous"
    )


def order_of(
    terms: MarketTerms,
    order_type: OrderType,
    price_ticks: int,
    lots: int,
    held: int,
    *,
    side: Side = Side.BUY,
    number: int = 1,
    status: str = "open",
    extras: OrderExtras | None = None,
) -> LiveOrder:
    return LiveOrder(
        id=number.to_bytes(16),
        market_id=1,
        user_id=b"owner",
        client_order_id=None,
        side=side,
        type=order_type,
        time_in_force=1,
        post_only=False,
        price_ticks=price_ticks,
        quantity_lots=lots,
        budget_units=0,
        maker_fee_ppm=terms.maker_fee_ppm,
        taker_fee_ppm=terms.taker_fee_ppm,
        created_ms=0,
        updated_ms=0,
        held_units=held,
        status=status,
        extras=extras,
    )


def rounded_once(exact_ppm: int) -> int:
    """Return what an order pays in all, given the sum of amount x rate of its fills."""
    return math.ceil(Fraction(exact_ppm, 1_000_000))


fills = st.lists(st.tuples(st.integers(1, 50), st.integers(0, 100), st.booleans()), min_size=1, max_size=30)


@given(maker=rates, taker=rates, price=st.integers(1, 5_000), fills=fills, rest=st.integers(0, 50))
def test_a_limit_buys_hold_covers_every_fill_at_any_better_price(
    maker: int, taker: int, price: int, fills: list[tuple[int, int, bool]], rest: int
) -> None:
    terms = terms_of(maker, taker)
    lots = sum(quantity for quantity, _, _ in fills) + rest
    order = order_of(terms, OrderType.LIMIT, price, lots, 0)
    whole = order.held_units = order.need_units(terms)
    shares = fees = cost = exact_ppm = 0
    for quantity, improvement, is_taker in fills:
        fill_price = max(1, price - improvement)
        rate = taker if is_taker else maker
        fee, share = order.buy(fill_price, quantity, rate_ppm=rate, terms=terms)
        cost += terms.cost_units(fill_price, quantity)
        exact_ppm += terms.cost_units(fill_price, quantity) * rate
        shares, fees = shares + share, fees + fee
        assert share >= terms.cost_units(fill_price, quantity) + fee
        assert order.held_units >= terms.cost_units(price, order.quantity_lots - order.filled_lots)
        assert order.held_units <= order.need_units(terms)
    assert shares + order.held_units == whole
    assert order.filled_units == cost and order.fee_units == fees
    assert fees == rounded_once(exact_ppm)


@given(maker=rates, taker=rates, fills=fills)
def test_a_sells_fees_are_its_rates_on_its_total_rounded_once(
    maker: int, taker: int, fills: list[tuple[int, int, bool]]
) -> None:
    terms = terms_of(maker, taker)
    lots = sum(quantity for quantity, _, _ in fills)
    order = order_of(terms, OrderType.LIMIT, 1, lots, lots * terms.lot_units, side=Side.SELL)
    exact_ppm = 0
    for quantity, above, is_taker in fills:
        rate = taker if is_taker else maker
        fee = order.sell(1 + above, quantity, rate_ppm=rate, terms=terms)
        cost = terms.cost_units(1 + above, quantity)
        exact_ppm += cost * rate
        assert 0 <= fee <= cost
        assert order.fee_units == rounded_once(exact_ppm)
    assert order.held_units == 0


@given(
    maker=rates,
    taker=rates,
    steps=st.lists(
        st.tuples(st.integers(1, 5_000), st.integers(1, 60), st.integers(1, 50), st.booleans()), min_size=1, max_size=20
    ),
)
def test_a_buy_that_is_amended_between_its_fills_pays_its_rates_on_its_total_rounded_once(
    maker: int, taker: int, steps: list[tuple[int, int, int, bool]]
) -> None:
    """Each step amends price and rest as the journal does, holding what is missing, and fills a part of the rest."""
    terms, exact_ppm = terms_of(maker, taker), 0
    order = order_of(terms, OrderType.LIMIT, 1, 1_000_000, 0)
    for price, rest, quantity, is_taker in steps:
        need = order.need_for(price, rest, terms)
        order.held_units += max(0, need - order.held_units)
        order.reshape(price_ticks=price, quantity_lots=order.filled_lots + rest)
        order.fit_hold(need)
        lots, rate = min(quantity, max(1, rest - 1)), taker if is_taker else maker
        if rest > 1:
            order.buy(price, lots, rate_ppm=rate, terms=terms)
            exact_ppm += terms.cost_units(price, lots) * rate
        assert order.fee_units == rounded_once(exact_ppm)


def test_an_order_that_began_to_pay_for_each_fill_goes_on_so() -> None:
    terms = terms_of(1_000, 1_000)
    order = order_of(terms, OrderType.LIMIT, 1, 10, 10 * terms.lot_units, side=Side.SELL)
    order.filled_lots, order.fee_units = 1, 1

    fees = [order.sell(1, 1, rate_ppm=1_000, terms=terms) for _ in range(2)]

    assert fees == [fee_units(terms.cost_units(1, 1), 1_000)] * 2
    assert order.fee_fraction_ppm == 0


@given(taker=rates, fills=st.lists(st.tuples(st.integers(1, 50), st.integers(1, 5_000)), min_size=1, max_size=30))
def test_a_market_buys_hold_is_its_cost_and_its_fee_rounded_once(taker: int, fills: list[tuple[int, int]]) -> None:
    terms = terms_of(0, taker)
    cost = sum(terms.cost_units(price, quantity) for quantity, price in fills)
    order = order_of(terms, OrderType.MARKET, 0, sum(quantity for quantity, _ in fills), cost + fee_units(cost, taker))
    for quantity, price in fills:
        fee, share = order.buy(price, quantity, rate_ppm=taker, terms=terms)
        assert fee >= 0 and share == terms.cost_units(price, quantity) + fee
    assert order.held_units == 0
    assert order.status == "filled"


@given(taker=rates, budget=st.integers(1, 10_000_000), parts=st.lists(st.integers(1, 1_000), min_size=1, max_size=20))
def test_a_budget_pays_for_all_it_buys_with_the_fee(taker: int, budget: int, parts: list[int]) -> None:
    terms = terms_of(0, taker)
    order = order_of(terms, OrderType.MARKET, 0, 0, budget)
    left = budget_tick_lots(budget, terms.rates_of(b"owner"), terms.scale)
    for price in parts:
        lots = min(3, left // price)
        if lots:
            order.buy(price, lots, rate_ppm=taker, terms=terms)
            left -= price * lots
    assert 0 <= order.held_units <= budget


@given(maker=rates, taker=rates, price=st.integers(2, 5_000), lots=st.integers(2, 100), fewer=st.integers(1, 99))
def test_an_order_made_smaller_gives_back_all_it_does_not_need(
    maker: int, taker: int, price: int, lots: int, fewer: int
) -> None:
    terms = terms_of(maker, taker)
    order = order_of(terms, OrderType.LIMIT, price, lots, 0)
    whole = order.held_units = order.need_units(terms)
    order.reshape(price_ticks=price - 1, quantity_lots=max(1, lots - fewer))
    excess = order.fit_hold(order.need_units(terms))
    assert order.held_units == order.need_for(price - 1, max(1, lots - fewer), terms)
    assert order.held_units + excess == whole


def test_an_oco_holds_what_its_more_expensive_order_needs_and_only_once() -> None:
    terms, group = terms_of(1_000, 2_000), (1).to_bytes(16)
    limit = order_of(terms, OrderType.LIMIT, 90, 10, 0, extras=OrderExtras(group_id=group, group_role="oco_limit"))
    stop_extras = OrderExtras(stop_price_ticks=110, group_id=group, group_role="oco_stop")
    stop = order_of(terms, OrderType.STOP, 121, 10, 0, number=2, status="pending", extras=stop_extras)
    orders = OpenOrders([limit, stop])
    assert [orders.holder(order) for order in (limit, stop)] == [limit, limit]
    assert orders.required_units(limit, terms) == stop.need_units(terms) > limit.need_units(terms)
    assert orders.required_units(stop, terms) == 0
    orders.remove(2, stop)
    assert orders.required_units(limit, terms) == limit.need_units(terms)
    assert orders.holder(limit) is limit


def test_the_exits_of_a_bracket_hold_nothing_until_they_work() -> None:
    terms, group = terms_of(1_000, 2_000), (1).to_bytes(16)
    entry = order_of(terms, OrderType.LIMIT, 100, 10, 0, extras=OrderExtras(group_id=group, group_role="entry"))
    take_profit, stop_loss = (
        order_of(
            terms, order_type, price, 10, 0, side=Side.SELL, number=number, status="pending",
            extras=OrderExtras(group_id=group, group_role=role),
        )
        for number, order_type, price, role in (
            (2, OrderType.LIMIT, 120, "take_profit"), (3, OrderType.STOP, 0, "stop_loss"))
    )  # fmt: skip
    orders = OpenOrders([entry, stop_loss, take_profit])
    assert orders.exits_of(1) == [take_profit, stop_loss]
    assert orders.partner(entry) is None
    assert [orders.required_units(order, terms) for order in (take_profit, stop_loss)] == [0, 0]
    assert orders.required_units(entry, terms) == entry.need_units(terms)
    take_profit.advance("accept")
    assert [orders.required_units(order, terms) for order in (take_profit, stop_loss)] == [10 * terms.lot_units, 0]
