"""A reconciliation from start to end."""

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Protocol
from uuid import UUID

import structlog
from django.utils import timezone
from psycopg import Connection

from base.ids import uuid7_floor
from base.times import ms_of
from exchange.models import Market
from orders.models import Mismatch, ReconcileRun
from settlement.wallet.connection import WalletUnavailableError
from verification.reconciliation import money
from verification.reconciliation.chains import ChainCheck
from verification.reconciliation.engines import check_engine
from verification.reconciliation.market import MarketCheck, MarketResult, last_seq
from verification.reconciliation.results import (
    acknowledged_forget,
    acknowledged_signatures,
    findings_store,
    runs_abandon,
)
from verification.reconciliation.snapshots import reading, rows, snapshot
from verification.replay.checkpoints import checkpoints_of
from verification.replay.findings import Findings
from verification.replay.stored_rows import MarketRows

log = structlog.get_logger(__name__)

TRADES_MARGIN: Final = timedelta(hours=1)
_Status = ReconcileRun.Status


class Progress(Protocol):
    """Shows what is done and how far it has come."""

    def begin(self, what: str, total: int) -> None: ...

    def advance(self, count: int) -> None: ...


class Silent:
    """Progress that is not shown."""

    def begin(self, what: str, total: int) -> None:
        pass

    def advance(self, count: int) -> None:
        pass


class Reconciled:
    """A finished run: its row, what it did in each market, and the mismatches that nobody has acknowledged."""

    def __init__(
        self, run: ReconcileRun, markets: list[MarketResult], findings: Findings, mismatches: list[Mismatch]
    ) -> None:
        self.run = run
        self.markets = markets
        self.findings = findings
        self.mismatches = mismatches

    @property
    def is_clean(self) -> bool:
        return self.run.status == _Status.CLEAN


def reconcile(
    *,
    markets: Sequence[Market] = (),
    full: bool = False,
    halt: bool = True,
    progress: Progress | None = None,
) -> Reconciled:
    """Run every check for some markets, or for all; store what differs, and halt the markets concerned.

    Locks nothing that the exchange needs and changes nothing that it checks. Raises AlreadyRunningError when another
    run is under way; what else goes wrong ends the run as failed and is raised.
    """
    with reading() as connection:
        runs_abandon()
        every = list(Market.objects.select_related("base", "quote").order_by("id"))
        chosen = list(markets) or every
        kind = ReconcileRun.Kind.FULL if full else ReconcileRun.Kind.INCREMENTAL
        run = ReconcileRun.objects.create(
            kind=kind, scope=", ".join(market.symbol for market in markets)[:400], started_at=timezone.now()
        )
        try:
            return _Run(connection, run, chosen, every, progress or Silent()).execute(halt=halt)
        except BaseException as error:
            run.status, run.finished_at = _Status.FAILED, timezone.now()
            run.error = f"{type(error).__name__}: {error}"[:1_000]
            run.save(update_fields=["status", "finished_at", "error"])
            log.error("reconcile_failed", run=run.pk, error=run.error)
            raise


