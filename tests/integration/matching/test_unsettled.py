"""What a trader has been told is theirs can be used at once: nothing but the engine settles in these tests."""

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from base.errors import ApiError, ErrorCode
from exchange.models import Asset, Market, User
from journal.proceeds import PostgresProceeds
from matching.messages import CancelRequest, Correlation, ReplyStatus
from matching.timing import FUNDING_MS
from orders.gateway import gateway
from orders.models import OrderStatus, Trade
from orders.services import order_amend
from orders.services.dispatch import deadline_ms
from settlement.errors import SettlementCode, SettlementError
from settlement.ledger import EmbeddedLedger
from settlement.services import ledger_deposit
from tests.engines import running_engine
from tests.fixtures import fresh_name, make_user
from tests.invariants import assert_ledger_balances
from tests.orders import buy, sell

ROUNDS = int(os.environ.get("UNSETTLED_ROUNDS", "20"))
TEN = Decimal(10)


def poor_user(role: str, **funds: Decimal) -> User:
    """Return a user who has nothing but what is named."""
    user = make_user(role)
    for asset, amount in funds.items():
        ledger_deposit(owner=user, asset=asset, amount=amount, reason="Funds of a test")
    return user


def poor_traders(market: Market, quote: int) -> Iterator[User]:
    """Give a trader for each round, another one before the last one's losses are more than it can bear."""
    for number in range(ROUNDS):
        if number % 50 == 0:
            trader = poor_user("trader", **{market.quote_id: Decimal(quote)})
        yield trader


def test_a_taker_sells_at_once_what_it_has_just_bought(market: Market, maker: User) -> None:
    with running_engine(market):
        sell(maker, market, str(ROUNDS), "100")
        buy(maker, market, str(ROUNDS), "99")
        for trader in poor_traders(market, 200):
            bought = buy(trader, market, "1", budget="100.1")
            assert bought.order.filled_quantity == 1
            assert sell(trader, market, "1").order.status == OrderStatus.FILLED
    assert_ledger_balances(assets=(market.base_id, market.quote_id))


def test_a_maker_sells_at_once_what_its_resting_order_has_just_bought(market: Market, taker: User) -> None:
    with running_engine(market):
        for trader in poor_traders(market, 110):
            resting = buy(trader, market, "1", "99").order
            sell(taker, market, "1", "99")
            resting.refresh_from_db()
            assert resting.status == OrderStatus.FILLED
            again = sell(trader, market, "1", "99.5").order
            buy(taker, market, "1", "99.5")
            again.refresh_from_db()
            assert again.status == OrderStatus.FILLED


def a_market(base: Asset, quote: Asset, price: str) -> Market:
    return Market.objects.create(
        symbol=f"{base.code}/{quote.code}",
        base=base,
        quote=quote,
        tick_size=Decimal("0.01"),
        lot_size=Decimal("0.001"),
        max_quantity=Decimal(1_000_000),
        maker_fee_ppm=1_000,
        taker_fee_ppm=1_000,
        reference_price=Decimal(price),
    )


@contextmanager
def triangle() -> Iterator[tuple[list[Market], User]]:
    """Serve three markets of three assets, and a user who is ready to trade with everybody."""
    coin, ether, dollar = (Asset.objects.create(code=fresh_name(role), name=role, decimals=8) for role in "CED")
    pairs = ((coin, dollar, "100"), (ether, coin, "0.5"), (ether, dollar, "52"))
    markets = [a_market(base, quote, price) for base, quote, price in pairs]
    other = poor_user("other", **{asset.code: Decimal(1_000_000) for asset in (coin, ether, dollar)})
    with running_engine(*markets):
        yield markets, other


