"""Who has which fee tier: the volume of 30 days, the level it earns, and who is told."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from base.advisory_locks import ExchangeLock
from config.celery import app
from exchange.models import FeeTier, Market, UserFeeTier
from exchange.services import on_market_changed
from orders.fees import VOLUME_DAYS, fee_tiers_recompute
from orders.tasks import recompute_fee_tiers
from tests.integration.fees.trading import LEVELS, Venue
from tests.integration.settlement.cast import engine_connection

MS = timedelta(milliseconds=1)
WINDOW = timedelta(days=VOLUME_DAYS)


def test_buyer_and_seller_earn_a_tier_in_every_market_with_the_quote(venue: Venue) -> None:
    venue.trade("700", market=venue.first)
    venue.trade("500.5", market=venue.second, seller=venue.outsider)

    fee_tiers_recompute(now=venue.now)

    assert venue.held(venue.taker) == {"first": (1, Decimal("1200.5")), "second": (1, Decimal("1200.5"))}
    assert venue.held(venue.maker) == {}  # 700
    assert venue.held(venue.outsider) == {}  # 500.5


@pytest.mark.parametrize(
    ("volume", "level"),
    [("999.99", None), ("1000", 1), ("9999.99", 1), ("10000", 2), ("99999.99", 2), ("100000", 3), ("5000000", 3)],
)
def test_the_highest_level_that_the_volume_reaches(venue: Venue, volume: str, level: int | None) -> None:
    venue.trade(volume)

    fee_tiers_recompute(now=venue.now)

    expected = {} if level is None else {name: (level, Decimal(volume)) for name in ("first", "second")}
    assert venue.held(venue.maker) == venue.held(venue.taker) == expected


def test_the_thirty_days_are_counted_to_the_millisecond(venue: Venue) -> None:
    venue.trade("1000", ago=WINDOW + MS)
    venue.trade("2000", ago=WINDOW)
    venue.trade("3000", ago=MS)
    venue.trade("4000", ago=timedelta(0))

    fee_tiers_recompute(now=venue.now)

    assert venue.held(venue.maker)["first"] == (1, Decimal(5_000))


def test_a_trade_with_oneself_counts_once(venue: Venue) -> None:
    venue.trade("600", buyer=venue.maker, seller=venue.maker)
    venue.trade("400", buyer=venue.maker)

    fee_tiers_recompute(now=venue.now)

    assert venue.held(venue.maker)["first"] == (1, Decimal(1_000))


def test_markets_with_other_quotes_have_volumes_of_their_own(venue: Venue) -> None:
    venue.trade("50000", market=venue.foreign)
    venue.trade("999", market=venue.first)

    fee_tiers_recompute(now=venue.now)

    assert venue.held(venue.maker) == {"foreign": (2, Decimal(50_000))}
    assert venue.versions() == {"first": 0, "second": 0, "foreign": 1}


def test_a_tier_rises_falls_and_is_lost_as_the_days_go_by(venue: Venue) -> None:
    venue.trade("1000", ago=timedelta(days=5))
    venue.trade("9000", ago=timedelta(days=25))
    levels, day = [], timedelta(days=1)

    for days in (-10, 0, 5, 6, 25, 26):
        fee_tiers_recompute(now=venue.now + days * day)
        levels.append(venue.held(venue.maker).get("first"))

    both, new, old = (2, Decimal(10_000)), (1, Decimal(1_000)), (1, Decimal(9_000))
    assert levels == [old, both, both, new, new, None]
    assert venue.versions() == {"first": 4, "second": 4, "foreign": 0}


def test_a_second_run_changes_nothing_and_tells_nobody(venue: Venue, monkeypatch: pytest.MonkeyPatch) -> None:
    venue.trade("1000")
    heard: list[Market] = []
    monkeypatch.setattr("exchange.services.markets._listeners", [])
    on_market_changed(heard.append)

    first = fee_tiers_recompute(now=venue.now)
    told = {market.pk for market in heard}
    second = fee_tiers_recompute(now=venue.now)

    assert first and first.changed >= 4 and {venue.first.pk, venue.second.pk} <= told
    assert second and (second.changed, second.lost, second.market_ids) == (0, 0, [])
    assert len(heard) == len(told)
    assert venue.versions() == {"first": 1, "second": 1, "foreign": 0}


def test_a_volume_that_changes_within_a_level_tells_nobody(venue: Venue) -> None:
    venue.trade("1000")
    fee_tiers_recompute(now=venue.now)
    venue.trade("500")

    fee_tiers_recompute(now=venue.now)

    assert venue.held(venue.maker)["first"] == (1, Decimal(1_500))
    assert set(UserFeeTier.objects.filter(user=venue.maker).values_list("computed_at", flat=True)) == {venue.now}
    assert venue.versions() == {"first": 1, "second": 1, "foreign": 0}


def test_a_market_without_tiers_gives_none(venue: Venue) -> None:
    venue.trade("1000")
    venue.set_tiers(venue.first)

    fee_tiers_recompute(now=venue.now)

    assert venue.held(venue.maker) == {"second": (1, Decimal(1_000))}


def test_a_first_level_from_zero_is_for_everybody_who_traded(venue: Venue) -> None:
    venue.set_tiers(venue.first, LEVELS[0]._replace(min_volume=Decimal(0)))
    venue.trade("0.01")

    fee_tiers_recompute(now=venue.now)

    assert venue.held(venue.maker) == {"first": (1, Decimal("0.01"))}
    assert venue.held(venue.outsider) == {}


def test_users_of_a_level_that_goes_get_the_next_one_below(venue: Venue) -> None:
    venue.trade("10000")
    fee_tiers_recompute(now=venue.now)

    venue.set_tiers(venue.first, LEVELS[0], LEVELS[2])
    venue.set_tiers(venue.second, LEVELS[2])

    assert venue.held(venue.maker) == {"first": (1, Decimal(10_000))}
    assert venue.versions() == {"first": 2, "second": 2, "foreign": 0}
    assert FeeTier.objects.filter(market=venue.first).count() == 2


def test_only_partitions_of_the_thirty_days_are_read(venue: Venue) -> None:
    with CaptureQueriesContext(connection) as captured:
        fee_tiers_recompute(now=venue.now)
    statement = next(query["sql"] for query in captured.captured_queries if "fee_volume ON COMMIT" in query["sql"])

    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {statement.partition(' AS')[2].replace('%', '%%')}")
        plan = "\n".join(line for (line,) in cursor.fetchall())

    read = set(re.findall(r"\borders_trade_\d{4}_\d\d_\d\d\b", plan))
    assert len(read) == VOLUME_DAYS + 1  # the day on which they began is read from that moment on
    assert f"orders_trade_{venue.now - timedelta(days=VOLUME_DAYS + 1):%Y_%m_%d}" not in read


def test_one_process_at_a_time_adds_up(venue: Venue) -> None:
    venue.trade("1000")
    with engine_connection() as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", [ExchangeLock.FEE_VOLUMES])
        assert fee_tiers_recompute(now=venue.now) is None
        assert venue.held(venue.maker) == {}

    assert fee_tiers_recompute(now=venue.now) is not None


def test_it_runs_every_night_and_on_demand(venue: Venue, capsys: pytest.CaptureFixture[str]) -> None:
    venue.trade("1000")
    nightly = settings.CELERY_BEAT_SCHEDULE["orders-fee-tiers"]

    recompute_fee_tiers()
    call_command("recompute_fee_tiers")

    assert (nightly["task"], recompute_fee_tiers.name in app.tasks) == (recompute_fee_tiers.name, True)
    assert "tiers, " in capsys.readouterr().out
    assert venue.held(venue.maker) == {"first": (1, Decimal(1_000)), "second": (1, Decimal(1_000))}
