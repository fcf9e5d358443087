"""`manage.py replay_tape` against the real processes: api by granian, an engine, a Celery worker."""

import os
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from config.embedded.settings import LOOPBACK, PROJECT
from exchange.models import Market
from orders.models import Order, Trade
from tape.accounts import tape_market
from tape.management.commands import replay_tape
from tests.engines import running_engine, wait_until
from tests.fixtures import fresh_name
from tests.integration.settlement.cast import celery_worker
from tests.invariants import assert_ledger_balances
from tests.servers import free_port

pytestmark = pytest.mark.xdist_group("celery worker")

REAL_ROWS = 300
TAPE = next(Path(settings.TAPE_DIR).glob("*_message_*.csv.gz"), None)


@dataclass(frozen=True)
class Replayed:
    summary: str
    errors: str

    def figure(self, name: str) -> str:
        found = re.search(rf"^{name} +(.*)$", self.summary, re.MULTILINE)
        assert found, f"no line {name!r} in:\n{self.summary}"
        return found[1]


@pytest.fixture(scope="module")
def api() -> Iterator[str]:
    """The api role and a worker that settles."""
    port = free_port()
    command = ["granian", "--interface", "wsgi", "--host", LOOPBACK, "--port", str(port), "--workers", "1"]
    process = subprocess.Popen(
        [sys.executable, "-m", *command, "--blocking-threads", "16", "config.wsgi:application"], cwd=PROJECT,
        env={**os.environ, "LOG_LEVEL": "ERROR"}, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        with celery_worker():
            yield f"http://{LOOPBACK}:{port}"
    finally:
        process.terminate()
        process.wait(timeout=30)


@pytest.fixture
def market() -> Market:
    return tape_market(slug=f"{fresh_name('S')}-{fresh_name('C')}", reference_price=Decimal(585))


def replay(api: str, market: Market, tape: Path, *options: str) -> Replayed:
    out, err = StringIO(), StringIO()
    call_command(
        "replay_tape", str(tape), "--url", api, "--market", market.slug, "--accounts", "3", *options,
        stdout=out, stderr=err,
    )  # fmt: skip
    assert_ledger_balances(assets=[market.base_id, market.quote_id])
    return Replayed(out.getvalue(), err.getvalue())


def test_a_tape_goes_through_the_public_api_and_settles_as_recorded(api: str, market: Market, tmp_path: Path) -> None:
    tape = made_tape(tmp_path, rows=200)

    with running_engine(market):
        replayed = replay(api, market, tape, "--connections", "8")

    fills, amended = count_of("4", tape), count_of("2", tape)
    assert f"{fills:,} of {fills:,} fills as on the tape" in replayed.figure("executions")
    assert replayed.figure("trades") == f"{fills:,} stored, {fills:,} answered"
    assert replayed.figure("settled").startswith(f"{fills:,}, 0 failed")
    assert replayed.figure("zero-sum") == "holds"
    assert replayed.figure("rejected") == "0"
    assert f"({amended:,} amend, " in replayed.figure("sent")
    assert fills > amended > 0


@pytest.mark.long
def test_what_goes_in_parallel_gives_the_same_trades_and_book_as_one_by_one(
    api: str, market: Market, tmp_path: Path
) -> None:
    tape = made_tape(tmp_path, rows=200)
    other = tape_market(slug=f"{fresh_name('S')}-{fresh_name('C')}", reference_price=Decimal(585))

    with running_engine(market, other):
        replay(api, market, tape, "--connections", "1")
        replay(api, other, tape, "--connections", "16")

    assert trades_of(market) == trades_of(other)
    assert book_of(market) == book_of(other)


def test_bad_rows_are_named_and_skipped_or_fatal(api: str, market: Market, tmp_path: Path) -> None:
    tape = tmp_path / "tape.csv"
    tape.write_text("34200.1,1,1,10,1000000,1\nnonsense\n34200.2,3,1,10,1000000,1\n")

    with pytest.raises(CommandError, match=r"tape\.csv, line 2: 6 fields expected, 1 found"):
        replay(api, market, tape, "--bad-rows", "fatal")
    with running_engine(market):
        replayed = replay(api, market, tape)

    assert "tape.csv, line 2: 6 fields expected, 1 found" in replayed.errors
    assert replayed.figure("rows") == "2 read, 1 bad; 0 seeded"


def test_another_replay_begins_with_an_empty_book(api: str, market: Market, tmp_path: Path) -> None:
    tape = tmp_path / "tape.csv"
    tape.write_text("34200.1,1,1,10,1000000,1\n34200.2,1,2,10,1000100,-1\n")

    with running_engine(market):
        replay(api, market, tape)
        replayed = replay(api, market, tape)

    assert "2 orders of earlier replays cancelled" in replayed.summary
    assert len(book_of(market)) == 2


def test_a_tape_without_rows_is_refused(api: str, market: Market, tmp_path: Path) -> None:
    (tmp_path / "tape.csv").write_text("")

    with pytest.raises(CommandError, match="holds no row"):
        replay(api, market, tmp_path / "tape.csv")


def test_without_an_engine_the_reason_is_said(
    api: str, market: Market, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay_tape, "READY_S", 0.0)

    with pytest.raises(CommandError, match=f"no engine serves {market.symbol}"):
        replay(api, market, made_tape(tmp_path, rows=10))


@pytest.mark.skipif(TAPE is None, reason=f"no recorded tape in TAPE_DIR ({settings.TAPE_DIR})")
def test_a_slice_of_a_recorded_hour_goes_through_and_settles(api: str, market: Market) -> None:
    assert TAPE is not None

    with running_engine(market):
        replayed = replay(api, market, TAPE, "--limit", str(REAL_ROWS))

    alike, total = re.findall(r"([\d,]+) of ([\d,]+) fills", replayed.figure("executions"))[0]
    assert int(alike.replace(",", "")) >= 0.9 * int(total.replace(",", "")) > 0
    assert replayed.figure("zero-sum") == "holds"
    wait_until(lambda: not Trade.objects.filter(market=market, settlement_status="pending").exists(), "settlement")


def made_tape(folder: Path, *, rows: int) -> Path:
    """Write a tape of an exchange with price-time priority: orders on twenty prices, cancels, executions."""
    rnd = random.Random(20_240_701)
    bids: list[tuple[int, int, int]] = []  # cents above 580 negated, id, size: the best first
    asks: list[tuple[int, int, int]] = []
    lines: list[str] = []
    for number in range(1, rows + 1):
        is_buy = rnd.random() < 0.5
        side, direction, sign = (bids, 1, -1) if is_buy else (asks, -1, 1)
        moment = f"34200.{number:09d}"
        draw = rnd.random()
        if draw < 0.6 or not side:
            cents, size = (rnd.randint(1, 10) if is_buy else rnd.randint(11, 20)), rnd.randint(1, 100)
            side.append((sign * cents, number, size))
            side.sort()
            lines.append(f"{moment},1,{number},{size},{5_800_000 + cents * 100},{direction}")
        elif draw < 0.7:
            place = rnd.randrange(len(side))
            key, order_id, size = side[place]
            if size > 1:  # an amended order keeps its place
                side[place] = (key, order_id, size - size // 2)
                lines.append(f"{moment},2,{order_id},{size // 2},{5_800_000 + abs(key) * 100},{direction}")
        elif draw < 0.8:
            key, order_id, size = side.pop(rnd.randrange(len(side)))
            lines.append(f"{moment},3,{order_id},{size},{5_800_000 + abs(key) * 100},{direction}")
        else:
            for key, order_id, size in side[:2]:
                lines.append(f"{moment},4,{order_id},{size},{5_800_000 + abs(key) * 100},{direction}")
            del side[:2]
    tape = folder / "made.csv"
    tape.write_text("\n".join(lines) + "\n")
    return tape


def count_of(row_type: str, tape: Path) -> int:
    return sum(line.split(",")[1] == row_type for line in tape.read_text().splitlines())


def trades_of(market: Market) -> list[tuple[Decimal, Decimal, str]]:
    rows = Trade.objects.filter(market=market).order_by("seq").values_list("price", "quantity", "taker_side")
    return list(rows)


def book_of(market: Market) -> list[tuple[str, Decimal | None, Decimal | None]]:
    """The open orders of the market, queue by queue."""
    rows = Order.objects.filter(market=market, status__in=("open", "partially_filled"))
    return list(rows.order_by("side", "price", "priority").values_list("side", "price", "quantity"))