class _Run:
    def __init__(
        self, connection: Connection, run: ReconcileRun, markets: list[Market], every: list[Market], progress: Progress
    ) -> None:
        self._connection = connection
        self._run = run
        self._markets = markets
        self._every = every
        self._progress = progress
        self._findings = Findings()
        self._is_full = run.kind == ReconcileRun.Kind.FULL
        self._acknowledged = acknowledged_signatures()
        self._counts: dict[str, Any] = {}
        self._seconds: dict[str, float] = {}

    def execute(self, *, halt: bool) -> Reconciled:
        self._timed("money", self._check_money)
        self._timed("wallet", self._check_wallet)
        results = [self._check_market(market) for market in self._markets]
        self._timed("chains", self._check_chains)
        for market, result in zip(self._markets, results, strict=True):
            engine = check_engine(self._connection, market, self._findings)
            result.note = "; ".join(filter(None, [result.note, f"engine {engine}"]))
        unsettled = findings_store(run=self._run, findings=self._findings, markets=self._every, halt=halt)
        if self._is_full and not self._run.scope:
            acknowledged_forget(findings=self._findings)
        self._finish(results, unsettled)
        return Reconciled(self._run, results, self._findings, unsettled)

    # --- money ----------------------------------------------------------------------------------------

    @property
    def _assets(self) -> list[str] | None:
        """The assets of the chosen markets; None = all."""
        scope = {asset for market in self._markets for asset in (market.base_id, market.quote_id)}
        return sorted(scope) if self._run.scope else None

    def _check_money(self) -> None:
        assets = self._assets
        with snapshot(self._connection):
            newest = rows(self._connection, "SELECT coalesce(max(id), 0) FROM settlement_ledgerentry", None)
            self._counts["entries_until"] = newest[0][0]
            self._progress.begin("entries", 0)
            self._counts["entries"] = money.check_sums(self._connection, self._findings, assets)
            self._progress.begin("holds", 0)
            money.check_held(self._connection, self._findings, assets, full=self._is_full)
            by_id = {market.pk: market for market in self._markets}
            money.check_owed(self._connection, self._findings, by_id, full=self._is_full)
            self._check_transfers(assets)

    def _check_wallet(self) -> None:
        """Compare with the remote wallet, if there is one; one that cannot be reached is not compared."""
        self._progress.begin("wallet", 0)
        try:
            self._counts["wallet"] = money.check_wallet(self._findings, self._assets)
        except WalletUnavailableError as error:
            self._counts["wallet"] = "away"
            log.warning("wallet_not_compared", run=self._run.pk, error=str(error))

    def _check_transfers(self, assets: list[str] | None) -> None:
        before = None if self._is_full else _last_clean()
        since, entries_since = self._transfers_since(before)
        self._progress.begin("transfers", 0)
        self._counts["transfers"] = money.check_transfers(
            self._connection,
            self._findings,
            assets,
            since=since,
            entries_since=entries_since,
            progress=self._progress.advance,
        )

    def _transfers_since(self, before: ReconcileRun | None) -> tuple[UUID, int | None]:
        """Return the first trade and entry to check: those after the last clean run, less a margin."""
        oldest = (
            MarketRows(self._connection, self._every[0]).beginning_of("orders_trade") if self._every else UUID(int=0)
        )
        if before is None:
            return oldest, None
        since = _floor(before.started_at - TRADES_MARGIN)
        return max(oldest, since), int(before.counts.get("entries_until", 0))

    # --- markets --------------------------------------------------------------------------------------

    def _check_market(self, market: Market) -> MarketResult:
        newest = None if self._is_full else checkpoints_of(market.pk).first()
        total = max(0, last_seq(self._connection, market) - (newest.seq if newest else 0))
        self._progress.begin(market.symbol, total)
        check = MarketCheck(self._connection, market, self._findings, self._progress.advance, self._acknowledged)
        result: MarketResult = self._timed(market.symbol, lambda: check.run(full=self._is_full))
        return result

    def _check_chains(self) -> None:
        """Walk along each journal's chain of hashes, and, unless only some markets are looked at, the audit trail's."""
        chains = ChainCheck(self._connection, self._findings, None if self._is_full else _last_clean())
        self._progress.begin("chains", 0)
        self._counts["batches"] = sum(chains.check_journal(market).count for market in self._markets)
        if not self._run.scope:
            self._counts["audit_entries"] = chains.check_audit().count
            self._counts["chains"] = chains.keep()

    # --- the end --------------------------------------------------------------------------------------

    def _finish(self, results: list[MarketResult], unsettled: list[Mismatch]) -> None:
        run, findings = self._run, self._findings
        run.status = _Status.MISMATCH if unsettled else _Status.CLEAN
        run.finished_at = timezone.now()
        run.counts = self._counts | {
            "commands": sum(result.commands for result in results),
            "trades": sum(result.trades for result in results),
            "orders": sum(result.orders for result in results),
            "open_orders": sum(result.open_orders for result in results),
            "mismatches": dict(findings.counts),
            "acknowledged": len(findings.items) - len(unsettled),
            "seconds": {name: round(seconds, 3) for name, seconds in self._seconds.items()},
            "markets": [result.as_json() for result in results],
        }
        run.save(update_fields=["status", "finished_at", "counts"])
        log.info(
            "reconciled",
            run=run.pk,
            kind=run.kind,
            status=run.status,
            mismatches=findings.total,
            seconds=round((run.finished_at - run.started_at).total_seconds(), 3),
        )

    def _timed(self, name: str, work: Callable[[], Any]) -> Any:
        started = time.perf_counter()
        result = work()
        self._seconds[name] = time.perf_counter() - started
        return result


def _last_clean() -> ReconcileRun | None:
    """Return the last run that found nothing and looked at everything."""
    clean = ReconcileRun.objects.filter(status=_Status.CLEAN, scope="")
    return clean.order_by("-id").first()


def _floor(moment: datetime) -> UUID:
    return uuid7_floor(ms_of(moment))
