"""Lists and object pages: they open, in a fixed number of queries, and never count or scan a whole table."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import Q
from django.test import Client
from django.utils import timezone

from exchange.admin.lists import BoundedPaginator
from orders.models import Order, OrderStatus, SettlementStatus, Trade
from tests.integration.admin.scene import (
    ACCOUNTS,
    AUDIT,
    FAILURES,
    LEDGER,
    MARKETS,
    ORDERS,
    TRADES,
    USERS,
    Scene,
    browser_of,
    make_oco,
    place_of,
    queries_of,
    rows_of,
    staff_with,
)

PAGE_ROWS = 50
LIST_QUERIES_MAX = 11  # session, user, search (at most 6), markets for the filter, count, rows
DETAIL_QUERIES_MAX = 16
BIG_TABLES = ("orders_order", "orders_trade", "settlement_ledgerentry", "settlement_account", "exchange_user")
OTHER_LISTS = (
    "/admin/orders/journalbatch/",
    "/admin/orders/marketsequence/",
    "/admin/orders/cancelafter/",
    "/admin/exchange/asset/",
    "/admin/exchange/userfeetier/",
    "/admin/exchange/apikey/",
    "/admin/exchange/revokedsession/",
    "/admin/auth/group/",
    "/admin/token_blacklist/outstandingtoken/",
    "/admin/token_blacklist/blacklistedtoken/",
    "/admin/django_celery_beat/periodictask/",
)


def assert_counts_are_bounded(statements: list[str]) -> None:
    counts = [sql for sql in statements if "COUNT(" in sql and any(table in sql for table in BIG_TABLES)]
    assert [sql for sql in counts if "LIMIT 10001" not in sql] == []


@pytest.mark.parametrize("url", [ORDERS, TRADES, ACCOUNTS, LEDGER, USERS])
def test_a_full_page_takes_a_fixed_number_of_queries(scene: Scene, boss: Client, url: str) -> None:
    response, statements = queries_of(boss, url)

    assert response.status_code == 200
    assert len(rows_of(response)) == PAGE_ROWS
    assert len(statements) <= LIST_QUERIES_MAX
    assert_counts_are_bounded(statements)


@pytest.mark.parametrize("url", [FAILURES, MARKETS, AUDIT, *OTHER_LISTS])
def test_the_other_lists_open(scene: Scene, boss: Client, url: str) -> None:
    response, statements = queries_of(boss, url)

    assert response.status_code == 200
    assert len(statements) <= LIST_QUERIES_MAX
    assert_counts_are_bounded(statements)


@pytest.mark.parametrize(
    ("url", "find"),
    [
        (ORDERS, lambda scene: scene.order.id),
        (TRADES, lambda scene: scene.trade.id),
        (ACCOUNTS, lambda scene: scene.account.id),
        (LEDGER, lambda scene: scene.account.entries.latest("id").id),
        (FAILURES, lambda scene: scene.failure.id),
        (MARKETS, lambda scene: scene.market.id),
        (USERS, lambda scene: scene.users[0].id),
    ],
)
def test_an_object_page_takes_a_fixed_number_of_queries(
    scene: Scene, boss: Client, url: str, find: Callable[[Scene], Any]
) -> None:
    response, statements = queries_of(boss, f"{url}{find(scene)}/change/")

    assert response.status_code == 200
    assert len(statements) <= DETAIL_QUERIES_MAX
    assert_counts_are_bounded(statements)


def test_an_order_page_shows_its_trades_and_a_trade_page_its_entries(scene: Scene, boss: Client) -> None:
    order = boss.get(f"{ORDERS}{scene.order.id}/change/").context["object_tables"]
    trade = boss.get(f"{TRADES}{scene.trade.id}/change/").context["object_tables"]

    held, fills, entries = order[:3]
    assert [row[1].partition(" ")[0] for row in held.rows] == ["0", "0", "0"]
    assert str(scene.trade.id) in fills.rows[0][0]
    assert len(entries.rows) == 2
    assert [len(table.rows) for table in trade if table.title == "Ledger entries"] == [2]


def test_the_page_of_an_order_of_a_group_links_to_the_others(boss: Client) -> None:
    limit, stop = make_oco()

    response, statements = queries_of(boss, f"{ORDERS}{stop.id}/change/")

    group = response.context["object_tables"][0]
    assert (group.title, len(group.rows)) == ("The other orders of the group", 1)
    assert f"{ORDERS}{limit.id}/change/" in group.rows[0][0]
    assert len(statements) <= DETAIL_QUERIES_MAX


def test_a_stop_s_page_shows_trigger_and_protection_price_apart(boss: Client) -> None:
    _, stop = make_oco()

    shown = boss.get(f"{ORDERS}{stop.id}/change/").context["adminform"].model_admin

    stop.refresh_from_db()
    assert (shown.limit(stop), shown.protection_price(stop)) == ("-", "85.5")
    assert (shown.terms(stop), shown.trailing_percent(stop)) == ("GTC · group", "-")


def test_a_failed_settlement_shows_attempts_trade_orders_and_balances(scene: Scene, boss: Client) -> None:
    tables = boss.get(f"{FAILURES}{scene.failure.id}/change/").context["object_tables"]

    assert [(table.title, len(table.rows)) for table in tables[:3]] == [
        ("Attempts", 2), ("What the trade moves", 5), ("Orders", 2),
    ]  # fmt: skip
    assert tables[3].title == "Balances of both parties"


@pytest.mark.parametrize("status", OrderStatus.values)
def test_orders_are_filtered_by_status(scene: Scene, boss: Client, status: str) -> None:
    rows = rows_of(boss.get(f"{ORDERS}?status__exact={status}"))

    assert {order.status for order in rows} <= {status}
    assert len(rows) == min(PAGE_ROWS, Order.objects.filter(status=status).count())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("type", value) for value in Order.Type.values),
        *(("time_in_force", value) for value in Order.TimeInForce.values),
        *(("self_trade_prevention", value) for value in Order.SelfTradePrevention.values),
    ],
)
def test_orders_are_filtered_by_their_instructions(scene: Scene, boss: Client, field: str, value: str) -> None:
    response, statements = queries_of(boss, f"{ORDERS}?{field}__exact={value}")

    rows = rows_of(response)
    assert {getattr(order, field) for order in rows} == {value}
    assert len(rows) == min(PAGE_ROWS, Order.objects.filter(**{field: value}).count())
    assert len(statements) <= LIST_QUERIES_MAX
    assert_counts_are_bounded(statements)


@pytest.mark.parametrize("role", [role for role in Order.GroupRole.values if role])
def test_orders_are_filtered_by_their_role_in_a_group(scene: Scene, boss: Client, role: str) -> None:
    rows = rows_of(boss.get(f"{ORDERS}?group_role={role}"))

    assert {order.group_role for order in rows} == {role}
    assert len(rows) == min(PAGE_ROWS, Order.objects.filter(group_role=role).count())


RARE_TYPES = [name for name in Order.Type.values if name not in ("limit", "market")]
RARE_PREVENTIONS = [name for name in Order.SelfTradePrevention.values if name != "cancel_newest"]


@pytest.mark.parametrize(
    ("index", "conditions"),
    [
        *(("type_id", {"type": name}) for name in RARE_TYPES),
        *(("time_in_force_id", {"time_in_force": name}) for name in ("fok", "gtd")),
        *(("self_trade_prevention_id", {"self_trade_prevention": name}) for name in RARE_PREVENTIONS),
        *(("group_role_id", {"group_role": name}) for name in Order.GroupRole.values if name),
        ("status_id", {"status": "pending"}),
    ],
)
def test_what_few_orders_have_is_found_by_index(scene: Scene, index: str, conditions: dict[str, str]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
        plan = Order.objects.filter(**conditions).order_by("-id")[:PAGE_ROWS].explain()

    assert f"_{index}_idx on orders_order_" in plan
    assert "_pkey" not in plan


@pytest.mark.parametrize("status", SettlementStatus.values)
def test_trades_are_filtered_by_market_and_settlement(scene: Scene, boss: Client, status: str) -> None:
    rows = rows_of(boss.get(f"{TRADES}?market__id__exact={scene.market.id}&settlement_status__exact={status}"))

    expected = Trade.objects.filter(market=scene.market, settlement_status=status)
    assert {trade.id for trade in rows} == set(expected.values_list("id", flat=True)[:PAGE_ROWS])


def test_the_time_filter_bounds_the_id(scene: Scene, boss: Client) -> None:
    since, until = timezone.now() - timedelta(days=3), timezone.now() - timedelta(days=2)

    response, statements = queries_of(boss, f"{ORDERS}?since={since:%Y-%m-%dT%H:%M}&until={until:%Y-%m-%dT%H:%M}")

    rows = rows_of(response)
    assert rows and all(since - timedelta(minutes=1) <= order.created_at < until for order in rows)
    assert all('"orders_order"."id" >=' in sql for sql in statements if 'FROM "orders_order"' in sql)
    assert not any('"created_at" >=' in sql for sql in statements)


@pytest.mark.parametrize("when", ["hour", "today", "week"])
def test_the_time_filter_knows_the_usual_spans(scene: Scene, boss: Client, when: str) -> None:
    spans = {"hour": timedelta(hours=1), "today": timedelta(days=1), "week": timedelta(days=7)}

    rows = rows_of(boss.get(f"{ORDERS}?when={when}"))

    assert rows and all(order.created_at > timezone.now() - spans[when] for order in rows)


def test_a_time_that_is_none_is_refused(boss: Client) -> None:
    assert boss.get(f"{ORDERS}?since=yesterday").headers["Location"] == f"{ORDERS}?e=1"


def test_the_database_reads_a_sorted_list_in_the_order_that_an_index_serves(scene: Scene, boss: Client) -> None:
    _, statements = queries_of(boss, f"{ORDERS}?o={place_of(boss.get(ORDERS), 'limit')}.1")

    assert [sql for sql in statements if "ORDER BY" in sql and "orders_order" in sql.partition("ORDER BY")[0]]
    assert not any("price" in sql.partition("ORDER BY")[2] for sql in statements)


def test_counting_stops_at_the_limit(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exchange.admin.lists.COUNT_MAX", 100)

    seven = Order.objects.filter(id__in=list(Order.objects.values_list("id", flat=True)[:7]))

    many, few = BoundedPaginator(Order.objects.all(), 50), BoundedPaginator(seven, 50)

    assert (many.count, many.num_pages, many.has_more, many.count_text) == (100, 2, True, "100+")
    assert (few.count, few.has_more, few.count_text) == (7, False, "7")


def test_a_page_is_cut_before_it_is_joined(scene: Scene, boss: Client) -> None:
    response, statements = queries_of(boss, f"{ORDERS}?p=3")

    cuts = [sql for sql in statements if "OFFSET" in sql]
    assert rows_of(response) == list(Order.objects.all()[2 * PAGE_ROWS : 3 * PAGE_ROWS])
    assert len(cuts) == 1 and "JOIN" not in cuts[0]


def test_an_empty_list_says_why_and_leads_back(scene: Scene, boss: Client) -> None:
    assert b"Show all" in boss.get(f"{ORDERS}?q=nobody").content
    assert b"Nothing passes the filters" in boss.get(f"{ORDERS}?until=2001-01-01T00:00").content


def search(boss: Client, url: str, term: object) -> list[Any]:
    response, statements = queries_of(boss, f"{url}?q={term}")
    assert len(statements) <= LIST_QUERIES_MAX
    assert_counts_are_bounded(statements)
    return rows_of(response)


def test_orders_are_found_by_id_client_id_and_user(scene: Scene, boss: Client) -> None:
    order, user = scene.order, scene.users[7]

    assert search(boss, ORDERS, order.id) == [order]
    assert search(boss, ORDERS, order.client_order_id) == [order]
    by_name, by_mail = search(boss, ORDERS, user.username), search(boss, ORDERS, user.email)
    assert by_name == by_mail == search(boss, ORDERS, user.id) == list(Order.objects.filter(user=user))
    assert by_name != []
    assert search(boss, ORDERS, "nobody") == []


def test_a_beginning_of_a_name_finds_several_users(scene: Scene, boss: Client) -> None:
    prefix = scene.users[0].username.removesuffix("-0")

    owners = {order.user_id for order in search(boss, ORDERS, prefix)}

    assert len(owners) > 1


def test_trades_are_found_by_id_order_and_user(scene: Scene, boss: Client) -> None:
    trade = scene.trade

    assert search(boss, TRADES, trade.id) == [trade]
    assert search(boss, TRADES, trade.buyer_order_id) == [trade]
    assert search(boss, TRADES, trade.seller_order_id) == [trade]
    assert trade in search(boss, TRADES, trade.buyer.username)
    assert trade in search(boss, TRADES, trade.seller.username)


def test_of_a_market_maker_s_trades_only_the_newest_are_looked_at_within_the_time(
    scene: Scene, boss: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orders.admin.trades.COUNT_MAX", 5)
    maker = scene.users[0]
    own = list(Trade.objects.filter(Q(buyer=maker) | Q(seller=maker)).order_by("-id"))
    until = own[8].executed_at
    earlier = [trade for trade in own if trade.executed_at < until.replace(second=0, microsecond=0)]

    newest = search(boss, TRADES, maker.username)
    before = search(boss, TRADES, f"{maker.username}&until={until:%Y-%m-%dT%H:%M}")

    assert 6 <= len(newest) < len(own) and newest == own[: len(newest)]
    assert before and before == earlier[: len(before)]


def test_entries_are_found_by_transfer_user_asset_and_account(scene: Scene, boss: Client) -> None:
    user, account = scene.users[0], scene.account

    assert len(search(boss, LEDGER, scene.trade.id)) == 2
    assert {entry.account_id for entry in search(boss, LEDGER, user.username)} == {account.id}
    assert {entry.account_id for entry in search(boss, LEDGER, f"{user.username}+usdt")} == {account.id}
    assert search(boss, LEDGER, f"{user.username}+btc") == []
    assert {entry.account_id for entry in search(boss, LEDGER, f"account:{account.id}")} == {account.id}
    assert {entry.asset_id for entry in search(boss, LEDGER, "usdt")} == {"USDT"}


def test_balances_users_and_failures_are_found(scene: Scene, boss: Client) -> None:
    user = scene.users[3]

    assert {account.owner_id for account in search(boss, ACCOUNTS, user.username)} == {user.id}
    assert search(boss, USERS, user.email) == [user]
    assert search(boss, FAILURES, scene.failure.trade_id) == [scene.failure]
    assert scene.failure in search(boss, FAILURES, "wallet_timeout")


@pytest.mark.parametrize("url", [ORDERS, TRADES, ACCOUNTS, LEDGER, FAILURES, AUDIT])
def test_nothing_here_is_added_or_written_by_a_form(scene: Scene, boss: Client, url: str) -> None:
    assert boss.get(f"{url}add/").status_code == 403
    assert boss.post(f"{url}add/", {}).status_code == 403


def test_an_order_is_not_changed_or_deleted(scene: Scene, boss: Client) -> None:
    page = f"{ORDERS}{scene.order.id}"

    assert boss.post(f"{page}/change/", {"status": "open"}).status_code == 403
    assert boss.post(f"{page}/delete/", {"post": "yes"}).status_code == 403


def test_only_staff_with_the_right_see_a_list(scene: Scene) -> None:
    viewer, clerk, trader = staff_with("orders.view_order"), staff_with(), scene.users[0]

    assert browser_of(viewer).get(ORDERS).status_code == 200
    assert browser_of(viewer).get(TRADES).status_code == 403
    assert browser_of(clerk).get(ORDERS).status_code == 403
    assert browser_of(trader).get(ORDERS).status_code == 302
    assert Client().get(ORDERS).status_code == 302
