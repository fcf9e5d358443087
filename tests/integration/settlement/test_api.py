"""GET /balances and /balances/{asset}/entries."""

from typing import Any

import orjson
from django.views import View
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory, force_authenticate

from exchange.models import User
from settlement.api import BalanceListView, EntryListView
from settlement.services import settle_pending
from tests.integration.settlement.cast import Cast


def test_balances_show_what_is_free_and_what_is_held(cast: Cast) -> None:
    cast.trade(hold="60.06")

    body = _get(BalanceListView, cast.taker)

    assert body["data"] == [
        {"asset": cast.base, "available": "1000000.00000000", "held": "0.00000000", "total": "1000000.00000000"},
        {"asset": cast.quote, "available": "999939.94000000", "held": "60.06000000", "total": "1000000.00000000"},
    ]
    assert body["pagination"] == {"total": 2, "limit": 100, "offset": 0, "has_more": False}


def test_entries_are_the_newest_first_and_one_s_own(cast: Cast) -> None:
    trade = cast.trade()
    settle_pending(market_id=cast.market.pk)

    body = _get(EntryListView, cast.taker, "limit=1", asset=cast.quote.lower())

    assert [(entry["amount"], entry["kind"], entry["transfer_id"]) for entry in body["data"]] == [
        ("-50.05000000", "trade", str(trade.id))
    ]
    assert body["pagination"] == {"total": 2, "limit": 1, "offset": 0, "has_more": True}
    assert _get(EntryListView, cast.staff, asset=cast.quote)["data"] == []


def test_entries_of_an_unknown_asset_are_not_found(cast: Cast) -> None:
    body = _get(EntryListView, cast.taker, asset="NONE")

    assert body["error"]["code"] == "ASSET_NOT_FOUND"


def test_nobody_sees_balances_without_a_login() -> None:
    assert _get(BalanceListView, None)["error"]["code"] == "UNAUTHENTICATED"


def _get(view: type[View], user: User | None, query: str = "", **path: str) -> dict[str, Any]:
    request = APIRequestFactory().get(f"/?{query}")
    if user:
        force_authenticate(request, user)
    response = view.as_view()(request, **path)
    assert isinstance(response, Response)
    answer: dict[str, Any] = orjson.loads(response.render().content)
    return answer
