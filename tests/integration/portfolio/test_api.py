"""`GET /portfolio` as its user sees it: values, positions, and what is refused."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from exchange.models import Asset, Market, User
from exchange.selectors import markets
from orders.models import MarketSequence
from portfolio.valuation import quote_asset
from settlement.services import ledger_deposit, ledger_withdraw
from tests.desk import BUY, SELL, Desk
from tests.fixtures import fresh_name, make_user
from tests.integration.portfolio.reading import PORTFOLIO, portfolio_of

Clients = Callable[[User], APIClient]


def trade(desk: Desk, seller: User, buyer: User, lots: int, price: int) -> None:
    desk.place(seller, SELL, lots, price)
    desk.place(buyer, BUY, lots, price)


def asset(told: dict[str, Any], code: str) -> dict[str, Any]:
    return next(each for each in told["assets"] if each["asset"] == code)


def market_between(base: str, quote: str, last_price: str | None) -> Market:
    market = Market.objects.create(
        symbol=f"{base}/{quote}",
        base_id=base,
        quote_id=quote,
        tick_size=Decimal("0.0001"),
        lot_size=Decimal("0.01"),
        max_quantity=1_000,
        reference_price=1,
    )
    if last_price is not None:
        MarketSequence.objects.create(market=market, last_price=Decimal(last_price), updated_at=timezone.now())
    return market


def make_asset(owner: User, amount: str) -> str:
    code = fresh_name("A")
    Asset.objects.create(code=code, name=code)
    ledger_deposit(owner=owner, asset=code, amount=Decimal(amount), reason="Funds of a test")
    return code


def test_assets_are_valued_at_the_last_prices(desk: Desk, maker: User, taker: User, client_for: Clients) -> None:
    market = desk.market
    trade(desk, maker, taker, 1_000, 10_000)
    desk.settle()
    desk.place(taker, SELL, 500, 10_100)

    told = portfolio_of(client_for(taker), quote=market.quote_id.lower())

    assert told["quote"] == market.quote_id
    assert told["value"] == "100999999.90000000"
    assert told["assets"] == [
        {
            "asset": market.base_id,
            "quantity": "1000001.00000000",
            "available": "1000000.50000000",
            "held": "0.50000000",
            "value": "100000100.00000000",
            "share_percent": "99.01",
            "markets": [market.symbol],
            "reason": None,
        },
        {
            "asset": market.quote_id,
            "quantity": "999899.90000000",
            "available": "999899.90000000",
            "held": "0.00000000",
            "value": "999899.90000000",
            "share_percent": "0.99",
            "markets": [],
            "reason": None,
        },
    ]


def test_values_lead_over_two_markets_forwards_and_backwards_and_are_rounded_down(
    market: Market, client_for: Clients
) -> None:
    user = make_user("owner")
    coin, money = make_asset(user, "3"), make_asset(user, "10")
    bridge = fresh_name("A")
    Asset.objects.create(code=bridge, name=bridge)
    near, far = market_between(coin, bridge, "0.07"), market_between(money, bridge, "3")

    told = portfolio_of(client_for(user), quote=money)

    assert asset(told, coin)["value"] == "0.07000000"
    assert asset(told, coin)["markets"] == [near.symbol, far.symbol]
    assert told["value"] == "10.07000000"
    assert [each["share_percent"] for each in told["assets"]] == ["99.30", "0.70"]
    told = portfolio_of(client_for(user), quote=coin)
    assert asset(told, money)["value"] == "428.57142857"  # 3 / 0.07 each


def test_what_has_no_price_has_no_value_and_says_why(market: Market, client_for: Clients) -> None:
    user = make_user("owner")
    alone, untraded, money = (make_asset(user, amount) for amount in ("1", "2", "3"))
    market_between(untraded, money, None)

    told = portfolio_of(client_for(user), quote=money)

    reasons = {each["asset"]: (each["value"], each["share_percent"], each["reason"]) for each in told["assets"]}
    assert reasons == {
        money: ("3.00000000", "100.00", None),
        alone: (None, None, "NO_MARKET"),
        untraded: (None, None, "NO_LAST_PRICE"),
    }
    assert told["value"] == "3.00000000"


def test_who_has_nothing_sees_nothing(market: Market, client_for: Clients) -> None:
    told = portfolio_of(client_for(make_user("newcomer")))

    assert (told["value"], told["assets"], told["positions"]) == (f"{0:.8f}", [], [])
    assert told["quote"] == quote_asset(None, markets())
    assert told["is_complete"]


def test_a_position_is_bought_closed_in_part_and_sold_through_zero(
    desk: Desk, maker: User, taker: User, client_for: Clients
) -> None:
    """The example of docs/portfolio.md, and the same trades as the other side sees them."""
    trade(desk, maker, taker, 1_000, 10_000)
    trade(desk, maker, taker, 2_000, 10_600)
    trade(desk, taker, maker, 1_000, 11_000)
    first = position_of(client_for(taker), desk.market)
    trade(desk, taker, maker, 3_000, 10_100)
    trade(desk, maker, taker, 500, 9_900)

    assert (first["side"], first["quantity"], first["average_price"]) == ("buy", "2.000", "104.00")
    assert position_of(client_for(taker), desk.market) == {
        "symbol": desk.market.symbol,
        "side": "sell",
        "quantity": "0.500",
        "average_price": "101.00",
        "cost": "50.50000000",
        "last_price": "99.00",
        "realised_profit": "1.00000000",
        "unrealised_profit": "1.00000000",
        "fees": "0.77450000",
        "profit": "1.22550000",
        "bought_quantity": "3.500",
        "bought_quote": "361.50000000",
        "sold_quantity": "4.000",
        "sold_quote": "413.00000000",
        "trade_count": 5,
    }
    other = position_of(client_for(maker), desk.market)
    assert (other["side"], other["quantity"], other["average_price"]) == ("buy", "0.500", "101.00")
    assert (other["realised_profit"], other["unrealised_profit"]) == ("-1.00000000", "-1.00000000")


def test_a_closed_position_keeps_its_profit(desk: Desk, maker: User, taker: User, client_for: Clients) -> None:
    trade(desk, maker, taker, 1_000, 10_000)
    trade(desk, taker, maker, 1_000, 10_200)

    told = position_of(client_for(taker), desk.market)

    assert (told["side"], told["quantity"], told["average_price"], told["cost"]) == (None, "0.000", None, "0.00000000")
    assert (told["realised_profit"], told["unrealised_profit"], told["profit"]) == (
        "2.00000000",
        "0.00000000",
        "1.79800000",
    )


def test_deposits_and_withdrawals_change_values_and_no_position(
    desk: Desk, maker: User, taker: User, client_for: Clients
) -> None:
    client, base = client_for(taker), desk.market.base_id
    trade(desk, maker, taker, 1_000, 10_000)
    desk.settle()
    before = portfolio_of(client, quote=desk.market.quote_id)

    ledger_deposit(owner=taker, asset=base, amount=Decimal(5), reason="Came from outside")
    after_deposit = portfolio_of(client, quote=desk.market.quote_id)
    ledger_withdraw(owner=taker, asset=base, amount=Decimal(1_000_006), reason="Went away")
    after_all = portfolio_of(client, quote=desk.market.quote_id)

    assert Decimal(after_deposit["value"]) - Decimal(before["value"]) == 500
    assert [each["asset"] for each in after_all["assets"]] == [desk.market.quote_id]
    assert before["positions"] == after_deposit["positions"] == after_all["positions"]


def test_everybody_sees_their_own(desk: Desk, maker: User, taker: User, outsider: User, client_for: Clients) -> None:
    trade(desk, maker, taker, 1_000, 10_000)

    told = {user: portfolio_of(client_for(user))["positions"] for user in (maker, taker, outsider)}

    assert [each["side"] for each in told[taker]] == ["buy"]
    assert [each["side"] for each in told[maker]] == ["sell"]
    assert told[outsider] == []
    refused = client_for(outsider).get(PORTFOLIO, {"user_id": str(taker.pk)})
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize("named", ["NOTHING", "", "x" * 65, "U$D"])
def test_an_asset_that_there_is_not_is_refused(named: str, taker: User, client_for: Clients) -> None:
    answer = client_for(taker).get(PORTFOLIO, {"quote": named})

    assert (answer.status_code, answer.json()["error"]["code"]) in [(404, "ASSET_NOT_FOUND"), (400, "VALIDATION_ERROR")]


def test_it_needs_a_login(visitor: APIClient) -> None:
    assert visitor.get(PORTFOLIO).status_code == 401


def test_it_is_asked_for_so_often_and_no_more(
    taker: User, outsider: User, client_for: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("base.throttling.throttles.PORTFOLIOS_PER_SECOND", 2)
    client = client_for(taker)

    answers = [client.get(PORTFOLIO) for _ in range(6)]

    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert refused[0].json()["error"]["code"] == "RATE_LIMITED"
    assert client_for(outsider).get(PORTFOLIO).status_code == 200


def position_of(client: APIClient, market: Market) -> dict[str, Any]:
    return next(each for each in portfolio_of(client)["positions"] if each["symbol"] == market.symbol)
