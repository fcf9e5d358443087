"""When a holder's session may be ended, rule by rule; and how the commands and metrics tell who serves."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import StringIO

import psycopg
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from base.advisory_locks import MarketLock
from base.ids import uuid7
from exchange.models import Market, User
from journal.deposition import application_name, depose
from matching.roster import MarketReport, Role
from operations.engines.roster import PostgresRoster
from operations.engines.selectors import engine_fleet
from operations.metrics import engine_gauges
from orders.models import EngineProcess, MarketSequence
from tests.engines import wait_until


def report(process_id: str, *, beat_age_s: float, fresh_s: float = 60, role: str = "", market: Market) -> None:
    """Store what a process reported last."""
    now = timezone.now()
    since = int((now - timedelta(minutes=5)).timestamp() * 1000)
    EngineProcess.objects.update_or_create(
        pk=process_id,
        defaults={
            "host": "somewhere",
            "pid": 4711,
            "started_at": now - timedelta(minutes=5),
            "beat_at": now - timedelta(seconds=beat_age_s),
            "fresh_since": now - timedelta(seconds=fresh_s),
            "markets": [{"symbol": market.symbol, "role": role, "since": since, "seq": 7, "heir": ""}] if role else [],
        },
    )


@contextmanager
def silent_holder(market: Market, process_id: str | None, silent_s: float) -> Iterator[psycopg.Connection]:
    """A session that has the market's lock and has not done anything for so long."""
    name = application_name(market.symbol, process_id)
    with psycopg.connect(settings.ENGINE_DATABASE_URL, autocommit=True, application_name=name) as session:
        session.execute("SELECT pg_advisory_lock(%s, %s)", [MarketLock.ENGINE, market.pk])
        pid = session.info.backend_pid
        if silent_s:
            wait_until(lambda: idle_for(pid) > silent_s, "silence")
        yield session


def idle_for(pid: int) -> float:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT extract(epoch FROM clock_timestamp() - state_change) FROM pg_stat_activity WHERE pid = %s", [pid]
        )
        return float(cursor.fetchone()[0])


def is_deposed(market: Market, own_id: str, session: psycopg.Connection) -> bool:
    """Let a standby look once; the answer and the fate of the session must agree."""
    with psycopg.connect(settings.ENGINE_DATABASE_URL, autocommit=True) as standby:
        deposed = depose(standby, (MarketLock.ENGINE, market.pk), own_id)
    try:
        session.execute("SELECT 1")
    except psycopg.OperationalError:
        assert deposed == session.info.get_parameters()["application_name"]
        return True
    assert deposed is None
    return False


@pytest.mark.parametrize(
    ("holder_age_s", "role", "own_age_s", "own_fresh_s", "silent_s", "expected"),
    [
        (3.0, "active", 0.0, 60.0, 2.1, True),
        (0.5, "active", 0.0, 60.0, 2.1, False),  # it reports itself
        (3.0, "active", 0.0, 60.0, 0.0, False),  # its session works: only its reports are missing
        (3.0, "active", 1.5, 60.0, 2.1, False),  # our own reports are missing
        (3.0, "active", 0.0, 1.0, 2.1, False),  # our own reports have only just come back: the database stood still
        (10.0, "recovering", 0.0, 60.0, 2.1, False),  # it reads a large book
        (31.0, "recovering", 0.0, 60.0, 2.1, True),
        (None, "", 0.0, 60.0, 2.1, False),  # nothing is known about it: an older release
    ],
)
def test_a_holder_is_deposed_only_when_it_is_surely_suspended(
    market: Market,
    holder_age_s: float | None,
    role: str,
    own_age_s: float,
    own_fresh_s: float,
    silent_s: float,
    expected: bool,
) -> None:
    own, holder = str(uuid7()), str(uuid7())
    with silent_holder(market, holder, silent_s) as session:
        report(own, beat_age_s=own_age_s, fresh_s=own_fresh_s, market=market)
        if holder_age_s is not None:
            report(holder, beat_age_s=holder_age_s, role=role, market=market)
        assert is_deposed(market, own, session) is expected


