"""The example of docs/fees.md: what tiers cost and hold, through the engine."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from functools import partial

import pytest
from django.utils import timezone

from base.scaling import fee_units
from exchange.models import Market, User, UserFeeTier
from exchange.services import TierTerms, market_set_fee_tiers
from orders.fees import fee_tiers_recompute
from orders.models import Order, Trade
from orders.services import order_cancel
from settlement.models import Account
from settlement.services import settle_pending
from tests.engines import running_engine, wait_until
from tests.fixtures import make_market
from tests.invariants import assert_ledger_balances
from tests.orders import buy, sell

TIERS = [TierTerms(1, Decimal(1_000), 600, 900), TierTerms(2, Decimal(10_000), 400, 800)]


@pytest.fixture
def market(staff: User) -> Iterator[Market]:
    """A market with tiers and an engine; the ledger must balance when the test is over."""
    market = make_market(maker_fee_ppm=800, taker_fee_ppm=1_000)
    market_set_fee_tiers(actor=staff, market_id=market.pk, tiers=TIERS)
    with running_engine(market):
        yield market
    settle_pending(market_id=market.pk, limit=100)
    assert_ledger_balances(assets=[market.base_id, market.quote_id])


def the_night_comes(market: Market, *users: User) -> None:
    """Recompute the tiers and wait until the engine goes by them."""
    fee_tiers_recompute(now=timezone.now() + timedelta(seconds=1))
    for user in users:
        wait_until(partial(has_first_level, user, market), f"the tier of {user}")


def has_first_level(user: User, market: Market) -> bool:
    return rates_of(user, market) == (600, 900)


def rates_of(user: User, market: Market) -> tuple[int, int]:
    """Return the rates that an order of the user is accepted with now."""
    order = buy(user, market, "1", "91").order
    order_cancel(user=user, order_id=order.pk)
    return order.maker_fee_ppm, order.taker_fee_ppm


def fees_of(trade: Trade) -> tuple[Decimal, Decimal]:
    """Return what the buyer and the seller paid."""
    return trade.buyer_fee, trade.seller_fee


def money(user: User, market: Market) -> Account:
    return Account.objects.get(owner=user, asset_id=market.quote_id)


def test_the_example_of_the_docs(market: Market, maker: User, taker: User) -> None:
    sell(maker, market, "25", "100")
    first = buy(taker, market, "20", "100").trades[0]
    the_night_comes(market, maker, taker)
    settle_pending(market_id=market.pk, limit=100)
    levels = UserFeeTier.objects.filter(market=market).values_list("tier__level", "volume")
    before = money(taker, market)

    bid = buy(taker, market, "5", "100.50")
    held = money(taker, market).held
    settle_pending(market_id=market.pk, limit=100)
    after = money(taker, market)
    sell(maker, market, "5", "100")
    last = buy(taker, market, "5", "100").trades[0]

    assert fees_of(first) == (Decimal("2.00"), Decimal("1.60"))
    assert list(levels) == [(1, Decimal(2_000))] * 2
    assert held == bid.trades[0].buyer_hold == Decimal("502.95225")
    assert fees_of(bid.trades[0]) == (Decimal("0.45"), Decimal("0.40"))
    assert before.available - after.available == Decimal("500.45")
    assert after.held == 0
    assert fees_of(last) == (Decimal("0.45"), Decimal("0.30"))


def test_the_rounding_of_the_docs() -> None:
    assert fee_units(10_001_000, 900) == 9_001  # 0.001 at 100.01: 0.10001, in units of 10^-8


def test_a_tier_that_is_lost_leaves_the_own_rates(market: Market, maker: User, taker: User) -> None:
    sell(maker, market, "20", "100")
    buy(taker, market, "20", "100")
    the_night_comes(market, maker, taker)

    fee_tiers_recompute(now=timezone.now() + timedelta(days=31))

    wait_until(lambda: rates_of(taker, market) == (800, 1_000), "the end of the tier")
    assert not UserFeeTier.objects.filter(market=market).exists()


def test_rates_that_staff_change_hold_at_once(market: Market, maker: User, taker: User, staff: User) -> None:
    sell(maker, market, "20", "100")
    buy(taker, market, "20", "100")
    the_night_comes(market, taker)

    market_set_fee_tiers(actor=staff, market_id=market.pk, tiers=[TIERS[0]._replace(maker_fee_ppm=1_500), TIERS[1]])

    wait_until(lambda: rates_of(taker, market) == (1_500, 900), "the new rates")
    order = buy(taker, market, "10", "99").order
    assert order.held == Decimal("991.485")  # 990 and 1,500 ppm of it: the maker rate is the higher one


def test_a_budget_and_a_bid_by_quantity_include_the_tier_s_taker_rate(
    market: Market, maker: User, taker: User, outsider: User
) -> None:
    sell(maker, market, "40", "100")
    buy(taker, market, "20", "100")
    the_night_comes(market, taker)

    spent = {user: buy(user, market, budget="1000.9").order for user in (taker, outsider)}

    # 1000.9 / 1.0009 = 1000 buys 10; 1000.9 / 1.001 buys 9.999 less than 10
    assert (spent[taker].filled_quantity, spent[taker].fee_paid) == (Decimal(10), Decimal("0.9"))
    assert (spent[outsider].filled_quantity, spent[outsider].fee_paid) == (Decimal("9.999"), Decimal("0.9999"))
    assert Order.objects.get(pk=spent[taker].pk).held == 0
