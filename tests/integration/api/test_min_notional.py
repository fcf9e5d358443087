"""One rule for the least that an order is worth, whatever its type."""

from dataclasses import replace
from decimal import Decimal

import pytest

from base.errors import ApiError, ErrorCode
from exchange.models import Market, User
from matching.engine import OrderType
from orders.services import OrderTicket, order_place
from settlement.services import ledger_deposit
from tests.engines import running_engine
from tests.fixtures import make_user
from tests.orders import buy, sell, ticket

LITTLE = "0.009"  # at 100 worth 0.9; the least is 1
ENOUGH = "0.011"


def trailing(side: str, quantity: str) -> OrderTicket:
    kind = OrderType.TRAILING_STOP.name.lower()
    return replace(ticket(side, quantity, time_in_force="gtc"), type=kind, trailing_amount=Decimal(1))


def refused(place: object, *arguments: object, **options: object) -> ApiError:
    with pytest.raises(ApiError) as error:
        place(*arguments, **options)  # type: ignore[operator]  # services of different kinds
    return error.value


@pytest.mark.parametrize("has_traded", [False, True], ids=["by the reference price", "by the last price"])
def test_orders_without_a_price_are_judged_like_others(
    market: Market, maker: User, taker: User, has_traded: bool
) -> None:
    with running_engine(market):
        buy(maker, market, "2", "99")
        sell(maker, market, "2", "101")
        if has_traded:
            buy(taker, market, "1", "101")
        for place in (buy, sell):
            error = refused(place, taker, market, LITTLE)
            assert (error.code, error.details) == (
                ErrorCode.MIN_NOTIONAL,
                {"field": "quantity", "min_notional": "1"},
            )
            assert place(taker, market, ENOUGH).order.filled_quantity == Decimal(ENOUGH)
        for side in ("buy", "sell"):
            if has_traded:
                assert refused(order_place, user=taker, market=market, ticket=trailing(side, LITTLE)).code is (
                    ErrorCode.MIN_NOTIONAL
                )
                order_place(user=taker, market=market, ticket=trailing(side, ENOUGH))


def test_all_that_somebody_has_can_be_sold_however_little_it_is(market: Market, maker: User) -> None:
    trader = make_user("trader")
    ledger_deposit(owner=trader, asset=market.base_id, amount=Decimal("0.0094"), reason="Dust")
    with running_engine(market):
        buy(maker, market, "1", "99")
        assert refused(sell, trader, market, "0.008").code is ErrorCode.MIN_NOTIONAL
        assert sell(trader, market, "0.009").order.status == "filled"
