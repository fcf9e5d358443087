"""Candles are rebuilt from the trades, and compared with them, also while the engine trades."""

import threading
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections, transaction

from exchange.models import Market, User
from marketdata.candle_rebuild import Compared, Rebuilt, candles_check, candles_days, candles_rebuild
from orders.models import Candle
from tests.engines import running_engine
from tests.integration.candles.feeding import deal, feeding, ms
from tests.orders import buy, sell

DAYS = [date(2026, 4, 1), date(2026, 4, 2)]


@pytest.fixture
def traded(market: Market, maker: User, taker: User) -> Market:
    """A market with trades of two days, in three minutes; 20 candles."""
    with feeding(market, maker, taker, start_ms=ms("2026-04-01T23:58:00Z")) as feed:
        feed.deals(deal("2026-04-01T23:58:10Z", "100.00", "1"), deal("2026-04-01T23:58:10Z", "98.00", "1"))
        feed.run(
            [
                deal("2026-04-01T23:58:50Z", "101.00", "0.5", taker_buys=False),
                deal("2026-04-01T23:59:59.999Z", "99.50", "2"),
                deal("2026-04-02T00:00:00Z", "99.00", "0.001"),
            ]
        )
    return market


def rows(market: Market) -> list[dict[str, Any]]:
    return [dict(row) for row in Candle.objects.filter(market=market).values()]


def manage(*arguments: str) -> str:
    out = StringIO()
    call_command("rebuild_candles", *arguments, stdout=out, stderr=out)
    return out.getvalue()


def test_what_the_engine_wrote_is_what_a_rebuild_makes(traded: Market) -> None:
    before = rows(traded)

    assert candles_rebuild(market=traded, days=DAYS) == Rebuilt(written=0, removed=0)
    assert candles_check(market=traded, days=DAYS) == Compared(candles=14, different=[])
    assert rows(traded) == before


def test_missing_wrong_and_surplus_candles_are_found_and_mended(traded: Market) -> None:
    right = rows(traded)
    candles = Candle.objects.filter(market=traded)
    wrong = {"1m": datetime(2026, 4, 1, 23, 58, tzinfo=UTC), "1w": datetime(2026, 3, 30, tzinfo=UTC)}
    for timeframe, opened_at in wrong.items():
        candles.filter(timeframe=timeframe, opened_at=opened_at).update(high=Decimal(500))
    candles.filter(timeframe="1h", opened_at=datetime(2026, 4, 2, tzinfo=UTC)).delete()
    extra = candles.filter(timeframe="5m").values()[0] | {"opened_at": datetime(2026, 4, 2, 5, tzinfo=UTC)}
    Candle.objects.create(**extra)

    found = candles_check(market=traded, days=DAYS)
    assert {timeframe for timeframe, _ in found.different} == {"1m", "5m", "1h", "1w"}
    with pytest.raises(CommandError, match="4 candles differ from the trades"):
        manage("--market", traded.slug, "--from", "2026-04-01", "--to", "2026-04-03", "--check")
    assert candles_rebuild(market=traded, days=DAYS) == Rebuilt(written=3, removed=1)
    assert rows(traded) == right


def test_the_command_fills_in_everything(traded: Market) -> None:
    right = rows(traded)
    Candle.objects.filter(market=traded).delete()

    said = manage("--market", traded.slug)

    days = len(candles_days(market=traded))
    assert said.splitlines() == [
        f"{traded.symbol}: 14 candles written, 0 removed",
        f"{traded.symbol}: 14 candles of {days} days, all equal to the trades",
    ]
    assert rows(traded) == right


def test_days_begin_with_the_first_trade_and_end_today(traded: Market, market: Market) -> None:
    days = candles_days(market=traded, until=date(2026, 4, 4))
    assert days == [date(2026, 4, 1), date(2026, 4, 2), date(2026, 4, 3)]
    assert candles_days(market=traded, since=date(2026, 4, 3), until=date(2026, 4, 4)) == [date(2026, 4, 3)]
    assert candles_days(market=traded)[-1] == datetime.now(UTC).date()


def test_a_week_whose_first_trades_are_gone_is_no_difference(traded: Market) -> None:
    """As after old partitions were detached: what is left of the week does not add up to its candle."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM orders_trade WHERE market_id = %s AND executed_at < '2026-04-02 00:00Z'", [traded.pk]
        )
        days = candles_days(market=traded, until=date(2026, 4, 3))

        assert days == [date(2026, 4, 2)]
        assert candles_check(market=traded, days=days) == Compared(candles=6, different=[])
        assert candles_rebuild(market=traded, days=days) == Rebuilt(written=0, removed=0)
        transaction.set_rollback(True)


def test_a_rebuild_and_the_engine_do_not_lose_each_others_trades(market: Market, maker: User, taker: User) -> None:
    is_over = threading.Event()
    rebuilds: list[Rebuilt] = []

    def rebuild() -> None:
        try:
            while not is_over.is_set():
                today = datetime.now(UTC).date()
                rebuilds.append(candles_rebuild(market=market, days=[today - timedelta(days=1), today]))
        finally:
            connections.close_all()

    thread = threading.Thread(target=rebuild)
    with running_engine(market):
        thread.start()
        for number in range(150):
            sell(maker, market, "0.01", str(100 + number % 7))
            buy(taker, market, "0.01", str(100 + number % 7))
        is_over.set()
        thread.join()
        found = candles_check(market=market, days=candles_days(market=market))

    assert found.different == []
    assert Candle.objects.filter(market=market, timeframe="1w").get().trade_count == 150
    assert len(rebuilds) > 3
    assert sum(done.written + done.removed for done in rebuilds) == 0  # the engine's own were right at every moment
