"""Every list as a file: what it shows, bounded, harmless to spreadsheets, for those who may see it, and recorded."""

import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC
from decimal import Decimal
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib import admin
from django.db import transaction
from django.test import AsyncClient, Client

from exchange.models import Market, User
from orders.models import Order
from tests.administrator import unguarded
from tests.fixtures import fresh_name
from tests.integration.admin.many_rows import ManyRows
from tests.integration.admin.scene import ORDERS, TRADES, USERS, Scene, browser_of, place_of, rows_of, staff_with
from tests.trail import acts

LISTS = sorted(admin.site._registry, key=lambda model: model._meta.label_lower)


def text_of(answer: Any) -> str:
    return b"".join(answer.streaming_content).decode()


def downloaded(browser: Client, url: str, query: str = "") -> list[dict[str, str]]:
    answer = browser.post(f"{url}csv/{query}")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(text_of(answer))))


@pytest.fixture(scope="module")
def rows() -> Iterator[ManyRows]:
    with unguarded():
        rows = ManyRows()
        rows.grow(3)
        yield rows
        transaction.set_rollback(True)


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize("model", LISTS, ids=lambda model: model._meta.label_lower)
def test_every_list_is_a_file_with_its_columns_and_rows(boss: Client, model: Any) -> None:
    url = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
    page = boss.get(url)
    shown = [re.sub(r"\s+", " ", str(header["text"])) for header in headers_of(page)]

    text = text_of(boss.post(f"{url}csv/"))

    found = list(csv.reader(io.StringIO(text)))
    assert [title.lower() for title in found[0]] == [title.lower() for title in shown]
    assert len(found) - 1 == page.context["cl"].result_count
    assert not re.search(r"<\w+|…|&\w+;", text)


def headers_of(page: Any) -> list[Any]:
    """Return the heads of a list's columns, without that of the boxes."""
    from unfold.templatetags.unfold_list import result_headers  # type: ignore[import-untyped]  # a library without types

    return [head for head in result_headers(page.context["cl"]) if "action-toggle" not in str(head["text"])]


def test_numbers_times_and_ids_are_whole(scene: Scene, boss: Client) -> None:
    order = scene.order
    Order.objects.filter(pk=order.pk).update(quantity=Decimal("1234567.5"))

    [row] = downloaded(boss, ORDERS, f"?q={order.pk}")

    assert (row["Id"], row["Quantity"], row["Market"]) == (str(order.pk), "1234567.5", order.market.symbol)
    assert row["User"] == order.user.username and row["Status"] == "Filled"
    assert row["Created"] == order.created_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def test_filters_search_and_order_are_those_of_the_list(scene: Scene, boss: Client) -> None:
    query = f"?q={scene.users[0].username}&status__exact=filled"
    place = place_of(boss.get(ORDERS), "quantity")

    plain, listed = downloaded(boss, ORDERS, query), rows_of(boss.get(ORDERS + query))
    by_quantity = downloaded(boss, ORDERS, f"{query}&o={place}")

    assert [row["Id"] for row in plain[: len(listed)]] == [str(order.pk) for order in listed]
    assert {row["Status"] for row in plain} == {"Filled"}
    quantities = [Decimal(row["Quantity"]) for row in by_quantity]
    assert quantities == sorted(quantities) and len(by_quantity) == len(plain)


def test_a_long_list_is_cut_and_says_so(scene: Scene, boss: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exchange.admin.lists.COUNT_MAX", 120)
    monkeypatch.setattr("exchange.admin.downloads.ROWS_AT_ONCE", 50)

    lines = list(csv.reader(io.StringIO(text_of(boss.post(f"{ORDERS}csv/")))))

    assert len(lines) == 1 + 120 + 1
    assert lines[-1][0].startswith("Cut after 10,000 rows: narrow the list")
    assert len({line[0] for line in lines[1:-1]}) == 120


def test_the_queries_of_a_file_grow_with_its_pages_only(
    scene: Scene, boss: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked(rows: int) -> int:
        monkeypatch.setattr("exchange.admin.downloads.ROWS_AT_ONCE", rows)
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(connection) as captured:
            text_of(boss.post(f"{TRADES}csv/?market__id__exact={scene.market.id}"))
        return len(captured)

    assert asked(25) - asked(50) <= 2 * 4  # 90 trades: four pages or two, two queries each


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@x", " =1"])
def test_no_text_of_a_file_is_a_formula(boss: Client, name: str) -> None:
    user = User.objects.create(username=fresh_name("u"), email=f"{name}{fresh_name('')}@x")

    [row] = downloaded(boss, USERS, f"?q={user.pk}")

    assert row["Email address"] == f"'{user.email}"


def test_a_negative_number_stays_a_number(scene: Scene, boss: Client) -> None:
    amounts = [row["Amount"] for row in downloaded(boss, "/admin/settlement/ledgerentry/", f"?q={scene.trade.pk}")]

    assert sorted(Decimal(amount) < 0 for amount in amounts) == [False, True]


def test_a_file_is_for_those_who_may_see_the_list_and_is_recorded(scene: Scene) -> None:
    clerk, stranger = staff_with("orders.view_order"), staff_with("orders.view_trade")
    query = "?status__exact=filled"

    assert browser_of(stranger).post(f"{ORDERS}csv/{query}").status_code == 403
    assert browser_of(scene.users[0]).post(f"{ORDERS}csv/").headers["Location"].startswith("/admin/login/")
    assert browser_of(clerk).get(f"{ORDERS}csv/{query}").status_code == 405
    found = downloaded(browser_of(clerk), ORDERS, query)

    entry = acts().get(actor__in=[clerk, stranger])
    assert (entry.action, entry.target_type, entry.target_id) == ("order.download", "orders.order", "")
    assert entry.new == {"rows": len(found), "cut": False, "status__exact": "filled"}


def test_a_file_is_streamed_under_asgi_as_well(market: Market, staff: User) -> None:
    async def fetch() -> tuple[bool, bytes]:
        client = AsyncClient()
        await client.aforce_login(staff)
        answer = await client.post(f"/admin/exchange/market/csv/?q={market.symbol}")
        return answer.is_async, b"".join([part async for part in answer.streaming_content])  # type: ignore[attr-defined]  # the answer streams

    is_async, text = async_to_sync(fetch)()

    assert is_async and market.symbol in text.decode()
