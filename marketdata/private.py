"""What users see of the markets: their own orders, fills and balances.

Orders and fills come with the batches. Messages about balances only say whose have changed; the amounts are read
from the database, one read after the other. So a balance never goes back in time, though engines and settlement
publish independently of each other; and as all balances are read again now and then, a lost message costs half a minute
at most.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from itertools import zip_longest
from operator import attrgetter
from typing import Any
from uuid import UUID

import structlog

from exchange.models import Market
from marketdata import selectors
from marketdata.background_tasks import BackgroundTasks
from marketdata.batches import Batch
from marketdata.database import in_database
from marketdata.send_queue import SendQueue
from marketdata.session import PrivateSession
from marketdata.trailing import TrailingWatch
from orders.rows import OrderRow, TradeRow

log = structlog.get_logger(__name__)

KEPT_S = 60.0  # how long a session waits for its client to come back
RECHECK_S = 30.0
AWAY_MAX = 20  # sessions of one user whose clients are away
READS_AT_ONCE = 4
_seq_of = attrgetter("seq")


class PrivateStreams:
    """Sessions by user. Messages are made only for users who have one in this process."""

    kept_s = KEPT_S
    recheck_s = RECHECK_S

    def __init__(self, until_live: Callable[[], Awaitable[None]]) -> None:
        """`until_live` returns once everything that happens from now on arrives here."""
        self._until_live = until_live
        self._sessions: dict[bytes, dict[str, PrivateSession]] = {}
        self._tasks = BackgroundTasks("private streams")
        self._reads = asyncio.Semaphore(READS_AT_ONCE)
        self._trailing = TrailingWatch(self._all_sessions)
        self._changed: set[bytes] = set()
        self._rechecked_at = time.monotonic()

    def __bool__(self) -> bool:
        return bool(self._sessions)

    def attach(self, user_id: UUID, queue: SendQueue, on_taken: Callable[[], None], session: str, seq: int) -> None:
        """Give a connection the session it names and what it missed of it, or else a new one with a snapshot."""
        sessions = self._sessions.setdefault(user_id.bytes, {})
        found = sessions.get(session)
        if found and found.keeps(seq):
            found.attach(queue, on_taken)
            found.resume(seq)
            self._trailing.look(found)
            return
        if found:
            del sessions[session]
            found.end()
        fresh = PrivateSession(user_id)
        sessions[fresh.id] = fresh
        fresh.attach(queue, on_taken)
        self._refresh(fresh)

    def detach(self, user_id: UUID, queue: SendQueue) -> None:
        """Keep the session of a connection that ends, for a while."""
        sessions = self._sessions.get(user_id.bytes, {})
        for session in sessions.values():
            session.detach(queue)
        away = sorted((each.detached_at, each.id) for each in sessions.values() if each.detached_at is not None)
        for _, session_id in away[:-AWAY_MAX]:
            del sessions[session_id]

    def market_live(self, market: Market, seq: int) -> None:
        """Read everything again if the market had events before its batches arrived here."""
        self._refresh_all(lambda session: session.needs(market.id, seq))

    def market_gap(self, market: Market, after_seq: int, seq: int) -> None:
        """Read everything again: a batch was lost."""
        self._refresh_all(lambda session: session.needs(market.id, seq))

    def interrupted(self) -> None:
        """Read everything again: messages may have been lost."""
        self._refresh_all(lambda session: True)

    def market_batch(self, market: Market, batch: Batch) -> None:
        """Send each changed order to its owner, then each trade to both sides, once if both are the same user.

        Both in the order of their numbers, so that each message is a place from which REST can go on.
        """
        if not self._sessions:
            return
        orders = sorted(map(OrderRow.unpacked, batch.orders), key=_seq_of)
        for order, after in zip_longest(orders, orders[1:]):
            read_to = order.seq - 1 if after and after.seq == order.seq else order.seq
            for session in self._sessions_of(order.user_id):
                session.order(market, order, read_to)
        for trade in sorted(map(TradeRow._make, batch.trades), key=_seq_of):
            for user_id in {trade.buyer_id, trade.seller_id}:
                for session in self._sessions_of(user_id):
                    session.fill(market, trade)
        self._trailing.seen(market, batch.last_seq, has_traded=bool(batch.trades))

    def balances(self, changes: Sequence[Sequence[Any]]) -> None:
        """Have the balances of the named users read, if they have a session."""
        self._read_balances_of({change[0] for change in changes} & self._sessions.keys())

    def check(self) -> None:
        """Forget sessions whose clients did not come back, and now and then read all balances."""
        now = time.monotonic()
        for user_id, sessions in list(self._sessions.items()):
            for session in list(sessions.values()):
                is_over = session.detached_at is not None and now - session.detached_at > self.kept_s
                if is_over or session.is_lost:
                    del sessions[session.id]
            if not sessions:
                del self._sessions[user_id]
        if now - self._rechecked_at > self.recheck_s:
            self._rechecked_at = now
            self._read_balances_of(self._sessions)

    async def close(self) -> None:
        """End all reading and every session."""
        self._sessions.clear()
        await self._trailing.close()
        await self._tasks.stop()

    def _sessions_of(self, user_id: bytes) -> Iterable[PrivateSession]:
        sessions = self._sessions.get(user_id)
        return list(sessions.values()) if sessions else ()

    def _all_sessions(self) -> Iterable[PrivateSession]:
        return [session for sessions in self._sessions.values() for session in sessions.values()]

    def _has(self, session: PrivateSession) -> bool:
        return session.id in self._sessions.get(session.user_id.bytes, {})

    # --- Reading ----------------------------------------------------------------------------------

    def _refresh_all(self, needs: Callable[[PrivateSession], bool]) -> None:
        for session in self._all_sessions():
            if needs(session) and not session.is_waiting:
                self._refresh(session)

    def _refresh(self, session: PrivateSession) -> None:
        session.expect_snapshot()
        self._tasks.start(session.id, lambda: self._read_state(session))

    async def _read_state(self, session: PrivateSession) -> None:
        async with self._reads:
            await self._tasks.retry(self._until_live)
            state = await self._tasks.retry(partial(_state_for, session))
            if self._has(session):
                session.snapshot(state)
                self._trailing.look(session)
        self._read_balances_of([session.user_id.bytes])  # what a message named while this was read

    def _read_balances_of(self, users: Iterable[bytes]) -> None:
        self._changed.update(users)
        if self._changed:
            self._tasks.start("balances", self._read_balances)

    async def _read_balances(self) -> None:
        while self._changed:
            users, self._changed = self._changed, set()
            epochs = {session: session.epoch for user in users for session in self._sessions_of(user)}
            for user_id, asset, balance in await self._tasks.retry(partial(_balances_of, users)):
                for session in self._sessions_of(user_id.bytes):
                    if epochs.get(session) == session.epoch and not session.is_waiting:
                        session.balance(asset, balance)


async def _state_for(session: PrivateSession) -> selectors.PrivateState:
    """Read a user's state. Raises LookupError when it is older than something the session knows of."""
    state = await in_database(selectors.private_state, session.user_id)
    if not session.fits(state):
        raise LookupError("the snapshot is older than a batch that is known")
    return state


async def _balances_of(users: set[bytes]) -> list[tuple[UUID, str, selectors.Balance]]:
    return await in_database(selectors.balances_of, users)
