"""Own orders, trades and ledger entries as CSV: the whole list, with the filters and fields of the JSON."""

import csv
import io
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.http import StreamingHttpResponse
from rest_framework.test import APIClient

from base import downloads
from exchange.models import Market, User
from orders.api.outputs import OrderOutput, OwnTradeOutput
from settlement.services import ledger_deposit, ledger_withdraw
from tests.desk import BUY, SELL, Desk, open_desk
from tests.fixtures import make_user
from tests.integration.following.asking import LEDGER, ORDERS, TRADES

Clients = Callable[[User], APIClient]


@pytest.fixture
def desk(market: Market, maker: User, taker: User) -> Iterator[Desk]:
    """The test's market after three trades."""
    with open_desk(market) as desk:
        for number in range(3):
            desk.place(maker, SELL, 100 + number, 10_000)
            desk.place(taker, BUY, 100 + number, 10_000, client_order_id=f"mine-{number}")
        desk.settle()
        yield desk


def rows_of(client: APIClient, path: str, **query: str) -> list[dict[str, str]]:
    answer = client.get(path, query, headers={"accept": "text/csv"})
    assert isinstance(answer, StreamingHttpResponse), answer.content
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"].startswith('attachment; filename="')
    return list(csv.DictReader(io.StringIO(b"".join(answer).decode())))


def as_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)


@pytest.mark.parametrize(
    ("path", "query"),
    [
        (ORDERS, {}),
        (ORDERS, {"side": "buy", "status": "filled"}),
        (ORDERS, {"status": "open"}),
        (TRADES, {"mine": "true"}),
        (TRADES, {"mine": "true", "from": "2100-01-01"}),
        (LEDGER, {}),
        (LEDGER, {"kind": "trade"}),
    ],
)
@pytest.mark.parametrize("rows_at_once", [1, 2, 1_000])
def test_a_file_has_the_rows_and_fields_of_the_list(
    desk: Desk,
    taker: User,
    client_for: Clients,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    query: dict[str, str],
    rows_at_once: int,
) -> None:
    monkeypatch.setattr(downloads, "ROWS_AT_ONCE", rows_at_once)
    client = client_for(taker)

    listed = client.get(path, query).json()["data"]

    assert rows_of(client, path, **query) == [{name: as_text(value) for name, value in row.items()} for row in listed]


def test_the_fields_are_in_the_order_of_the_document_even_without_rows(client_for: Clients, taker: User) -> None:
    for path, output in ((ORDERS, OrderOutput()), (f"{TRADES}?mine=true", OwnTradeOutput())):
        answer = client_for(taker).get(path, headers={"accept": "text/csv"})
        assert b"".join(answer).decode() == ",".join(output.fields) + "\r\n"


def test_entries_of_one_asset_are_a_file_and_negative_amounts_stay_numbers(market: Market, client_for: Clients) -> None:
    user = make_user("saver")
    ledger_deposit(owner=user, asset=market.base_id, amount=Decimal(3), reason="=1+1")
    ledger_withdraw(owner=user, asset=market.base_id, amount=Decimal(1), reason="Rent, and more")

    rows = rows_of(client_for(user), f"/api/v1/balances/{market.base_id}/entries")

    shown = [(row["amount"], row["reason"]) for row in rows]
    assert shown == [("-1.00000000", "Rent, and more"), ("3.00000000", "'=1+1")]


def test_a_list_that_is_too_long_for_a_file_is_refused(
    desk: Desk, taker: User, client_for: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, paths = client_for(taker), (ORDERS, f"{TRADES}?mine=true", LEDGER)
    monkeypatch.setattr(downloads, "ROWS_MAX", 2)
    for path in paths:
        answer = client.get(path, headers={"accept": "text/csv"})
        assert (answer.status_code, answer["Content-Type"]) == (400, "application/json")
        assert "narrow" in answer.json()["error"]["details"]["from"][0]


@pytest.mark.parametrize(
    ("path", "field"),
    [
        (f"{ORDERS}?limit=5", "limit"),
        (f"{ORDERS}?offset=5", "offset"),
        (f"{ORDERS}?after=start", "after"),
        (f"{TRADES}?mine=true&after=start", "after"),
        (TRADES, "mine"),
        (f"{LEDGER}?after=start", "after"),
        (f"{ORDERS}?status=none", "status"),
    ],
)
def test_what_is_no_whole_list_is_refused_in_json(client_for: Clients, taker: User, path: str, field: str) -> None:
    answer = client_for(taker).get(path, headers={"accept": "text/csv"})

    assert (answer.status_code, answer["Content-Type"]) == (400, "application/json")
    assert list(answer.json()["error"]["details"]) == [field]


def test_who_is_not_logged_in_is_told_in_json(visitor: APIClient) -> None:
    answer = visitor.get(ORDERS, headers={"accept": "text/csv"})

    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "UNAUTHENTICATED")


def test_json_is_what_is_answered_to_those_who_take_anything(client_for: Clients, taker: User) -> None:
    for accept in ("*/*", "application/json", "application/json, text/csv;q=0.5"):
        assert client_for(taker).get(ORDERS, headers={"accept": accept})["Content-Type"] == "application/json"


def test_what_is_no_list_of_one_s_own_is_no_file(client_for: Clients, taker: User, market: Market) -> None:
    for path in (f"/api/v1/orderbook/{market.slug}", "/api/v1/balances", f"/api/v1/markets/{market.slug}/trades"):
        assert client_for(taker).get(path, headers={"accept": "text/csv"}).status_code == 406
