"""GET /balances and /balances/{asset}/entries."""

from typing import Any

import orjson
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory, force_authenticate

from exchange.models import User
from settlement.api import BalanceViewSet
from settlement.services import settle_pending
from tests.integration.settlement.cast import Cast


def test_balances_show_what_is_free_and_what_is_held(cast: Cast) -> None:
    cast.trade(hold="60.06")

    body = _get("list", cast.taker)

    assert body["data"] == [
        {"asset": cast.base, "available": "1000000.00000000", "held": "0.00000000", "total": "1000000.00000000"},
        {"asset": cast.quote, "available": "999939.94000000", "held": "60.06000000", "total": "1000000.00000000"},
    ]
    assert body["pagination"] == {"total": 2, "limit": 100, "offset": 0, "has_more": False}


def test_entries_are_the_newest_first_and_one_s_own(cast: Cast) -> None:
    trade = cast.trade()
    settle_pending(market_id=cast.market.pk)

    body = _get("entries", cast.taker, "limit=1", asset=cast.quote.lower())

    assert [(entry["amount"], entry["kind"], entry["transfer_id"]) for entry in body["data"]] == [
        ("-50.05000000", "trade", str(trade.id))
    ]
    assert body["pagination"].pop("next_cursor") == str(body["data"][0]["id"])
    assert body["pagination"] == {"total": 2, "limit": 1, "offset": 0, "has_more": True}
    assert _get("entries", cast.staff, asset=cast.quote)["data"] == []


def test_entries_of_an_unknown_asset_are_not_found(cast: Cast) -> None:
    body = _get("entries", cast.taker, asset="NONE")

    assert body["error"]["code"] == "ASSET_NOT_FOUND"


def test_nobody_sees_balances_without_a_login() -> None:
    assert _get("list", None)["error"]["code"] == "UNAUTHENTICATED"


def _get(action: str, user: User | None, query: str = "", **path: str) -> dict[str, Any]:
    request = APIRequestFactory().get(f"/?{query}")
    if user:
        force_authenticate(request, user)
    response = BalanceViewSet.as_view({"get": action})(request, **path)
    assert isinstance(response, Response)
    answer: dict[str, Any] = orjson.loads(response.render().content)
    return answer


def test_an_entry_of_a_trade_names_the_trade_and_one_s_own_order(cast: Cast) -> None:
    trade = cast.trade()
    settle_pending(market_id=cast.market.pk)

    for user, asset, order_id in (
        (cast.taker, cast.quote, trade.buyer_order_id),
        (cast.taker, cast.base, trade.buyer_order_id),
        (cast.maker, cast.quote, trade.seller_order_id),
        (cast.maker, cast.base, trade.seller_order_id),
    ):
        newest, funds = _get("entries", user, asset=asset)["data"]
        assert (newest["trade_id"], newest["order_id"]) == (str(trade.id), str(order_id))
        assert (funds["trade_id"], funds["order_id"]) == (None, None)


def test_who_traded_with_oneself_sees_each_entry_s_own_order(cast: Cast) -> None:
    trade = cast.trade(buyer=cast.maker, seller=cast.maker, hold="50.05")
    settle_pending(market_id=cast.market.pk)

    given = {entry["amount"][0] == "-": entry["order_id"] for entry in _trades_of(cast.maker, cast.quote)}
    assert given == {True: str(trade.buyer_order_id), False: str(trade.seller_order_id)}
    given = {entry["amount"][0] == "-": entry["order_id"] for entry in _trades_of(cast.maker, cast.base)}
    assert given == {False: str(trade.buyer_order_id), True: str(trade.seller_order_id)}


def test_entries_are_narrowed_by_kind_and_time(cast: Cast) -> None:
    cast.trade()
    settle_pending(market_id=cast.market.pk)
    moments = [entry["created_at"] for entry in _get("entries", cast.taker, asset=cast.quote)["data"]]
    exact = cast.taker.accounts.get(asset_id=cast.quote).entries.latest("id").created_at.isoformat().replace("+", "%2B")

    def kinds(query: str) -> list[str]:
        return [entry["kind"] for entry in _get("entries", cast.taker, query, asset=cast.quote)["data"]]

    assert moments == sorted(moments, reverse=True)
    assert (kinds("kind=trade"), kinds("kind=DEPOSIT"), kinds("kind=fee")) == (["trade"], ["deposit"], [])
    assert (kinds(f"from={exact}"), kinds(f"to={exact}")) == (["trade"], ["deposit"])
    assert kinds(f"from={exact}&to={exact}") == []
    assert kinds("limit=1&offset=1&kind=trade") == []


@pytest.mark.parametrize("query", ["kind=loan", "from=yesterday", "to=2026-13-01", "cursor=x"])
def test_a_filter_that_is_none_is_refused(cast: Cast, query: str) -> None:
    error = _get("entries", cast.taker, query, asset=cast.quote)["error"]

    assert (error["code"], list(error["details"])) == ("VALIDATION_ERROR", [query.split("=")[0]])


def test_a_page_of_entries_takes_a_fixed_number_of_queries(cast: Cast) -> None:
    for _ in range(12):
        cast.trade(price="1", quantity="1", hold="2")
    settle_pending(market_id=cast.market.pk)

    with CaptureQueriesContext(connection) as captured:
        assert len(_get("entries", cast.taker, "limit=10", asset=cast.quote)["data"]) == 10

    assert len(captured.captured_queries) <= 5  # account, page, count, parties, decimals


def _trades_of(user: User, asset: str) -> list[dict[str, Any]]:
    data: list[dict[str, Any]] = _get("entries", user, "kind=trade", asset=asset)["data"]
    return data
