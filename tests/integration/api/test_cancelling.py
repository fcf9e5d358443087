"""Cancelling everything: now, in one market or in all of them, or later unless one says otherwise."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.test import override_settings
from rest_framework.test import APIClient

from exchange.models import Market, User
from exchange.selectors import forget_markets
from orders.models import Order
from orders.services import cancellation
from settlement.models import Account
from settlement.services import ledger_deposit
from tests.engines import running_engine, wait_until
from tests.fixtures import make_market
from tests.integration.api.asking import BRACKET, CANCEL_AFTER, OCO, ORDERS, bracket, code, oco, order, post, stop
from tests.invariants import assert_holds_are_explained


@pytest.fixture
def other(maker: User) -> Market:
    """Another market, in which the maker is funded, too."""
    market = make_market()
    for asset in (market.base_id, market.quote_id):
        ledger_deposit(owner=maker, asset=asset, amount=Decimal(1_000), reason="Funds of a test")
    return market


@pytest.fixture
def two_markets(market: Market, other: Market, monkeypatch: pytest.MonkeyPatch) -> tuple[Market, Market]:
    """All the markets there are: the database has those of other tests, which nobody serves."""
    monkeypatch.setattr(cancellation, "markets", lambda: [market, other])
    return market, other


def statuses(user: User) -> list[str]:
    return list(Order.objects.filter(user=user).order_by("id").values_list("status", flat=True))


def nothing_is_held(user: User) -> bool:
    return not Account.objects.filter(owner=user).exclude(held=0).exists()


def test_cancelling_all_of_one_market_leaves_the_others(
    maker_client: APIClient, taker_client: APIClient, maker: User, market: Market, other: Market
) -> None:
    with running_engine(market, other):
        for body in (order(market), order(market, side="sell", price="101"), stop(market), order(other)):
            assert post(maker_client, ORDERS, body).status_code == 201
        post(taker_client, ORDERS, order(market, price="98"))
        answer = maker_client.delete(f"{ORDERS}?symbol={market.slug.lower()}")
        again = maker_client.delete(f"{ORDERS}?symbol={market.symbol}")

    assert (answer.status_code, answer.json()["data"]) == (200, {"cancelled": 3})
    assert again.json()["data"] == {"cancelled": 0}
    assert statuses(maker) == ["cancelled", "cancelled", "cancelled", "open"]
    assert_holds_are_explained(market)


def test_cancelling_all_counts_and_cancels_groups(maker_client: APIClient, maker: User, market: Market) -> None:
    with running_engine(market):
        assert post(maker_client, OCO, oco(market)).status_code == 201
        assert post(maker_client, BRACKET, bracket(market)).status_code == 201
        answer = maker_client.delete(f"{ORDERS}?symbol={market.slug}")

    assert answer.json()["data"] == {"cancelled": 5}
    assert set(statuses(maker)) == {"cancelled"}
    assert nothing_is_held(maker)


def test_cancelling_all_markets_asks_those_whose_assets_one_has(
    maker_client: APIClient, maker: User, market: Market, other: Market
) -> None:
    """The database is full of markets of other tests that nobody serves: none of them is asked."""
    forget_markets()
    with running_engine(market, other):
        for each in (market, other, other):
            post(maker_client, ORDERS, order(each))
        answer = maker_client.delete(ORDERS)

    assert (answer.status_code, answer.json()["data"]) == (200, {"cancelled": 3})
    assert statuses(maker) == ["cancelled"] * 3
    assert nothing_is_held(maker)


def test_a_market_without_an_engine_is_named_and_the_others_are_done(
    maker_client: APIClient, maker: User, market: Market, other: Market
) -> None:
    forget_markets()
    with running_engine(market, other):
        for each in (market, other):
            post(maker_client, ORDERS, order(each))
    with running_engine(market):
        answer = maker_client.delete(ORDERS)

    error = answer.json()["error"]
    assert code(answer) == (503, "ENGINE_UNAVAILABLE")
    assert error["details"] == {"markets": [other.symbol], "cancelled": 1}
    assert other.symbol in error["message"]
    assert statuses(maker) == ["cancelled", "open"]


def test_cancelling_all_counts_once_for_the_rate_limit(maker_client: APIClient, market: Market) -> None:
    with override_settings(ORDER_RATE_PER_SECOND=100):
        answers = [maker_client.delete(f"{ORDERS}?symbol={market.slug}") for _ in range(20)]

    assert {code(answer) for answer in answers} == {(503, "ENGINE_UNAVAILABLE")}


def switch(client: APIClient, timeout_ms: int, market: Market | None = None) -> dict[str, Any]:
    body = {"timeout_ms": timeout_ms} | ({} if market is None else {"symbol": market.slug})
    answer = post(client, CANCEL_AFTER, body)
    assert answer.status_code == 200, answer.content
    data: dict[str, Any] = answer.json()["data"]
    return data


def seconds_left(answer: dict[str, Any]) -> float:
    return (datetime.fromisoformat(answer["cancel_at"]) - datetime.now(UTC)).total_seconds()


def test_a_switch_says_when_it_goes_off_and_where(maker_client: APIClient, two_markets: tuple[Market, Market]) -> None:
    one, other = two_markets
    with running_engine(one, other):
        everywhere = switch(maker_client, 60_000)
        here = switch(maker_client, 5_000, one)
        off = switch(maker_client, 0)

    assert (everywhere["timeout_ms"], everywhere["symbols"]) == (60_000, [one.symbol, other.symbol])
    assert 50 < seconds_left(everywhere) <= 60
    assert here["symbols"] == [one.symbol]
    assert 0 < seconds_left(here) <= 5
    assert off == {"timeout_ms": 0, "cancel_at": None, "symbols": [one.symbol, other.symbol]}


def test_a_switch_that_is_not_renewed_cancels_everything(
    maker_client: APIClient, taker_client: APIClient, maker: User, taker: User, two_markets: tuple[Market, Market]
) -> None:
    one, other = two_markets
    with running_engine(one, other):
        for body in (order(one), stop(one), order(other)):
            assert post(maker_client, ORDERS, body).status_code == 201
        post(taker_client, ORDERS, order(one, price="98"))
        switch(maker_client, 1_000)
        wait_until(lambda: set(statuses(maker)) == {"cancelled"}, "the switch to go off", 5)

    assert set(Order.objects.filter(user=maker).values_list("reason", flat=True)) == {"CANCEL_AFTER"}
    assert statuses(taker) == ["open"]
    assert nothing_is_held(maker)


def test_a_renewed_switch_goes_off_later_and_one_that_is_off_never(
    maker_client: APIClient, taker_client: APIClient, maker: User, taker: User, market: Market
) -> None:
    with running_engine(market):
        post(maker_client, ORDERS, order(market))
        post(taker_client, ORDERS, order(market, price="98"))
        switch(taker_client, 1_000, market)
        switch(taker_client, 0, market)
        switch(maker_client, 1_000, market)
        renewed = switch(maker_client, 2_000, market)
        assert seconds_left(renewed) > 1.5
        wait_until(lambda: seconds_left(renewed) < 0.5, "the first time to pass")
        assert statuses(maker) == ["open"]
        wait_until(lambda: statuses(maker) == ["cancelled"], "the switch to go off", 5)

    assert statuses(taker) == ["open"]


def test_a_switch_goes_off_after_a_restart(maker_client: APIClient, maker: User, market: Market) -> None:
    with running_engine(market):
        post(maker_client, ORDERS, order(market))
        answer = switch(maker_client, 1_000, market)
    wait_until(lambda: seconds_left(answer) < 0, "the time to pass")
    assert statuses(maker) == ["open"]
    with running_engine(market):
        wait_until(lambda: statuses(maker) == ["cancelled"], "the switch to go off", 5)


def test_a_market_without_an_engine_is_named_when_a_switch_is_set(
    maker_client: APIClient, two_markets: tuple[Market, Market]
) -> None:
    one, other = two_markets
    with running_engine(one):
        answer = post(maker_client, CANCEL_AFTER, {"timeout_ms": 60_000})

    assert code(answer) == (503, "ENGINE_UNAVAILABLE")
    assert answer.json()["error"]["details"] == {"markets": [other.symbol]}
