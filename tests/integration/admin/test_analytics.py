"""Markets and users at a glance: right when refreshed, refreshed beside those who read, shown to whom may see them."""

import threading
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from celery import current_app
from django.conf import settings
from django.db import connection, connections, transaction
from django.db.migrations.executor import MigrationExecutor
from django.test import Client
from django.utils import timezone

from exchange.admin.base import PAGE_SIZE
from exchange.models import Market, User
from marketdata.models import MarketDay, UserActivity, ViewRefresh
from operations.analytics import USER_ACTIVITY, VIEWS, analytics_refresh
from operations.grants import grants_sync
from operations.tasks import refresh_analytics
from tests.administrator import as_administrator
from tests.desk import BUY, SELL, open_desk
from tests.integration.admin.scene import browser_of, queries_of, rows_of, staff_with

DAYS, ACTIVITY = "/admin/marketdata/marketday/", "/admin/marketdata/useractivity/"
LIST_QUERIES_MAX = 9


@pytest.fixture
def traded(market: Market, maker: User, taker: User) -> Market:
    """A market where the maker placed four orders and the taker two, with three trades."""
    with open_desk(market) as desk:
        desk.place(maker, SELL, 1_000, 10_000)
        desk.place(maker, SELL, 1_000, 10_200)
        resting = desk.place(maker, SELL, 1_000, 10_500)
        desk.place(taker, BUY, 1_500, 10_200)
        desk.place(maker, BUY, 1_000, 9_800)
        desk.place(taker, SELL, 400, 9_800)
        desk.cancel(maker, resting.order.id)
    analytics_refresh()
    return market


def test_a_market_shows_its_last_24_hours(traded: Market) -> None:
    day = MarketDay.objects.get(pk=traded.pk)

    assert [day.open, day.high, day.low, day.close] == [100, 102, 98, 98]
    assert (day.volume, day.quote_volume, day.trade_count) == (Decimal("1.9"), Decimal("190.2"), 3)
    assert day.fees == Decimal("0.3804")  # a thousandth from both sides
    assert (day.trader_count, day.order_count) == (2, 6)


def test_a_market_without_trades_is_there_with_nothing(market: Market) -> None:
    analytics_refresh()

    day = MarketDay.objects.get(pk=market.pk)
    assert (day.open, day.close, day.volume, day.trade_count, day.order_count) == (None, None, 0, 0, 0)


def test_users_show_their_orders_and_what_came_of_them(traded: Market, maker: User, taker: User) -> None:
    made, took = UserActivity.objects.get(pk=maker.pk), UserActivity.objects.get(pk=taker.pk)

    assert (made.order_count, made.filled_count, made.cancelled_count, made.open_count) == (4, 1, 1, 2)
    assert (made.traded_count, made.fill_ratio, made.rejected_count) == (3, Decimal("0.75"), 0)
    assert (took.order_count, took.filled_count, took.fill_ratio, took.market_count) == (2, 2, 1, 1)


def test_who_placed_nothing_is_not_listed(traded: Market, outsider: User) -> None:
    assert not UserActivity.objects.filter(pk=outsider.pk).exists()


def test_a_refresh_does_not_wait_for_readers_nor_they_for_it(traded: Market) -> None:
    done: list[list[str]] = []

    def refresh() -> None:
        done.append(refresh_analytics())
        connections.close_all()

    ViewRefresh.objects.update(seconds=0)  # both are due
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM marketdata_marketday")  # holds its lock until the end of the block
        thread = threading.Thread(target=refresh)
        thread.start()
        thread.join()
        cursor.execute("SELECT count(*) FROM marketdata_marketday")

    assert done == [list(VIEWS)]


def test_one_refresh_at_a_time_is_enough(traded: Market) -> None:
    done: list[list[str]] = []

    def refresh() -> None:
        done.append(analytics_refresh())
        connections.close_all()

    with transaction.atomic():
        analytics_refresh()
        thread = threading.Thread(target=refresh)
        thread.start()
        thread.join()

    assert done == [[]]


def test_a_view_rests_twenty_times_as_long_as_its_refresh_took(traded: Market) -> None:
    now = timezone.now()
    ViewRefresh.objects.filter(view="marketdata_marketday").update(until=now - timedelta(seconds=59), seconds=3)
    ViewRefresh.objects.filter(view=USER_ACTIVITY).update(until=now - timedelta(seconds=61), seconds=3)

    assert refresh_analytics() == [USER_ACTIVITY]

    rested = ViewRefresh.objects.get(view=USER_ACTIVITY)
    assert rested.until >= now and 0 < rested.seconds < 3


def test_beat_knows_the_task() -> None:
    entry = settings.CELERY_BEAT_SCHEDULE["marketdata-analytics"]

    assert entry["task"] in current_app.tasks


def test_staff_see_both_lists_and_their_pages(traded: Market, maker: User, boss: Client) -> None:
    last = (MarketDay.objects.count() - 1) // PAGE_SIZE + 1  # the newest market is there; other tests made many
    days, statements = queries_of(boss, f"{DAYS}?p={last}")
    assert traded.pk in [day.pk for day in rows_of(days)]
    assert len(statements) <= LIST_QUERIES_MAX
    found, statements = queries_of(boss, f"{ACTIVITY}?q={maker.username}")
    assert [activity.pk for activity in rows_of(found)] == [maker.pk]
    assert len(statements) <= LIST_QUERIES_MAX
    assert b"75.0 %" in found.content
    assert b"-2.00 %" in boss.get(f"{DAYS}{traded.pk}/change/").content
    assert boss.get(f"{ACTIVITY}{maker.pk}/change/").status_code == 200
    assert boss.get(f"{ACTIVITY}{maker.pk}/delete/").status_code == 403


def test_the_most_active_come_first_by_index(traded: Market, boss: Client) -> None:
    counts = [activity.order_count for activity in rows_of(boss.get(ACTIVITY))]

    assert counts == sorted(counts, reverse=True)


def test_only_staff_with_the_right_see_them(traded: Market, outsider: User) -> None:
    viewer = browser_of(staff_with("marketdata.view_marketday"))

    assert viewer.get(DAYS).status_code == 200
    assert viewer.get(ACTIVITY).status_code == 403
    assert browser_of(outsider).get(DAYS).status_code == 302


def test_an_upgrade_fills_the_views_however_long_that_takes(traded: Market, maker: User) -> None:
    limits: list[tuple[str, str]] = []

    def notes_the_limit(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        result = execute(sql, params, many, context)
        if "CREATE MATERIALIZED VIEW" in sql:
            with connection.cursor() as cursor:
                cursor.execute("SHOW statement_timeout")
                limits.append((sql.partition("CREATE MATERIALIZED VIEW ")[2].split()[0], cursor.fetchone()[0]))
        return result

    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        (usual,) = cursor.fetchone()
    with as_administrator():
        MigrationExecutor(connection).migrate([("marketdata", None)])
        with connection.execute_wrapper(notes_the_limit):
            MigrationExecutor(connection).migrate([("marketdata", "0004_refresh_as_owner")])
        grants_sync()

    assert usual != "0"
    assert {view for view, _ in limits} == set(VIEWS)
    assert {limit for _, limit in limits} == {"0"}
    assert MarketDay.objects.get(pk=traded.pk).trade_count == 3
    assert UserActivity.objects.get(pk=maker.pk).order_count == 4
