"""`manage.py reconcile`: does everything that is stored agree? Exit status 0 clean, 1 mismatches, 2 could not run."""

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from tqdm import tqdm

from base.errors import ApiError
from exchange.models import Market
from exchange.selectors import market_by_symbol
from orders.models import Mismatch
from verification.reconciliation.report import as_json, lines
from verification.reconciliation.run import reconcile
from verification.reconciliation.snapshots import AlreadyRunningError
from verification.services import market_rebase

CLEAN, MISMATCHES, COULD_NOT_RUN = 0, 1, 2


class Command(BaseCommand):
    help = "Compare ledger, balances, holds, orders, books and the replayed journal with each other. Repairs nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--market", action="append", default=[], metavar="BTC-USDT", help="only this market (may be repeated)"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON document")
        parser.add_argument("--full", action="store_true", help="replay from the journal's beginning")
        parser.add_argument("--no-halt", action="store_true", help="do not halt markets with mismatches")
        parser.add_argument(
            "--rebase",
            action="store_true",
            help="begin later replays from the open orders as they are stored; needs --market",
        )
        parser.add_argument("--note", default="", help="why --rebase is right; kept in the audit trail")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            markets = [market_by_symbol(text) for text in options["market"]]
            status = self._rebase(markets, options) if options["rebase"] else self._reconcile(markets, options)
        except (AlreadyRunningError, ApiError) as error:
            self._fail(str(error), options)
        except Exception as error:  # the database may be away, and the exit status must say that the run failed
            self._fail(f"{type(error).__name__}: {error}", options)
        if status != CLEAN:
            sys.exit(status)

    def _reconcile(self, markets: list[Market], options: dict[str, Any]) -> int:
        with Bars(enabled=not options["json"]) as bars:
            done = reconcile(markets=markets, full=options["full"], halt=not options["no_halt"], progress=bars)
        self.stdout.write(json.dumps(as_json(done), indent=2) if options["json"] else "\n".join(lines(done)))
        return CLEAN if done.is_clean else MISMATCHES

    def _rebase(self, markets: list[Market], options: dict[str, Any]) -> int:
        if not markets or not options["note"].strip():
            self._fail("--rebase needs --market and a --note that says why", options)
        for market in markets:
            checkpoint = market_rebase(actor=None, market=market, note=options["note"])
            self.stdout.write(
                f"{market.symbol}: REBASED at sequence number {checkpoint.seq:,}: its {checkpoint.open_orders:,} open "
                f"orders were taken as they are stored. Nothing before this point was verified by a replay."
            )
        return CLEAN

    def _fail(self, message: str, options: dict[str, Any]) -> None:
        if options["json"]:
            self.stdout.write(json.dumps({"status": "failed", "error": message, "open_mismatches": _open()}))
        else:
            self.stderr.write(f"Reconciliation could not run: {message}")
        sys.exit(COULD_NOT_RUN)


def _open() -> int | None:
    try:
        return Mismatch.objects.filter(state=Mismatch.State.OPEN).count()
    except Exception:  # the database is what is away
        return None


class Bars:
    """Shows progress as a bar on a terminal, and nothing elsewhere."""

    def __init__(self, *, enabled: bool) -> None:
        self._is_off = not (enabled and sys.stderr.isatty())
        self._bar: tqdm[Any] | None = None

    def begin(self, what: str, total: int) -> None:
        self._close()
        self._bar = tqdm(desc=what, total=total or None, unit=" events", disable=self._is_off, leave=False)

    def advance(self, count: int) -> None:
        if self._bar is not None:
            self._bar.update(count)

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()

    def __enter__(self) -> "Bars":
        return self

    def __exit__(self, *_: object) -> None:
        self._close()
