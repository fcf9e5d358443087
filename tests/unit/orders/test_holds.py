"""The arithmetic of holds: whatever the fills, a hold covers what is owed, and nothing of it is lost."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from exchange.scaling import fee_units
from matching.engine import OrderType, Side
from orders.journal.live import LiveOrder
from orders.journal.terms import MarketTerms
from orders.rows import OrderRow

rates = st.integers(0, 500_000)


def terms_of(maker_ppm: int, taker_ppm: int) -> MarketTerms:
    return MarketTerms(
        1, "A/B", "A", "B", 8, 4, Decimal("0.01"), Decimal("0.01"), maker_ppm, taker_ppm, 0, Decimal(1), "continuous"
    )


def order_of(terms: MarketTerms, order_type: OrderType, price_ticks: int, lots: int, held: int) -> LiveOrder:
    row = OrderRow(
        b"", 1, b"", None, Side.BUY, order_type, 1, False, price_ticks, lots, 0, 0, 0, 0, held,
        terms.maker_fee_ppm, terms.taker_fee_ppm, "open", "", 0, 0, 0, 0,
    )  # fmt: skip
    return LiveOrder(row, is_stored=False)


fills = st.lists(st.tuples(st.integers(1, 50), st.integers(0, 100), st.booleans()), min_size=1, max_size=30)


@given(maker=rates, taker=rates, price=st.integers(1, 5_000), fills=fills, rest=st.integers(0, 50))
def test_a_limit_buys_hold_covers_every_fill_at_any_better_price(
    maker: int, taker: int, price: int, fills: list[tuple[int, int, bool]], rest: int
) -> None:
    terms = terms_of(maker, taker)
    lots = sum(quantity for quantity, _, _ in fills) + rest
    whole = terms.limit_hold_units(price, lots)
    order = order_of(terms, OrderType.LIMIT, price, lots, whole)
    shares = fees = cost = 0
    for quantity, improvement, is_taker in fills:
        fill_price = max(1, price - improvement)
        fee, share = order.buy(fill_price, quantity, rate_ppm=taker if is_taker else maker, terms=terms)
        cost += terms.cost_units(fill_price, quantity)
        shares, fees = shares + share, fees + fee
        assert share >= terms.cost_units(fill_price, quantity) + fee
        assert order.held_units >= terms.cost_units(price, order.quantity_lots - order.filled_lots)
    assert shares + order.end("cancelled", "") == whole
    assert order.filled_units == cost and order.fee_units == fees
    assert fees <= fee_units(terms.cost_units(price, lots), max(maker, taker))


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
    left = terms.budget_tick_lots(budget)
    for price in parts:
        lots = min(3, left // price)
        if lots:
            order.buy(price, lots, rate_ppm=taker, terms=terms)
            left -= price * lots
    assert 0 <= order.end("filled", "") <= budget
