"""What staff set on a market's page, as those who trade feel it: through the page and the engine."""

from collections.abc import Iterator
from decimal import Decimal

import pytest
from django.test import Client

from base.errors import ApiError, ErrorCode
from exchange.models import Market, User
from exchange.selectors import market_by_symbol
from orders.models import MarketSequence, Order, Trade
from orders.services import order_cancel
from tests.engines import running_engine, wait_until
from tests.integration.admin.scene import MARKETS
from tests.integration.admin.test_markets import form_of
from tests.orders import buy, sell


@pytest.fixture(autouse=True)
def _engine(market: Market) -> Iterator[None]:
    with running_engine(market):
        yield


def set_state(boss: Client, market: Market, state: str) -> None:
    """Set a state on the market's page and wait until the engine goes by it."""
    boss.post(f"{MARKETS}{market.pk}/state/", {"confirmed": "1", "state": state, "note": "as planned"})
    wait_until(lambda: MarketSequence.objects.get(market=market).trading_state == state, f"the engine to be {state}")


def refusal_of(user: User, market: Market, price: str) -> ErrorCode:
    with pytest.raises(ApiError) as caught:
        buy(user, market, "1", price)
    return caught.value.code


def test_orders_gather_before_the_opening_and_meet_in_an_auction(
    market: Market, maker: User, taker: User, boss: Client
) -> None:
    set_state(boss, market, "pre_open")
    bid, ask = buy(taker, market, "2", "101").order, sell(maker, market, "3", "99").order
    waiting = [bid.status, ask.status]

    set_state(boss, market, "continuous")

    trade = Trade.objects.get(market=market)
    assert waiting == ["open", "open"]
    assert (trade.price, trade.quantity) == (Decimal(100), Decimal(2))
    assert Order.objects.get(pk=ask.pk).status == "partially_filled"


def test_a_post_only_market_fills_up_and_nobody_takes(market: Market, maker: User, taker: User, boss: Client) -> None:
    sell(maker, market, "1", "100")
    set_state(boss, market, "post_only")

    resting = buy(taker, market, "1", "99").order

    assert resting.status == "open"
    assert refusal_of(taker, market, "100") is ErrorCode.POST_ONLY_WOULD_TRADE


@pytest.mark.parametrize(("state", "code"), [("halted", ErrorCode.MARKET_HALTED), ("closed", ErrorCode.MARKET_CLOSED)])
def test_a_halted_or_closed_market_takes_cancels_only(
    market: Market, maker: User, taker: User, boss: Client, state: str, code: ErrorCode
) -> None:
    resting = sell(maker, market, "1", "100").order
    set_state(boss, market, state)

    assert refusal_of(taker, market, "99") is code
    assert order_cancel(user=maker, order_id=resting.pk).status == "cancelled"


def test_limits_that_staff_change_are_felt_at_once(market: Market, taker: User, boss: Client) -> None:
    form = form_of(market, max_open_orders="1", min_quantity="2")
    boss.post(f"{MARKETS}{market.pk}/change/", form)
    wait_until(lambda: MarketSequence.objects.get(market=market).max_orders == 1, "the engine's limit")

    buy(taker, market, "2", "99")

    with pytest.raises(ApiError) as too_many:
        buy(taker, market, "2", "98")
    assert too_many.value.code is ErrorCode.TOO_MANY_ORDERS
    assert refusal_of(taker, market_by_symbol(market.symbol), "98") is ErrorCode.MIN_QUANTITY
