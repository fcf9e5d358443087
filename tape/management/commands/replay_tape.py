"""`manage.py replay_tape FILE`: recorded order flow against a running exchange, through its public API."""

import time
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from itertools import chain, islice
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from base.times import wall_clock_ms
from base.valkey import valkey
from client.rest import Connection, Endpoint, ExchangeUnreachableError, Session
from exchange.models import Market
from matching.messages import heartbeat_key
from settlement.selectors import ledger_imbalances
from tape.accounts import tape_accounts, tape_market
from tape.flight import ReplayStoppedError
from tape.lobster import BadRow, TapeError, TapeRow, read_rows
from tape.plan import Plan
from tape.replay import Replay
from tape.report import Settlement, TradeWatch
from tape.seeds import Beginning, book_file_of, look_through, seed_rows

READY_S = 60.0
_NAMED_MAX = 20
_INTERRUPTED = 130


class Command(BaseCommand):
    help = "Replay recorded order flow against a running exchange and report the outcome."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="the tape, plain or .gz")
        parser.add_argument("--format", choices=["lobster"], default="lobster", help="format of the tape")
        parser.add_argument("--speed", type=_speed, default=None, metavar="max|N", help="max, or N x real time")
        parser.add_argument("--market", default="AAPL-USD", help="created if missing (default: %(default)s)")
        parser.add_argument("--accounts", type=_count(2, 1_000), default=8, help="the last one takes, the others make")
        parser.add_argument("--connections", type=_count(1, 256), default=16, help="requests in flight at once")
        parser.add_argument("--url", default="http://127.0.0.1:8001", help="the exchange (default: %(default)s)")
        parser.add_argument("--limit", type=_count(1, 1 << 62), default=None, metavar="ROWS", help="stop after these")
        parser.add_argument(
            "--bad-rows", choices=["skip", "fatal"], default="skip", help="report them and go on, or stop"
        )
        parser.add_argument("--book", type=Path, help="first row of the order book (default: the one beside the tape)")
        parser.add_argument("--no-book", action="store_true", help="begin with an empty book")
        parser.add_argument(
            "--settle-timeout", type=float, default=120.0, metavar="SECONDS", help="wait no longer than this"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        self._options = options
        self._bad_rows = 0
        try:
            self._replay_tape()
        except (TapeError, ExchangeUnreachableError, PermissionError) as error:
            raise CommandError(str(error)) from error

    def _replay_tape(self) -> None:
        beginning = look_through(self._rows(self._count_bad_row))
        if beginning.first is None:
            raise TapeError(f"{self._options['file']} holds no row that can be read")
        seeds = self._seeds(beginning)
        replay, market = self._prepare(beginning)
        watch, plan = TradeWatch(market), Plan()
        rows = tqdm(self._rows(lambda bad: None), total=beginning.row_count, unit=" rows", smoothing=0.05)
        ended = 0
        try:
            with closing(rows):
                replay.run(plan.actions(chain(seeds, rows)), speed=self._options["speed"])
        except KeyboardInterrupt:
            self.stderr.write("Interrupted: this is the summary so far")
            ended = _INTERRUPTED
        except ReplayStoppedError as error:
            self.stderr.write(f"The replay stopped: {error}")
            ended = 1
        replay.tally.skipped.update(plan.skipped)
        self.stdout.write(
            f"\nrows          {plan.rows - len(seeds):,} read, {self._bad_rows:,} bad; {len(seeds):,} seeded"
        )
        self._finish(replay, watch, ended)

    # --- before -------------------------------------------------------------------------------------

    def _rows(self, on_bad_row: Any) -> Iterator[TapeRow]:
        return islice(read_rows(self._options["file"], on_bad_row), self._options["limit"])

    def _count_bad_row(self, bad: BadRow) -> None:
        text = f"{self._options['file'].name}, line {bad.line}: {bad.reason}"
        if self._options["bad_rows"] == "fatal":
            raise CommandError(text)
        self._bad_rows += 1
        if self._bad_rows <= _NAMED_MAX:
            self.stderr.write(f"skipped: {text}")
        elif self._bad_rows == _NAMED_MAX + 1:
            self.stderr.write("skipped: more bad rows, only counted from here on")

    def _seeds(self, beginning: Beginning) -> list[TapeRow]:
        book = self._options["book"] or book_file_of(self._options["file"])
        if self._options["no_book"] or book is None:
            return []
        self.stdout.write(f"The book begins as in {book.name}")
        return seed_rows(book, beginning)

    def _prepare(self, beginning: Beginning) -> tuple[Replay, Market]:
        assert beginning.first is not None, "Invariant: an empty tape is not replayed"
        try:
            endpoint = Endpoint.parse(self._options["url"])
            reference = Decimal(max(beginning.first.price_e4, 100)).scaleb(-4)
            market = tape_market(slug=self._options["market"], reference_price=reference)
        except (ValueError, ValidationError) as error:
            raise CommandError(f"--market or --url: {error}") from error
        accounts = tape_accounts(market=market, count=self._options["accounts"])
        _wait_until_served(endpoint, market)
        sessions = [Session(account.username, account.password) for account in accounts]
        run_id = f"{wall_clock_ms():x}"
        replay = Replay(
            endpoint=endpoint,
            market=market.slug,
            sessions=sessions,
            connections=self._options["connections"],
            run_id=run_id,
        )
        if left := replay.cancel_open_orders():
            self.stdout.write(f"{left:,} orders of earlier replays cancelled")
        return replay, market

    # --- after --------------------------------------------------------------------------------------

    def _finish(self, replay: Replay, watch: TradeWatch, ended: int) -> None:
        """Print the summary; exit with 1 when money or settlement is not as it must be."""
        for line in replay.tally.lines():
            self.stdout.write(line)
        begun = time.monotonic()
        state = watch.wait_until_settled(self._options["settle_timeout"])
        waited_s = time.monotonic() - begun
        imbalances = ledger_imbalances()
        self.stdout.write(f"trades        {state.trades:,} stored, {replay.tally.trades:,} answered")
        self.stdout.write(
            f"settled       {state.settled:,}, {state.failed:,} failed, {waited_s:.1f} s after the last answer"
        )
        self.stdout.write(f"zero-sum      {'holds' if not imbalances else 'BROKEN'}")
        for problem in imbalances[:_NAMED_MAX]:
            self.stderr.write(f"{problem.rule}: {problem.subject}: {problem.found}, not {problem.expected}")
        complaint = _complaint(state, bool(imbalances))
        if complaint:
            raise CommandError(complaint)
        if ended:
            raise SystemExit(ended)


def _complaint(state: Settlement, is_unbalanced: bool) -> str:
    if is_unbalanced:
        return "The ledger does not add up"
    if state.settled < state.trades:
        return f"{state.trades - state.settled:,} trades are not settled"
    return ""


def _wait_until_served(endpoint: Endpoint, market: Market) -> None:
    """Wait until the API knows the market and an engine takes its commands: a running one finds a new market soon."""
    deadline = time.monotonic() + READY_S
    with closing(Connection(endpoint)) as connection:
        while True:
            listed = connection.send("GET", f"/api/v1/markets/{market.slug}", None, None)
            engine = bool(valkey().exists(heartbeat_key(market.slug)))
            if listed is not None and listed.status == 200 and engine:
                return
            if time.monotonic() > deadline:
                api = f"answers {listed.status} {listed.code}".strip() if listed else "does not answer"
                missing = "" if engine else f", and no engine serves {market.symbol}"
                raise ExchangeUnreachableError(f"{endpoint.host}:{endpoint.port} {api}{missing}")
            time.sleep(0.25)


def _speed(text: str) -> float | None:
    if text == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed < 1e6:
        raise ArgumentTypeError("give max, or a multiple of real time")
    return speed


def _count(least: int, most: int) -> Any:
    def count(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
            raise ArgumentTypeError(f"give a whole number from {least} to {most}")
        return int(text)

    return count
