"""One batch: requests are admitted, executed and recorded in memory, then written and committed as one transaction."""

from collections.abc import Sequence
from typing import Any

from psycopg import Connection, Cursor

from base.symbols import slug_of
from exchange.streams import CandleMessage, market_group
from journal import store
from journal.admission import Admission
from journal.candles import TradeSummary
from journal.chain import batch_hash
from journal.claims import ClientIdClaims, note_rejections
from journal.locks import accounts_to_lock
from journal.order_table import insert_orders, update_orders
from journal.owed_holds import balances_message, write_owed
from journal.recorder import Recorder
from journal.unsettled import UnsettledTrades
from journal.work import BatchWork
from journal.working_set import WorkingSet
from matching.codec import encode_commands
from matching.engine import Command, Engine, Event, Side
from matching.messages import Reply, Request
from matching.storage import BatchOutcome, Unfunded
from orders.checksum import book_checksum
from settlement.holds import Holdings


class PostgresBatch:
    """The transaction of one batch. Locks, in this order: client order ids (sorted), accounts (ascending id)."""

    def __init__(
        self,
        *,
        connection: Connection,
        cursor: Cursor[Any],
        batch_id: bytes,
        working_set: WorkingSet,
        claims: ClientIdClaims,
        work: BatchWork,
        ready_brackets: Sequence[int],
    ) -> None:
        self.batch_id = batch_id
        self.outcome = BatchOutcome(work.replies)
        self._connection = connection
        self._cursor = cursor
        self._terms = work.terms
        self._working_set = working_set
        self._owed = working_set.owed
        self._board = working_set.board
        self._hash = working_set.journal_hash
        self._now_ms = work.now_ms
        self._first_seq = work.engine.seq
        self._claims = claims
        self._work = work
        unsettled = UnsettledTrades(cursor, work.trades, work.now_ms)
        self._admission = Admission(work, claims, working_set.recent, ready_brackets, unsettled)
        self._recorder = Recorder(work)

    @classmethod
    def open(
        cls,
        *,
        connection: Connection,
        batch_id: bytes,
        working_set: WorkingSet,
        requests: Sequence[Request],
        ready_brackets: Sequence[int],
        engine: Engine,
        now_ms: int,
    ) -> "PostgresBatch":
        """Claim the client order ids and lock the accounts of a batch: one query to three. Takes their locks."""
        cursor, terms, open_orders = connection.cursor(), working_set.recovered_terms, working_set.open_orders
        claims = ClientIdClaims.claim(cursor, requests)
        accounts = accounts_to_lock(requests, ready_brackets, open_orders, terms)
        decimals = {terms.base: terms.base_decimals, terms.quote: terms.quote_decimals}
        work = BatchWork(
            terms=terms,
            engine=engine,
            open_orders=open_orders,
            holdings=Holdings.lock(cursor, accounts, decimals),
            now_ms=now_ms,
        )
        return cls(
            connection=connection,
            cursor=cursor,
            batch_id=batch_id,
            working_set=working_set,
            claims=claims,
            work=work,
            ready_brackets=ready_brackets,
        )

    def admit(self, request: Request) -> list[Command] | Reply | Unfunded:
        return self._admission.admit(request)

    def record(self, request: Request, command: Command, events: Sequence[Event]) -> None:
        self._recorder.record(request, command, events)

    def reply(self, reply: Reply) -> None:
        self.outcome.replies.append(reply)

    def write(self, engine: Engine) -> None:
        """Write the batch and complete its outcome. Nothing is written when nothing happened."""
        self._claims.drop_unused(self._cursor)
        if engine.seq != self._first_seq:
            state_hash = engine.state_hash_text()
            self._write_orders()
            self._work.holdings.flush(self._cursor)
            trades, commands = self._work.trades, encode_commands(self._work.commands)
            self._hash = batch_hash(
                self._working_set.journal_hash,
                batch_id=self.batch_id,
                terms=self._terms,
                seqs=(self._first_seq + 1, engine.seq),
                state_hash=state_hash,
                now_ms=self._now_ms,
                commands=commands,
            )
            candles = store.write_journal(
                self._cursor,
                batch_id=self.batch_id,
                terms=self._terms,
                first_seq=self._first_seq + 1,
                engine=engine,
                state_hash=state_hash,
                commands=commands,
                chained=self._hash,
                traded=TradeSummary.of(trades) if trades else None,
                now_ms=self._now_ms,
            )
            group = market_group(slug_of(self._terms.symbol))
            message = self._market_message(engine, candles)
            self.outcome.publications = [(group, message), *balances_message(self._work.holdings)]
            self.outcome.trades = len(trades)

    def _write_orders(self) -> None:
        cursor, work, terms = self._cursor, self._work, self._terms
        new = [order for order in work.touched.values() if not order.is_stored and order.seq]
        changed = [order for order in work.touched.values() if order.is_stored]
        insert_orders(cursor, new, terms)
        update_orders(cursor, changed, terms)
        store.insert_trades(cursor, work.trades, terms)
        note_rejections(cursor, work.rejections)
        store.write_switches(cursor, work.switches, terms)
        write_owed(cursor, work.owed, terms)

    def commit(self) -> None:
        """Commit: the one moment from which the batch is durable."""
        self._connection.commit()
        for order in self._work.touched.values():
            order.is_stored = True
            order.is_reshaped = False
        self._working_set.journal_hash = self._hash
        self._owed.add(self._work.owed, self._terms)
        if self.outcome.publications:  # else nothing happened
            self._board.add(self._work.trades, self._terms, self._now_ms)

    def _market_message(self, engine: Engine, candles: Sequence[CandleMessage]) -> dict[str, Any]:
        terms, work = self._terms, self._work
        levels: dict[int, list[tuple[int, int]]] = {Side.BUY: [], Side.SELL: []}
        for (side, price), lots in work.levels.items():
            levels[side].append((price, lots))
        asks, bids = (
            [(level.price_ticks, level.quantity_lots) for level in engine.depth(side, 10)]
            for side in (Side.SELL, Side.BUY)
        )
        return {
            "type": "market.batch",
            "market_id": terms.market_id,
            "symbol": terms.symbol,
            "first_seq": self._first_seq + 1,
            "last_seq": engine.seq,
            "time_ms": self._now_ms,
            "bids": levels[Side.BUY],
            "asks": levels[Side.SELL],
            "checksum": book_checksum(asks, bids, terms.scale),
            "state": terms.trading_state if work.is_state_changed else None,
            "orders": [order.packed() for order in work.touched.values() if order.seq],
            "trades": work.trades,
            "candles": candles,
        }
