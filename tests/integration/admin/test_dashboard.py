"""The dashboard: what it shows and to whom, which alerts it raises, and what it costs."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone

from exchange.models import Market, TradingState, User
from exchange.roles import StaffRole
from matching.throughput import Throughput, ThroughputMeter
from operations.analytics import analytics_refresh
from operations.dashboard.alerts import alerts_of
from operations.dashboard.charts import charts_of
from operations.dashboard.figures import Figures, Traded, dashboard_figures
from operations.dashboard.page import forget_dashboard, rounded
from orders.models import Mismatch, ReconcileRun
from settlement.services import settle_pending
from tests.desk import BUY, SELL, open_desk
from tests.engines import EngineProcess, wait_until
from tests.fixtures import fresh_name
from tests.integration.admin.scene import FAILURES, browser_of, queries_of, staff_with
from tests.integration.settlement.cast import Cast, failure_of
from tests.orders import buy

DASHBOARD, PART = "/admin/", "/admin/dashboard/"
QUERIES_MAX = 26  # of the figures twenty; session, user, rights of the user and of the groups


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    forget_dashboard()
    yield
    forget_dashboard()


def names_of(figures: Figures) -> dict[str, str]:
    return {alert.name: alert.text for alert in alerts_of(figures)}


def cards_of(response: Any) -> dict[str, tuple[str, str]]:
    return {card.title: (card.value, card.note) for card in response.context["cards"]}


def test_the_first_page_opens_and_its_part_is_never_cached(boss: Client) -> None:
    page, part = boss.get(DASHBOARD), boss.get(PART)

    assert page.status_code == part.status_code == 200
    assert "no-store" in part.headers["Cache-Control"]
    assert b"Failed settlements" in part.content and b"<html" not in part.content


def test_it_loads_nothing_from_other_hosts(boss: Client) -> None:
    found = re.findall(r'(?:src|href)="(https?:)?//[^"]*"', boss.get(DASHBOARD).content.decode())

    assert found == []


def test_it_takes_a_fixed_number_of_queries_and_is_shared_for_a_moment(
    boss: Client, market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("operations.dashboard.page.SHARED_S", 60.0)
    _, first = queries_of(boss, DASHBOARD)
    forget_dashboard()
    Market.objects.create(
        symbol=f"{market.quote_id}/{market.base_id}", base_id=market.quote_id, quote_id=market.base_id,
        tick_size="0.01", lot_size="0.01", max_quantity="10", reference_price="1",
    )  # fmt: skip
    _, more_markets = queries_of(boss, DASHBOARD)
    _, shared = queries_of(boss, PART)

    assert len(first) == len(more_markets) <= QUERIES_MAX
    assert len(shared) <= 2
    big = [sql for sql in first if re.search(r'COUNT.*FROM "(orders_order|orders_trade|exchange_user)"', sql)]
    assert big == []


def test_volume_trades_users_and_fees_are_those_of_the_day(
    market: Market, maker: User, taker: User, boss: Client
) -> None:
    with open_desk(market) as desk:
        desk.place(maker, SELL, 2_000, 10_000)
        desk.place(taker, BUY, 1_500, 10_000)
        desk.settle()
    analytics_refresh()

    figures = dashboard_figures()

    (day,) = [traded for traded in figures.day if traded.quote == market.quote_id]
    (month,) = [traded for traded in figures.month if traded.quote == market.quote_id]
    assert (day.volume, day.trades) == (month.volume, month.trades) == (Decimal(150), 1)
    assert figures.fees_of_day[market.quote_id] == figures.fees_earned[market.quote_id] == Decimal("0.3")
    assert figures.active_users >= 2
    assert cards_of(boss.get(PART))["Trades, 24 hours"][0] != "0"


def test_charts_have_a_slot_for_each_hour_and_each_day(market: Market, maker: User, taker: User) -> None:
    with open_desk(market) as desk:
        desk.place(maker, SELL, 1_000, 10_000)
        desk.place(taker, BUY, 1_000, 10_000)
    figures = dashboard_figures()
    only = [traded for traded in figures.day if traded.quote == market.quote_id]

    charts = charts_of(Figures(**{**_fields(figures), "day": only, "month": only}))

    chart = charts[market.quote_id]
    trades, volumes = (dataset["data"] for dataset in chart["day"]["datasets"])
    assert (len(chart["day"]["labels"]), len(chart["month"]["labels"])) == (24, 30)
    assert (trades[-1] + trades[-2], sum(volumes), volumes.count(0)) == (1, 100, 23)


def _fields(figures: Figures) -> dict[str, Any]:
    return {name: getattr(figures, name) for name in Figures.__slots__}


def test_a_dead_letter_is_on_top_and_three_clicks_from_settled(cast: Cast) -> None:
    trade = cast.trade()
    cast.hold(cast.taker, cast.quote, -trade.buyer_hold)
    settle_pending(market_id=cast.market.pk)
    cast.hold(cast.taker, cast.quote, trade.buyer_hold)
    clerk = staff_with("settlement.view_failedsettlement", "settlement.change_failedsettlement")
    browser = browser_of(clerk)

    alert = next(alert for alert in browser.get(PART).context["alerts"] if alert.name == "FailedSettlements")
    rows = browser.get(alert.url).context["cl"].result_list
    failure = next(row for row in rows if row.trade_id == trade.id)
    browser.post(f"{FAILURES}{failure.pk}/retry/")

    assert alert.level == "page"
    assert failure_of(trade).state == "settled"


def test_unserved_and_halted_markets_raise_alerts(market: Market) -> None:
    Market.objects.filter(pk=market.pk).update(trading_state=TradingState.HALTED)

    alerts = names_of(dashboard_figures())

    assert {"MarketUnserved", "MarketHalted"} <= set(alerts)


def test_a_mismatch_raises_an_alert(market: Market) -> None:
    run = ReconcileRun.objects.create(kind=ReconcileRun.Kind.FULL, status=ReconcileRun.Status.MISMATCH)
    mismatch = Mismatch.objects.create(
        run=run, check_name=Mismatch.Check.HELD, subject="1", expected={}, found={}, signature=fresh_name("s")
    )

    alerts = names_of(dashboard_figures())
    Mismatch.objects.filter(pk=mismatch.pk).update(state=Mismatch.State.ACKNOWLEDGED)

    assert "Reconciliation found" in alerts["ReconcileMismatch"]


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"scheduler_at": datetime(2026, 1, 1, tzinfo=UTC)}, "SchedulerStopped"),
        ({"partition_days": {"orders_trade": 2}}, "PartitionsRunningOut"),
        ({"failing": {("retrying", "WALLET_UNAVAILABLE"): 3}}, "WalletBreakerOpen"),
        ({"beyond_limits": 1}, "HandLimitReached"),
        ({"proposals": 1}, "ProposalsWaiting"),
        ({"clean_at": None}, "ReconcileOverdue"),
        ({"analytics_at": datetime(2026, 1, 1, tzinfo=UTC), "scheduler_at": None}, "AnalyticsOld"),
    ],
)
def test_what_is_overdue_or_runs_out_raises_an_alert(changed: dict[str, Any], name: str) -> None:
    healthy = {
        "scheduler_at": timezone.now(), "partition_days": {"orders_trade": 30}, "failing": {}, "proposals": 0,
        "has_runs": True, "clean_at": timezone.now(),
        "analytics_at": timezone.now(), "activity_at": timezone.now(),
    }  # fmt: skip
    figures = _fields(dashboard_figures()) | healthy

    assert name not in names_of(Figures(**figures))
    assert name in names_of(Figures(**{**figures, **changed}))


def test_a_serving_engine_shows_its_pace_and_its_open_orders(market: Market, maker: User, boss: Client) -> None:
    seen: list[list[Any]] = []

    def is_reported() -> bool:
        forget_dashboard()
        rows = boss.get(PART).context["engines"].rows
        seen.append(next(row for row in rows if f">{market.symbol}<" in row[0]))
        return bool(seen[-1][8] == "1" and seen[-1][5] != "-")

    with EngineProcess(market) as engine:
        engine.wait_until_served()
        buy(maker, market, "1", "99")
        wait_until(is_reported, "the engine's report")
    _, state, served_by, seq, batches, size, p50, p99, _, standby = seen[-1]

    assert "continuous" in state and served_by.rpartition(" ")[2].isdecimal()
    assert int(seq) >= 1 and float(batches) > 0 and float(size) >= 1
    assert p50.endswith(" ms") and p99.endswith(" ms") and standby == "-"


def test_a_role_sees_all_and_none_sees_nothing() -> None:
    viewer, nobody = (User.objects.create(username=fresh_name("clerk-"), is_staff=True) for _ in range(2))
    viewer.groups.add(Group.objects.get(name=StaffRole.VIEWER))

    seen, blind = browser_of(viewer).get(PART).context, browser_of(nobody).get(PART).context

    assert len(seen["cards"]) == 8 and seen["engines"] is not None
    assert (blind["cards"], blind["alerts"], blind["engines"], blind["charts"]) == ([], [], None, {})


def test_a_stranger_is_sent_to_the_login(taker: User) -> None:
    for browser in (Client(), browser_of(taker)):
        assert browser.get(PART).status_code == 302


@pytest.mark.parametrize(
    ("amount", "text"), [("1234567.8", "1,234,568"), ("12.346", "12.35"), ("0.00012345", "0.000123"), ("0", "0")]
)
def test_amounts_are_rounded_to_be_seen_at_a_glance(amount: str, text: str) -> None:
    assert rounded(Decimal(amount)) == text


def test_the_pace_forgets_what_is_older_than_ten_seconds() -> None:
    now = [100.0]
    meter = ThroughputMeter(lambda: now[0])
    for requests, seconds in ((5, 0.010), (1, 0.002), (3, 0.004)):
        meter.add(requests, seconds)
        now[0] += 4

    assert meter.measured() == Throughput(2, 4, 4.0, 4.0)
    now[0] += 60
    assert meter.measured() == Throughput(0, 0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("began", "yesterday", "expected"),
    [
        (timedelta(minutes=30), False, timedelta(minutes=30)),
        (timedelta(seconds=5), False, timedelta(minutes=1)),
        (timedelta(minutes=30), True, timedelta(days=1)),
    ],
)
def test_the_pace_of_a_young_copy_is_that_since_it_began(
    began: timedelta, yesterday: bool, expected: timedelta
) -> None:
    figures = dashboard_figures()
    day = [Traded("USDT", figures.at - began, Decimal(1), 60)]
    older = [Traded("USDT", figures.at - timedelta(days=2), Decimal(1), 5)] if yesterday else []

    assert replace(figures, day=day, month=[*older, *day]).traded_for == expected
    assert replace(figures, day=[], month=older).traded_for == timedelta(days=1)
