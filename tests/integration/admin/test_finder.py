"""One search: every kind of id, client order ids, users and markets; by index, and only what one may see."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from django.contrib import admin
from django.db import connection, transaction
from django.test import Client

from base.ids import uuid7
from exchange.models import Market, User
from operations.finder import TERM_MAX, findings
from orders.models import ClientOrderId
from tests.administrator import unguarded
from tests.fixtures import fresh_name
from tests.integration.admin.many_rows import ManyRows
from tests.integration.admin.scene import Scene, browser_of, queries_of, staff_with

FIND = "/admin/find/"
BIG_TABLES = ("orders_order", "orders_trade", "settlement_ledgerentry", "settlement_account", "exchange_user")


def asked(browser: Client, term: str) -> Any:
    return browser.get(f"{FIND}?q={quote(term)}")


@pytest.mark.parametrize(
    ("find", "page"),
    [
        (lambda scene: scene.order, "/admin/orders/order/"),
        (lambda scene: scene.users[0], "/admin/exchange/user/"),
        (lambda scene: scene.adjustment, "/admin/proposals/proposal/"),
        (lambda scene: scene.api_key, "/admin/exchange/apikey/"),
    ],
)
@pytest.mark.parametrize("spell", [str, lambda pk: f" {str(pk).upper()} ", lambda pk: pk.hex])
def test_an_id_leads_to_its_page(
    scene: Scene, boss: Client, find: Callable[[Scene], Any], page: str, spell: Callable[[Any], str]
) -> None:
    one = find(scene)

    assert asked(boss, spell(one.pk)).headers["Location"] == f"{page}{one.pk}/change/"


def test_a_trade_is_found_with_what_hangs_on_it(scene: Scene, boss: Client) -> None:
    trade = asked(boss, str(scene.trade.pk)).context["findings"]
    failed = asked(boss, str(scene.failure.trade_id)).context["findings"]

    assert [finding.kind for finding in trade] == ["trade", "ledger entries"]
    assert [finding.kind for finding in failed][:2] == ["trade", "failed settlement"]
    assert str(scene.trade.market) in trade[0].remark


def test_users_are_found_by_name_e_mail_and_the_beginning_of_a_name(scene: Scene, boss: Client) -> None:
    user = scene.users[3]
    page = f"/admin/exchange/user/{user.pk}/change/"

    assert asked(boss, user.username).headers["Location"] == page
    assert asked(boss, user.email).headers["Location"] == page
    several = asked(boss, user.username[:-3]).context["findings"]
    assert 1 < len(several) <= 20 and {finding.kind for finding in several} == {"user"}


@pytest.mark.parametrize("spell", [str, str.lower, lambda symbol: symbol.replace("/", "-")])
def test_a_market_is_found_in_every_notation_and_its_journal_by_number(
    market: Market, boss: Client, spell: Callable[[str], str]
) -> None:
    term = spell(market.symbol)

    assert asked(boss, term).headers["Location"] == f"/admin/exchange/market/{market.pk}/change/"
    journal = asked(boss, f"{term} 12").headers["Location"]
    assert journal == f"/admin/orders/journalbatch/?q={quote(f'{term} 12', safe='').replace('%20', '+')}"


def test_a_client_order_id_is_found_as_it_is_spelled(scene: Scene, boss: Client) -> None:
    name = fresh_name("My-Bot-")
    ClientOrderId.objects.create(
        user=scene.order.user, client_order_id=name, order_id=scene.order.pk, payload_digest=b""
    )

    assert asked(boss, name).headers["Location"] == f"/admin/orders/order/{scene.order.pk}/change/"
    assert asked(boss, name.lower()).context["findings"] == []


def test_a_list_is_found_by_its_name(boss: Client) -> None:
    assert asked(boss, "Ledger ent").headers["Location"] == "/admin/settlement/ledgerentry/"


def test_an_id_of_every_page_is_found() -> None:
    with unguarded():
        rows = ManyRows()
        rows.grow(1)
        boss = User.objects.create(username=fresh_name("boss-"), is_staff=True, is_superuser=True)
        managed = [model for model in admin.site._registry if model._meta.managed and not model._meta.pk.is_relation]
        missing = [
            model.__name__
            for model in managed
            if not any(f"/{model._meta.model_name}/{rows.the(model).pk}/" in finding.url
                       for finding in findings(boss, str(rows.the(model).pk)))
        ]  # fmt: skip
        transaction.set_rollback(True)

    assert missing == []


@pytest.mark.parametrize(
    "term", ["", " ", "\0", "a\0b", "x" * 5_000, "%", "_", "'; --", "9" * 40, "٣", "BTC/USDT " + "9" * 40]
)
def test_whatever_is_typed_is_answered(boss: Client, term: str) -> None:
    response = asked(boss, term)

    assert response.status_code in (200, 302)
    assert TERM_MAX < 5_000


def test_nobody_finds_what_they_may_not_see(scene: Scene, market: Market) -> None:
    clerk = staff_with("orders.view_trade")

    assert [finding.kind for finding in findings(clerk, str(scene.trade.pk))] == ["trade"]
    for term in (str(scene.order.pk), scene.users[0].username, str(scene.users[0].pk), market.symbol, str(market.pk)):
        assert findings(clerk, term) == [], term
    assert browser_of(staff_with()).get(f"{FIND}?q={scene.order.pk}").context["findings"] == []
    assert browser_of(scene.users[0]).get(f"{FIND}?q=1").headers["Location"].startswith("/admin/login/")


@pytest.mark.parametrize(
    "term", ["{order}", "{trade}", "12345", "nobody", "no@body.example", "client-77", "BTC/USDT 5"]
)
def test_each_look_up_reads_an_index(scene: Scene, boss: Client, term: str) -> None:
    term = term.format(order=scene.order.pk, trade=scene.trade.pk)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        _, statements = queries_of(boss, f"{FIND}?q={quote(term)}")
        for sql in statements:
            if sql.startswith("SELECT") and any(f'FROM "{table}"' in sql for table in BIG_TABLES):
                cursor.execute(f"EXPLAIN {sql}")
                plan = "\n".join(row[0] for row in cursor.fetchall())
                assert not any(f"Seq Scan on {table}" in plan for table in BIG_TABLES), sql

    assert len(statements) < 45


def test_the_box_is_on_every_page(boss: Client) -> None:
    for page in ("/admin/", "/admin/orders/order/", "/admin/exchange/market/add/"):
        assert f'action="{FIND}"' in boss.get(page).content.decode()


def test_an_unknown_id_finds_nothing_and_says_what_can_be_found(boss: Client) -> None:
    page = asked(boss, str(uuid7()))

    assert page.context["findings"] == [] and "client order id" in page.content.decode()
