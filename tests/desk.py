"""A market served without threads and channels: requests go straight to its processor, and each batch is checked.

After every batch, what is held is explained order by order, the engine's invariants hold, and an engine recovered from
the database is the one in memory, order by order.
"""

import itertools
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
from django.conf import settings

from base.ids import uuid7_floor
from base.times import wall_clock_ms
from exchange.models import Market, User
from journal import PostgresStorage
from journal.open_orders import OpenOrders
from journal.recovery import recover
from journal.terms import MarketTerms
from matching.codec import decode_commands
from matching.engine import (
    FIRST_EDITION,
    Engine,
    GroupKind,
    Instructions,
    OrderType,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from matching.messages import (
    AmendRequest,
    CancelAfterRequest,
    CancelAllRequest,
    CancelRequest,
    Correlation,
    GroupOrder,
    GroupRequest,
    MaintenanceRequest,
    PlaceRequest,
    Reply,
    Request,
)
from matching.processor import MarketProcessor
from orders.models import JournalBatch, Order
from orders.rows import OrderRow
from settlement.models import Account
from settlement.services import settle_pending
from tests.invariants import assert_holds_are_explained

BUY, SELL = Side.BUY.value, Side.SELL.value
CORRELATION = Correlation("test", 1)


class Desk:
    """Places orders of users in one market and looks after them; prices in ticks, quantities in lots.

    Its clock stands unless it is told to go on, so that a random test can be repeated.
    """

    def __init__(self, market: Market) -> None:
        self.market = market
        self._now_ms = wall_clock_ms()
        self._salt = secrets.randbits(40)
        self._numbers = itertools.count(1)
        self._looking = psycopg.connect(settings.ENGINE_DATABASE_URL)  # for what is looked at after each batch
        self._start()

    def _start(self) -> None:
        self.storage = PostgresStorage(self.market.symbol)
        self.processor = MarketProcessor(self.storage, self.market.symbol, self.now_ms)
        assert self.processor.try_recover() is not None
        self.tend()

    def now_ms(self) -> int:
        return self._now_ms

    @property
    def engine(self) -> Engine:
        engine = self.processor._engine
        assert engine is not None, "the engine has failed"
        return engine

    @property
    def open_orders(self) -> OpenOrders:
        """The open orders as the journal keeps them."""
        return self.storage.working_set.open_orders

    # --- what users ask for ---------------------------------------------------------------------------

    def place(self, user: User, side: int, lots: int, price: int = 0, **options: Any) -> Reply:
        return self.send(self.order(user, side, lots, price, **options))[0]

    def order(
        self,
        user: User,
        side: int,
        lots: int,
        price: int = 0,
        *,
        kind: OrderType | None = None,
        time_in_force: TimeInForce | None = None,
        post_only: bool = False,
        budget_units: int = 0,
        client_order_id: str | None = None,
        **instructions: Any,
    ) -> PlaceRequest:
        """Return the request for an order: a limit order when it has a price, else a market order."""
        kind = kind or (OrderType.LIMIT if price else OrderType.MARKET)
        usual = TimeInForce.IOC if kind is OrderType.MARKET else TimeInForce.GTC
        return PlaceRequest(
            CORRELATION,
            self.now_ms() + 3_000,
            self.new_id(),
            user.pk.bytes,
            side,
            kind.value,
            (time_in_force or (TimeInForce.GTD if instructions.get("expire_ms") else usual)).value,
            post_only,
            price,
            lots,
            budget_units,
            client_order_id,
            b"",
            on_the_wire(**instructions),
        )

    def oco(
        self, user: User, side: int, lots: int, price: int, stop_price: int, stop_limit: int = 0, **options: Any
    ) -> GroupRequest:
        """Return the request for an OCO: a limit order at a price, and a stop."""
        stop_type = OrderType.STOP_LIMIT if stop_limit else OrderType.STOP
        orders = [
            self._member(side, OrderType.LIMIT, lots, price, **options),
            self._member(side, stop_type, lots, stop_limit, stop_price_ticks=stop_price, **options),
        ]
        return self._group(user, GroupKind.OCO, orders)

    def bracket(
        self,
        user: User,
        side: int,
        lots: int,
        price: int,
        *,
        take_profit: int,
        stop: int,
        stop_limit: int = 0,
        time_in_force: TimeInForce | None = None,
        **options: Any,
    ) -> GroupRequest:
        """Return the request for a bracket whose entry is a limit order if it has a price, else a market order."""
        exit_side, kind = BUY + SELL - side, OrderType.LIMIT if price else OrderType.MARKET
        time_in_force = time_in_force or (TimeInForce.GTC if price else TimeInForce.IOC)
        stop_type = OrderType.STOP_LIMIT if stop_limit else OrderType.STOP
        orders = [
            self._member(side, kind, lots, price, time_in_force, **options),
            self._member(exit_side, OrderType.LIMIT, lots, take_profit),
            self._member(exit_side, stop_type, lots, stop_limit, stop_price_ticks=stop),
        ]
        return self._group(user, GroupKind.BRACKET, orders)

    def _member(
        self,
        side: int,
        kind: OrderType,
        lots: int,
        price: int,
        time_in_force: TimeInForce = TimeInForce.GTC,
        **instructions: Any,
    ) -> GroupOrder:
        if instructions.get("expire_ms"):
            time_in_force = TimeInForce.GTD
        wire = on_the_wire(**instructions)
        return GroupOrder(self.new_id(), side, kind.value, time_in_force.value, price, lots, wire)

    def _group(self, user: User, kind: GroupKind, orders: Sequence[GroupOrder]) -> GroupRequest:
        deadline_ms = self.now_ms() + 3_000
        first_id = orders[0].order_id
        return GroupRequest(CORRELATION, deadline_ms, first_id, user.pk.bytes, kind.value, orders, None, b"")

    def amend(self, user: User, order_id: bytes, *, price: int = 0, lots: int = 0, stop_price: int = 0) -> Reply:
        deadline_ms = self.now_ms() + 3_000
        return self.send(AmendRequest(CORRELATION, deadline_ms, order_id, user.pk.bytes, price, lots, stop_price))[0]

    def cancel(self, user: User, order_id: bytes) -> Reply:
        return self.send(CancelRequest(CORRELATION, self.now_ms() + 3_000, order_id, user.pk.bytes))[0]

    def cancel_all(self, user: User) -> Reply:
        return self.send(CancelAllRequest(CORRELATION, self.now_ms() + 3_000, user.pk.bytes))[0]

    def cancel_after(self, user: User, timeout_ms: int) -> Reply:
        return self.send(CancelAfterRequest(CORRELATION, self.now_ms() + 3_000, user.pk.bytes, timeout_ms))[0]

    def new_id(self) -> bytes:
        """Return a new UUIDv7 at the desk's time."""
        return UUID(int=uuid7_floor(self._now_ms).int | next(self._numbers) << 40 | self._salt).bytes

    # --- what happens by itself -----------------------------------------------------------------------

    def send(self, *requests: Request) -> list[Reply]:
        """Have requests executed as one batch and check what it left. Nobody's order waits for settlement here."""
        outcome = self.processor.process(requests)
        self.check()
        replies = [with_rows(reply) for reply in outcome.replies]
        for awaiting in outcome.awaiting.values():
            replies.append(awaiting.denial)
            for request in awaiting.requests[1:]:
                replies += self.send(request)
        return replies

    def tend(self) -> None:
        self.send(MaintenanceRequest())

    def tend_if_needed(self) -> bool:
        """Do as the runner does when it looks after the market."""
        is_needed = self.processor.needs_maintenance()
        if is_needed:
            self.tend()
        return is_needed

    def pass_time(self, milliseconds: int) -> None:
        self._now_ms += milliseconds
        self.tend_if_needed()

    def settle(self) -> None:
        """Settle all trades, and let brackets go on."""
        while settle_pending(market_id=self.market.pk, limit=500).claimed:
            pass
        self.tend_if_needed()
        self.check()

    def restart(self) -> None:
        """End the engine as a crash would, and recover."""
        self.processor.close()
        self._start()

    def replay(self) -> Engine:
        """Return an engine that has executed the market's journal from its first command on."""
        engine = Engine(edition=FIRST_EDITION)
        for batch in JournalBatch.objects.filter(market_id=self.market.pk).order_by("first_seq"):
            for command in decode_commands(bytes(batch.commands)):
                engine.execute(command)
            assert engine.state_hash_text() == batch.state_hash, f"the replay parts at {batch.first_seq}"
        return engine

    # --- looking --------------------------------------------------------------------------------------

    def stored(self, order_id: bytes) -> Order:
        return Order.objects.get(pk=UUID(bytes=order_id))

    def close(self) -> None:
        """End the engine and give its connections back."""
        self.processor.close()
        self._looking.close()

    def check(self) -> None:
        """Check all that must hold between batches."""
        self.engine.check_invariants()
        assert_holds_are_explained(self.market)
        self._check_recovery()

    def _check_recovery(self) -> None:
        with self._looking.transaction():
            terms = MarketTerms.read(self._looking, self.market.symbol)
            engine, open_orders, _ = recover(self._looking, terms)
        engine.check_invariants()
        assert engine.state_hash() == self.engine.state_hash()
        assert engine.trailing_marks() == self.engine.trailing_marks()
        assert dict(engine.cancel_after) == dict(self.engine.cancel_after)
        assert sorted(engine.armed_brackets()) == sorted(self.engine.armed_brackets())
        stored, kept = _rows(open_orders), _rows(self.open_orders)
        differences = [(stored.get(key), kept.get(key)) for key in stored | kept if stored.get(key) != kept.get(key)]
        assert not differences, f"stored and kept: {differences}"
        assert engine.open_order_count == len(open_orders.by_id)


def with_rows(reply: Reply) -> Reply:
    """Return a reply with its orders as rows instead of as they travel."""
    order = None if reply.order is None else OrderRow.unpacked(reply.order)
    return reply._replace(order=order, others=[OrderRow.unpacked(other) for other in reply.others])


def on_the_wire(**instructions: Any) -> list[int] | None:
    """Return instructions as a gateway sends them; None for none."""
    mode = instructions.pop("stp", SelfTradePrevention.CANCEL_NEWEST)
    if not instructions and mode is SelfTradePrevention.CANCEL_NEWEST:
        return None
    return [int(value) for value in Instructions(**instructions, self_trade_prevention=mode)]


def _rows(orders: OpenOrders) -> dict[int, tuple[Any, ...]]:
    return {order_id: order.packed() for order_id, order in orders.by_id.items()}


@contextmanager
def open_desk(market: Market) -> Iterator[Desk]:
    """Serve a market until the block ends."""
    desk = Desk(market)
    try:
        yield desk
    finally:
        desk.close()


def held(user: User, asset: str) -> Decimal:
    """Return what an account holds."""
    return Account.objects.get(owner=user, asset_id=asset).held


def available(user: User, asset: str) -> Decimal:
    return Account.objects.get(owner=user, asset_id=asset).available
