"""A run: rounds of faults under load, each followed by a pause in which everything is verified."""

import contextlib
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psycopg
from psycopg import IsolationLevel

from tests.chaos import cast
from tests.chaos.cluster import Cluster, wait_until
from tests.chaos.connections import Session
from tests.chaos.diary import Diary, Entry, Outages
from tests.chaos.faults import Faults
from tests.chaos.listeners import Listeners
from tests.chaos.traders import Trader, idle_within
from tests.chaos.verify.attempts import attempts_of
from tests.chaos.verify.books import check_books
from tests.chaos.verify.changes import check_amends, check_cancels, check_expiries, check_looks
from tests.chaos.verify.findings import Findings
from tests.chaos.verify.memory import Memory
from tests.chaos.verify.money import check_money, deposited
from tests.chaos.verify.placing import check_answers, check_placing
from tests.chaos.verify.reconcile import check_reconcile
from tests.chaos.verify.stored import Stored
from tests.chaos.verify.streams import check_guards, check_streams

QUIET_S = 60.0
ANSWERED_S = 45.0
LATE_COMMANDS_S = 4.0  # a command without an answer may be executed for so long
OUTAGE_MAX_S = 20.0
LOSSES = frozenset({"lost", "final"})  # what a control must show
WATCHED = 3  # traders whose private stream is watched, besides the guarded accounts
_UNSETTLED = "SELECT count(*) FROM orders_trade WHERE settlement_status IN ('pending', 'retrying')"
_OWED = "SELECT count(*) FROM orders_owedhold"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run is to do."""

    kills: int
    seed: int
    kills_per_round: int = 15
    pause_s: tuple[float, float] = (0.3, 2.7)
    rate: float = 9.0  # requests a second of each client
    only: list[str] | None = None
    control: str = ""


@dataclass(slots=True)
class Tally:
    """The figures of a run."""

    requests: Counter[str] = field(default_factory=Counter)
    acknowledged: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    rounds: int = 0
    verified_s: float = 0.0
    orders: int = 0
    trades: int = 0


class Run:
    """One run against one cluster."""

    def __init__(self, cluster: Cluster, plan: Plan) -> None:
        self.cluster, self.plan = cluster, plan
        self.findings, self.tally, self.outages = Findings(), Tally(), Outages()
        self._rng = random.Random(plan.seed)
        self.faults = Faults(cluster, plan.seed, plan.only)
        self.diary = Diary(cluster.folder / "diary.jsonl")
        self._running = threading.Event()
        self._memory = Memory()
        self._switches: list[Entry] = []
        self._funds: list[tuple[Any, ...]] = []
        self._traders = [
            Trader(self._session(name), plan.seed, self._running, plan.rate)
            for name in [*cast.traders(), *cast.guarded()]
        ]
        own = [self._session(name) for name in [*cast.guarded(), *cast.traders()[:WATCHED]]]
        self.listeners = Listeners(cluster.ports["web"], self.diary, own, cast.guarded())

    def go(self) -> Findings:
        """Do all rounds; stop after the first one that finds something, for a control a loss."""
        with self.cluster.database() as connection:
            self._funds = deposited(connection)
        self.listeners.start()
        for trader in self._traders:
            trader.start()
        try:
            while len(self.faults.done) < self.plan.kills and not self._has_seen_enough():
                self._round()
        finally:
            for trader in self._traders:
                trader.end()
            self.listeners.stop()
        return self.findings

    def _has_seen_enough(self) -> bool:
        found = {difference.check for difference in self.findings.differences}
        return bool(found & LOSSES if self.plan.control else found)

    def _round(self) -> None:
        began = time.time()
        self._running.set()
        self.outages.forget()
        time.sleep(1.0)  # so that there is something to lose
        for _ in range(min(self.plan.kills_per_round, self.plan.kills - len(self.faults.done))):
            if done := self.faults.strike():
                print(f"  {len(self.faults.done):4} {done.kind}: {done.what}", flush=True)
            if self._rng.random() > 0.2:  # else two at once
                time.sleep(self._rng.uniform(*self.plan.pause_s))
        self.faults.wait()
        self._wait("the exchange to come back", self._is_back)
        time.sleep(0.5)
        self._running.clear()
        idle_within(self._traders, ANSWERED_S)
        started = time.monotonic()
        self._verify(began)
        self.tally.verified_s += time.monotonic() - started
        self.tally.rounds += 1

    def _session(self, name: str) -> Session:
        return Session(name, self.cluster.logins[name], self.cluster.ports, self.diary, self.outages)

    # --- coming to rest ---------------------------------------------------------------------------

    def _is_back(self) -> bool:
        return self.cluster.is_ready()

    def _is_quiet(self) -> bool:
        with contextlib.suppress(psycopg.Error), self.cluster.database() as connection:
            counts = [connection.execute(query).fetchone() for query in (_UNSETTLED, _OWED)]
            return counts == [(0,), (0,)]
        return False

    def _come_to_rest(self, entries: list[Entry]) -> None:
        unknown = [entry.answered for entry in entries if entry.is_unknown]
        time.sleep(max(0.0, max(unknown, default=0.0) + LATE_COMMANDS_S - time.time()))
        self._wait("the exchange to be ready", self._is_back)
        self._wait("all trades to be settled", self._is_quiet)

    def _wait(self, what: str, condition: Callable[[], bool]) -> None:
        try:
            wait_until(condition, what, QUIET_S)
        except TimeoutError as error:
            self.findings.differ("rest", str(error), self.cluster.missing())

    # --- verification -----------------------------------------------------------------------------

    def _verify(self, began: float) -> None:
        entries = self.diary.take()
        self._count(entries)
        self._come_to_rest(entries)
        attempts, findings = list(attempts_of(entries)), self.findings
        check_guards(self.cluster, self.listeners, cast.guarded(), findings)
        with self.cluster.database() as connection:
            connection.isolation_level = IsolationLevel.REPEATABLE_READ
            with connection.transaction():
                now = time.time()
                named = {UUID(entry.request["order_id"]) for entry in entries if "order_id" in entry.request}
                stored = Stored(connection, began, named.union(self._memory.still_open))
                check_placing(attempts, stored, began, findings)
                check_answers(attempts, stored, findings)
                self._switches += [entry for entry in entries if entry.what in ("cancel_after", "session")]
                check_cancels(entries, self._switches, stored, findings)
                check_amends(entries, attempts, stored, findings)
                check_looks(entries, attempts, stored, findings)
                check_expiries(stored, now, findings)
                self._memory.check(stored, findings)
                check_money(connection, stored.floor, findings)
                self._check_funds(connection)
                if len(self.faults.done) >= self.plan.kills:
                    self._memory.check_all(connection, findings)
                self._count_stored(connection)
        check_streams(self.cluster, self.listeners, stored, findings)
        check_books(self.cluster, findings)
        check_reconcile(self.cluster, findings)
        self._check_answers_are_known(entries)
        self._check_outages()
        self._check_roles()

    def _check_funds(self, connection: psycopg.Connection) -> None:
        self.findings.checked["funds"] += 1
        if (now := deposited(connection)) != self._funds:
            self.findings.differ("funds", "there is more or less than was deposited", self._funds, now)

    def _check_answers_are_known(self, entries: list[Entry]) -> None:
        for entry in entries:
            if entry.status == 500:
                self.findings.differ("internal error", "a request was answered with an internal error", entry)

    def _check_outages(self) -> None:
        """Whatever was done last before an endpoint served again, it did so soon."""
        for endpoint, begin, end in self.outages.gaps:
            last = max((done.at for done in self.faults.done if begin <= done.at <= end), default=begin)
            if end - last > OUTAGE_MAX_S:
                self.findings.differ(
                    "outage", f"{endpoint} answered nobody for {end - last:.1f} s after the last fault"
                )

    def _check_roles(self) -> None:
        for role in self.cluster.roles.values():
            for surprise in role.surprises:
                self.findings.facts[surprise.partition(" at ")[0]] += 1
                print(f"       {surprise}", flush=True)
            role.surprises.clear()

    # --- figures ----------------------------------------------------------------------------------

    def _count(self, entries: list[Entry]) -> None:
        for entry in entries:
            self.tally.requests[entry.what] += 1
            if entry.is_acknowledged:
                self.tally.acknowledged[entry.what] += 1
            elif entry.is_unknown:
                self.tally.unknown[entry.code or entry.error.partition(":")[0]] += 1
            else:
                self.tally.refused[entry.code or "connection refused"] += 1

    def _count_stored(self, connection: psycopg.Connection) -> None:
        query = "SELECT (SELECT count(*) FROM orders_order), (SELECT count(*) FROM orders_trade)"
        row = connection.execute(query).fetchone()
        assert row is not None, "Invariant: a count has a row"
        self.tally.orders, self.tally.trades = row
