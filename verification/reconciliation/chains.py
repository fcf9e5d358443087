"""The chains of hashes in a reconciliation: walked on from where the last clean run ended, or from the beginning."""

from typing import Any

from psycopg import Connection

from exchange.models import Market
from orders.models import Mismatch, ReconcileRun
from verification.chains.audit import audit_walk
from verification.chains.heads import Heads, heads_file, heads_keep, heads_read
from verification.chains.journal import journal_walk
from verification.chains.links import Place, Walk
from verification.replay.findings import Finding, Findings


class ChainCheck:
    """Walks along the chains of one run. `before` is the last clean run, None for a run that believes nothing."""

    def __init__(self, connection: Connection, findings: Findings, before: ReconcileRun | None) -> None:
        self._connection = connection
        self._findings = findings
        self._before = before.counts.get("chains", {}) if before is not None else {}
        self._kept: Heads = heads_read(heads_file())
        self._audit: Place | None = None
        self._journal: dict[str, Place] = {}

    def check_journal(self, market: Market) -> Walk:
        """Walk along a market's journal; breaks halt the market, as all findings do."""
        symbol = market.symbol
        since = _place(self._before.get("journal", {}).get(symbol))
        walk = journal_walk(self._connection, market, since=since, kept=self._kept.journal.get(symbol))
        self._journal[symbol] = walk.place
        self._report(walk, Mismatch.Check.CHAIN, market)
        return walk

    def check_audit(self) -> Walk:
        """Walk along the audit trail. Breaks halt nothing: they are about people."""
        walk = audit_walk(self._connection, since=_place(self._before.get("audit")), kept=self._kept.audit)
        self._audit = walk.place
        self._report(walk, Mismatch.Check.AUDIT, None)
        return walk

    def keep(self) -> dict[str, Any]:
        """Log and keep where the chains ended; return it for the run's row."""
        assert self._audit is not None, "Invariant: heads are kept of all chains"
        return heads_keep(heads_file(), audit=self._audit, journal=self._journal)

    def _report(self, walk: Walk, check: Mismatch.Check, market: Market | None) -> None:
        for each in walk.breaks:
            self._findings.add(Finding(check, each.subject, each.expected, each.found, market=market))


def _place(values: Any) -> Place | None:
    return Place(int(values[0]), bytes.fromhex(values[1])) if values else None
