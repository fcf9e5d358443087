"""Lists are sorted by what stands in their columns: all rows where an index serves it, else those that are counted."""

from decimal import Decimal
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from exchange.models import User
from orders.models import Order
from settlement.models import Account
from tests.fixtures import fresh_name
from tests.integration.admin.scene import (
    ACCOUNTS,
    ORDERS,
    TRADES,
    USERS,
    Scene,
    place_of,
    queries_of,
    rows_of,
)

LISTS = sorted(admin.site._registry, key=lambda model: model._meta.label_lower)


def sorted_by(boss: Client, url: str, name: str, *, descending: bool = False, query: str = "") -> tuple[Any, list[Any]]:
    place = place_of(boss.get(url), name)
    response = boss.get(f"{url}?o={'-' if descending else ''}{place}{query}")
    return response, rows_of(response)


@pytest.mark.long
@pytest.mark.parametrize("model", LISTS, ids=lambda model: model._meta.label_lower)
def test_every_column_that_offers_it_sorts(scene: Scene, boss: Client, model: Any) -> None:
    url = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
    changes = boss.get(url).context["cl"]
    places = [place for place, column in enumerate(changes.list_display) if column in changes.sortable_by]

    for place in places:
        sign = "-" if place % 2 else ""  # the direction changes nothing else
        response, statements = queries_of(boss, f"{url}?o={sign}{place}")
        assert response.status_code == 200, changes.list_display[place]
        assert not [sql for sql in statements if "LIMIT" not in sql and "COUNT(*)" in sql]


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize(
    ("url", "name"),
    [(ORDERS, "quantity"), (ORDERS, "limit"), (ORDERS, "created_at"), (TRADES, "price"), (ACCOUNTS, "total")],
)
def test_pages_of_a_sorted_list_follow_each_other(
    scene: Scene, boss: Client, url: str, name: str, descending: bool
) -> None:
    Order.objects.filter(pk=scene.order.pk).update(quantity=Decimal("77.5"))
    field = {"limit": "price"}.get(name, name)

    _, first = sorted_by(boss, url, name, descending=descending)
    _, second = sorted_by(boss, url, name, descending=descending, query="&p=2")

    values = [getattr(row, field) for row in [*first, *second]]
    known = [value for value in values if value is not None]
    assert known == sorted(known, reverse=descending)
    assert None not in values[: len(known)]  # what has none comes last
    assert len(first) == 50 and not {row.pk for row in first} & {row.pk for row in second}


def test_equal_rows_keep_the_newest_first_and_a_second_column_decides(scene: Scene, boss: Client) -> None:
    _, rows = sorted_by(boss, ORDERS, "side")
    page = boss.get(ORDERS)
    both = rows_of(boss.get(f"{ORDERS}?o={place_of(page, 'side')}.-{place_of(page, 'quantity')}"))

    assert {row.side for row in rows} == {"buy"}
    assert [row.pk for row in rows] == sorted((row.pk for row in rows), reverse=True)
    assert [row.quantity for row in both] == sorted((row.quantity for row in both), reverse=True)


def test_markets_and_users_are_sorted_by_their_names(scene: Scene, boss: Client) -> None:
    _, by_market = sorted_by(boss, TRADES, "market")
    _, by_user = sorted_by(boss, ORDERS, "user", descending=True)

    symbols, names = [row.market.symbol for row in by_market], [row.user.username.casefold() for row in by_user]
    assert symbols == sorted(symbols)
    assert names == sorted(names, reverse=True)


def test_more_rows_than_are_counted_are_not_sorted_and_the_page_says_so(
    scene: Scene, boss: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("exchange.admin.lists.COUNT_MAX", 100)
    newest = set(Order.objects.order_by("-id").values_list("pk", flat=True)[:100])

    response, rows = sorted_by(boss, ORDERS, "quantity")

    assert {row.pk for row in rows} <= newest
    assert "only those that were counted are sorted" in response.content.decode()
    assert "only those that were counted" not in boss.get(ORDERS).content.decode()


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize(
    ("name", "index"), [("username", "exchange_user_username_key"), ("last_login", "user_last_login")]
)
def test_all_users_are_sorted_where_an_index_serves_it(
    boss: Client, monkeypatch: pytest.MonkeyPatch, name: str, index: str, descending: bool
) -> None:
    late = User.objects.create(username=fresh_name("!first-"), last_login=timezone.now().replace(year=9000))
    monkeypatch.setattr("exchange.admin.lists.COUNT_MAX", 60)

    response, _ = sorted_by(boss, USERS, name, descending=descending)

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off")
        plan = response.context["cl"].queryset.only("id")[:50].explain()
    assert f"using {index}" in plan and "Sort" not in plan
    assert "only those that were counted" not in response.content.decode()
    first = response.context["cl"].queryset.first()
    assert first == late if (name == "last_login") == descending else first != late
    late.delete()


@pytest.mark.parametrize("order", ["99", "-", "x", "1.x.-99", "٣", "1" * 400, ""])
def test_an_order_that_makes_no_sense_is_left_out(scene: Scene, boss: Client, order: str) -> None:
    assert rows_of(boss.get(f"{ORDERS}?o={order}")) == rows_of(boss.get(ORDERS)) or order.startswith("1.x")


def test_a_total_is_sorted_as_the_sum_it_is(scene: Scene, boss: Client) -> None:
    account = scene.account
    Account.objects.filter(pk=account.pk).update(available=0, held=5_000_000)

    _, rows = sorted_by(boss, ACCOUNTS, "total", descending=True, query=f"&q={scene.users[0].username}")

    assert rows[0] == account