def test_the_roster_tells_who_lives_and_forgets_who_left(market: Market) -> None:
    first, second = PostgresRoster(None), PostgresRoster([market.symbol])
    first.beat([MarketReport(market.symbol, Role.ACTIVE, 123, 45, "heir")])
    peers = {peer.id: peer for peer in second.beat([MarketReport(market.symbol, Role.COLD, 0, 0)])}
    assert peers[first.process_id].markets[market.symbol] == MarketReport(market.symbol, Role.ACTIVE, 123, 45, "heir")
    assert peers[second.process_id].listed == {market.symbol}
    EngineProcess.objects.filter(pk=first.process_id).update(beat_at=timezone.now() - timedelta(seconds=3))
    assert first.process_id not in {peer.id for peer in second.beat([])}
    assert first.process_id in {peer.id for peer in first.beat([])}
    for roster in (first, second):
        roster.leave()
    assert not EngineProcess.objects.filter(pk__in=[first.process_id, second.process_id]).exists()


@pytest.fixture
def fleet(market: Market) -> Market:
    """A market with a holder, a warm standby five events behind, and a process that is gone."""
    MarketSequence.objects.create(pk=market.pk, last_seq=12, state_hash="00ff00ff00ff00ff")
    EngineProcess.objects.all().delete()
    report(str(uuid7()), beat_age_s=0, role="active", market=market)
    report(str(uuid7()), beat_age_s=0, role="warm", market=market)
    report(str(uuid7()), beat_age_s=50, role="active", market=market)
    return market


def test_the_command_shows_who_serves_and_who_waits(fleet: Market) -> None:
    out = StringIO()
    call_command("engines", stdout=out)
    text = out.getvalue()
    assert f"{fleet.symbol}: seq 12, state hash 00ff00ff00ff00ff, active on somewhere (process 4711) since" in text
    assert "warm on somewhere (process 4711)" in text and "seq 7, 5 behind" in text
    assert "2 engine processes live" in text and "GONE for 50 s" in text
    out = StringIO()
    call_command("engines", "--json", stdout=out)
    found = next(each for each in json.loads(out.getvalue())["markets"] if each["symbol"] == fleet.symbol)
    assert (found["holder"]["role"], [each["lag"] for each in found["standbys"]]) == ("active", [5])


def test_a_market_that_nobody_serves_is_named(fleet: Market) -> None:
    EngineProcess.objects.all().delete()
    out = StringIO()
    call_command("engines", stdout=out)
    assert f"{fleet.symbol}: seq 12, state hash 00ff00ff00ff00ff, served by NOBODY" in out.getvalue()
    assert "NOBODY SERVES" in out.getvalue()
    assert next(each for each in engine_fleet().markets if each.symbol == fleet.symbol).is_unserved


def test_the_metrics_count_engines_and_standbys(fleet: Market) -> None:
    samples = {
        (sample.name, sample.labels.get("market")): sample.value
        for gauge in engine_gauges()
        for sample in gauge.samples
    }
    assert samples["trade_engine_engines", None] == 2
    assert samples["trade_engine_market_standbys", fleet.symbol] == 1
    assert samples["trade_engine_markets_unserved", None] == sum(each.is_unserved for each in engine_fleet().markets)


def test_staff_see_the_processes(fleet: Market, staff: User) -> None:
    client = Client()
    client.force_login(staff)
    listed = client.get("/admin/orders/engineprocess/")
    assert listed.status_code == 200 and fleet.symbol in listed.content.decode()
    newest = EngineProcess.objects.order_by("-beat_at").first()
    assert newest is not None
    page = client.get(f"/admin/orders/engineprocess/{newest.pk}/change/")
    assert page.status_code == 200 and fleet.symbol in page.content.decode()