def test_chains_of_trades_over_three_markets_need_no_pause() -> None:
    with triangle() as ((coin_dollar, ether_coin, ether_dollar), other):
        trader = poor_user("trader", **{coin_dollar.quote_id: Decimal(101)})
        sell(other, coin_dollar, "10000", "100")
        sell(other, ether_coin, "10000", "0.5")
        buy(other, ether_dollar, "10000", "52")
        for _ in range(max(1, ROUNDS // 10)):
            for _ in range(10):
                buy(trader, coin_dollar, "1")
                buy(trader, ether_coin, "1.99")
                sell(trader, ether_dollar, "1.98")
        assert Trade.objects.filter(buyer=trader).count() + Trade.objects.filter(seller=trader).count() >= 30
    assert_ledger_balances(assets=(coin_dollar.base_id, coin_dollar.quote_id, ether_coin.base_id))


def test_an_amendment_is_funded_by_what_was_just_sold(market: Market, maker: User) -> None:
    trader = poor_user("trader", **{market.quote_id: Decimal(20), market.base_id: Decimal(1)})
    with running_engine(market):
        buy(maker, market, "1", "99")
        resting = buy(trader, market, "0.1", "95").order
        sell(trader, market, "1", "99")
        amended = order_amend(user=trader, order_id=resting.pk, quantity=Decimal("1.1"), price=None)
    assert amended.order.quantity == Decimal("1.1")


def test_who_has_too_little_and_nothing_unsettled_is_denied_at_once(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise AssertionError("nothing is to be settled")

    monkeypatch.setattr(PostgresProceeds, "settle_soon", fail)
    trader = poor_user("trader", **{market.quote_id: TEN})
    with running_engine(market), pytest.raises(ApiError) as refused:
        buy(trader, market, "1", "100")
    assert refused.value.code is ErrorCode.INSUFFICIENT_BALANCE
    assert refused.value.details["available"] == "10.00000000"


def test_an_order_that_settlement_cannot_fund_is_denied_in_time_and_others_do_not_wait(
    market: Market, maker: User, taker: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise SettlementError(SettlementCode.DEADLOCK, "injected")

    trader = poor_user("trader", **{market.quote_id: Decimal(110)})
    monkeypatch.setattr(EmbeddedLedger, "settle", fail)
    with running_engine(market), ThreadPoolExecutor(1) as pool:
        sell(maker, market, "1", "100")
        buy(trader, market, "1", "100")
        began = time.monotonic()
        waiting = pool.submit(_denied, sell, trader, market, "1", "100")
        for _ in range(5):
            buy(taker, market, "1", "95")
        others_ms = (time.monotonic() - began) * 1_000
        error = waiting.result(5)
        took_ms = (time.monotonic() - began) * 1_000
    assert error.code is ErrorCode.INSUFFICIENT_BALANCE
    assert error.details["available"] == "0.00000000"
    assert took_ms >= FUNDING_MS * 0.9
    assert others_ms < took_ms


def _denied(place: Callable[..., object], *order: object) -> ApiError:
    try:
        with pytest.raises(ApiError) as refused:
            place(*order)
    finally:
        connection.close()
    return refused.value


def test_the_requests_of_a_user_keep_their_order_while_one_waits(market: Market, maker: User) -> None:
    from tests.desk import Desk

    trader = poor_user("trader", **{market.quote_id: Decimal(110)})
    with running_engine(market):
        sell(maker, market, "1", "100")
        buy(trader, market, "1", "100")
        order = Desk.order(_Clock(), trader, 2, 1_000, 11_000)  # type: ignore[arg-type]  # needs its time and ids only
        cancel = CancelRequest(Correlation(), deadline_ms(), order.order_id, trader.pk.bytes)
        sent = [gateway().submit(market.slug, request, timeout_s=3) for request in (order, cancel)]
        placed, cancelled = (answer.result(5) for answer in sent)
    assert (placed.status, placed.code) == (ReplyStatus.EXECUTED, "")
    assert (cancelled.status, cancelled.code) == (ReplyStatus.EXECUTED, "")


class _Clock:
    """What a desk's order takes from the desk."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def new_id(self) -> bytes:
        from base.ids import uuid7

        return uuid7().bytes
