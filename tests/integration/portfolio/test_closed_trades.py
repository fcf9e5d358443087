"""Trades whose settlement fails: they count until an adjustment closes them, and then no more."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from exchange.models import User
from orders.models import MarketSequence
from portfolio.models import Portfolio
from settlement.services import failed_settlement_resolve, settle_pending
from tests.integration.portfolio.reading import (
    assert_profit_is_the_sum_over_trades,
    counted_by_client,
    portfolio_of,
    positions_in,
)
from tests.integration.settlement.adjusting import Eyes, dead_letter, give_back
from tests.integration.settlement.cast import Cast

Clients = Callable[[User], APIClient]


@pytest.fixture
def cast() -> Cast:
    return Cast()


def stand_at(cast: Cast, seq: int, price: str = "100") -> None:
    """Say where the market stands, as its engine would with each batch."""
    where = {"last_seq": seq, "last_price": Decimal(price), "updated_at": timezone.now()}
    MarketSequence.objects.update_or_create(market=cast.market, defaults=where)


def bought(told: dict[str, object]) -> list[tuple[str, str]]:
    return [(each["quantity"], each["bought_quote"]) for each in told["positions"]]  # type: ignore[attr-defined]  # JSON


def test_a_trade_counts_until_an_adjustment_closes_it(cast: Cast, client_for: Clients) -> None:
    client, eyes = client_for(cast.taker), Eyes.open()
    failed, failure = dead_letter(cast, price="100", quantity="0.5")
    cast.trade(price="120", quantity="0.5", hold="70")
    settle_pending(market_id=cast.market.pk)
    stand_at(cast, 2, "120")

    assert bought(portfolio_of(client)) == [("1.00000", "110.00000000")]
    adjustment = eyes.propose(give_back(failed), failure=failure)
    assert bought(portfolio_of(client)) == [("1.00000", "110.00000000")]
    eyes.approve(adjustment)

    told = portfolio_of(client)
    assert bought(told) == [("0.50000", "60.00000000")]
    assert [each["average_price"] for each in told["positions"]] == ["120.00"]
    assert positions_in(told) == counted_by_client(client)
    assert_profit_is_the_sum_over_trades(told, cast.taker)
    assert bought(portfolio_of(client_for(cast.maker))) == [("0.50000", "0.00000000")]


def test_one_that_was_closed_before_it_was_counted_never_counts(cast: Cast, client_for: Clients) -> None:
    eyes = Eyes.open()
    failed, failure = dead_letter(cast)
    stand_at(cast, 1)
    eyes.approve(eyes.propose(give_back(failed), failure=failure))

    assert portfolio_of(client_for(cast.taker))["positions"] == []
    assert portfolio_of(client_for(cast.taker))["positions"] == []
    assert Portfolio.objects.get(user=cast.taker).left_out == 1


def test_a_note_closes_nothing_and_the_adjustment_after_it_does(cast: Cast, client_for: Clients) -> None:
    eyes, client = Eyes.open(), client_for(cast.taker)
    failed, failure = dead_letter(cast)
    stand_at(cast, 1)
    failed_settlement_resolve(actor=cast.staff, failure_id=failure.pk, note="the money need not move")
    assert len(portfolio_of(client)["positions"]) == 1

    eyes.approve(eyes.propose(give_back(failed), failure=failure))

    assert portfolio_of(client)["positions"] == []


def test_a_closed_trade_of_others_counts_nothing_anew(
    cast: Cast, client_for: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    eyes, client = Eyes.open(), client_for(cast.outsider)
    cast.trade(buyer=cast.outsider, hold="60.06")
    failed, failure = dead_letter(cast)
    settle_pending(market_id=cast.market.pk)
    stand_at(cast, 2)
    before = portfolio_of(client)
    eyes.approve(eyes.propose(give_back(failed), failure=failure))

    with monkeypatch.context() as patch:
        patch.setattr("portfolio.services._deal", lambda *_: 1 / 0)
        assert portfolio_of(client)["positions"] == before["positions"]
