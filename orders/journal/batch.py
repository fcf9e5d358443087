"""One batch: requests are admitted, executed and recorded in memory, then written and committed as one transaction."""

from collections.abc import Callable, Sequence
from typing import Any

from psycopg import Connection, Cursor

from exchange.ids import trade_uuid
from exchange.scaling import fee_units
from exchange.streams import BALANCES_GROUP, market_group
from matching.engine import (
    CancelOrder,
    CancelReason,
    CancelRejected,
    Command,
    Engine,
    Event,
    LevelChanged,
    OrderAccepted,
    OrderCancelled,
    OrderRejected,
    OrderType,
    PlaceOrder,
    SetPriceBand,
    SetTradingState,
    Side,
    TimeInForce,
    TradeExecuted,
    TradingStateChanged,
)
from matching.journal import BatchOutcome
from matching.messages import CancelRequest, PlaceRequest, Reply, ReplyStatus, Request
from orders.checksum import book_checksum
from orders.journal import store
from orders.journal.claims import ClientIdClaims
from orders.journal.live import CANCELLED, FILLED, OPEN, PARTIALLY_FILLED, REJECTED, LiveOrder
from orders.journal.recent import HORIZON_MS, RecentOrders
from orders.journal.terms import MarketTerms
from orders.rows import OrderRow, TradeRow
from settlement.holds import Holdings

_SIDES = {side.value: side for side in Side}
_TYPES = {order_type.value: order_type for order_type in OrderType}
_TIFS = {time_in_force.value: time_in_force for time_in_force in TimeInForce}


class PostgresBatch:
    """The transaction of one batch. Locks, in this order: client order ids (sorted), accounts (ascending id)."""

    def __init__(
        self,
        *,
        connection: Connection,
        batch_id: bytes,
        terms: MarketTerms,
        live: dict[int, LiveOrder],
        recent: RecentOrders,
        requests: Sequence[Request],
        engine: Engine,
        now_ms: int,
    ) -> None:
        self.batch_id = batch_id
        self._connection = connection
        self._cursor: Cursor[Any] = connection.cursor()
        self._terms = terms
        self._live = live
        self._recent = recent
        self._engine = engine
        self._now_ms = now_ms
        self._first_seq = engine.seq
        self._commands: list[Command] = []
        self._touched: dict[int, LiveOrder] = {}
        self._trades: list[TradeRow] = []
        self._levels: dict[tuple[int, int], int] = {}
        self._state_changed = False
        self.outcome = BatchOutcome()
        self._claims = ClientIdClaims.claim(self._cursor, requests)
        self._holdings = self._lock_accounts(requests)
        self._on_event: dict[type[Event], Callable[[Any], None]] = {
            OrderAccepted: self._on_accepted,
            OrderRejected: self._on_rejected,
            TradeExecuted: self._on_trade,
            OrderCancelled: self._on_cancelled,
            LevelChanged: self._on_level,
            TradingStateChanged: self._on_state,
        }

    def _lock_accounts(self, requests: Sequence[Request]) -> Holdings:
        terms, live = self._terms, self._live
        keys = set()
        for request in requests:
            if isinstance(request, PlaceRequest):
                keys.add((request.user_id, terms.quote if request.side == Side.BUY else terms.base))
            elif isinstance(request, CancelRequest):
                order = live.get(int.from_bytes(request.order_id))
                assets = (terms.base, terms.quote) if order is None else (order.hold_asset(terms),)
                keys.update((request.user_id, asset) for asset in assets)
        decimals = {terms.base: terms.base_decimals, terms.quote: terms.quote_decimals}
        return Holdings.lock(self._cursor, keys, decimals)

    # --- before the engine --------------------------------------------------------------------------

    def admit(self, request: Request) -> list[Command] | Reply:
        """Return the commands of a request, its funds held, or the reply that ends it here."""
        if isinstance(request, PlaceRequest):
            return self._admit_place(request)
        if isinstance(request, CancelRequest):
            return [CancelOrder(self._now_ms, int.from_bytes(request.order_id), int.from_bytes(request.user_id))]
        return self._admit_configuration()

    def reply(self, reply: Reply) -> None:
        self.outcome.replies.append(reply)

    def _admit_place(self, request: PlaceRequest) -> list[Command] | Reply:
        if abs(int.from_bytes(request.order_id[:6]) - self._now_ms) > HORIZON_MS:  # its id carries its time
            return Reply(request.correlation, ReplyStatus.NOT_EXECUTED, "TIMEOUT")
        if request.order_id in self._recent:  # a retried send may arrive twice
            return self._replayed(request, request.order_id, False)
        if request.client_order_id is not None:
            first = self._claims.first_order(request)
            if first is not None:
                return self._replayed(request, *first)
        order = self._new_order(request)
        order.held_units = self._required_hold(order)
        asset = order.hold_asset(self._terms)
        if order.held_units and not self._holdings.hold(order.user_id, asset, order.held_units):
            return self._denied_for_funds(request, order, asset)
        if request.client_order_id is not None:
            self._claims.use(request)
        order_id = int.from_bytes(request.order_id)
        self._touched[order_id] = order
        return [self._place_command(request, order_id)]

    def _place_command(self, request: PlaceRequest, order_id: int) -> PlaceOrder:
        return PlaceOrder(
            self._now_ms,
            order_id,
            int.from_bytes(request.user_id),
            _SIDES[request.side],
            _TYPES[request.type],
            _TIFS[request.time_in_force],
            request.post_only,
            request.price_ticks,
            request.quantity_lots,
            self._terms.budget_tick_lots(request.budget_units) if request.budget_units else 0,
        )

    def _new_order(self, request: PlaceRequest) -> LiveOrder:
        terms, now_ms = self._terms, self._now_ms
        row = OrderRow(
            request.order_id,
            terms.market_id,
            request.user_id,
            request.client_order_id,
            request.side,
            request.type,
            request.time_in_force,
            request.post_only,
            request.price_ticks,
            request.quantity_lots,
            request.budget_units,
            0,
            0,
            0,
            0,
            terms.maker_fee_ppm,
            terms.taker_fee_ppm,
            OPEN,
            "",
            0,
            now_ms,
            now_ms,
            0,
        )
        return LiveOrder(row, is_stored=False)

    def _required_hold(self, order: LiveOrder) -> int:
        terms = self._terms
        if order.side == Side.SELL:
            return order.quantity_lots * terms.lot_units
        if order.type == OrderType.LIMIT:
            return terms.limit_hold_units(order.price_ticks, order.quantity_lots)
        if order.budget_units:
            return order.budget_units
        _, tick_lots = self._engine.sweep_cost(Side.BUY, order.quantity_lots)
        cost = tick_lots * terms.tick_lot_units
        return cost + fee_units(cost, terms.taker_fee_ppm)

    def _denied_for_funds(self, request: PlaceRequest, order: LiveOrder, asset: str) -> Reply:
        decimals = self._terms.base_decimals if order.side == Side.SELL else self._terms.quote_decimals
        details = {
            "asset": asset,
            "decimals": decimals,
            "required": order.held_units,
            "available": self._holdings.available(order.user_id, asset),
        }
        return Reply(request.correlation, ReplyStatus.DENIED, "INSUFFICIENT_BALANCE", details)

    def _replayed(self, request: PlaceRequest, order_id: bytes, payload_differs: bool) -> Reply:
        details = {"order_id": order_id, "payload_differs": payload_differs}
        return Reply(request.correlation, ReplyStatus.REPLAYED, "", details)

    def _admit_configuration(self) -> list[Command]:
        terms, engine, commands = self._terms, self._engine, list[Command]()
        band = (terms.price_band_ppm, terms.reference_price_ticks)
        if band != (engine.band_ppm, engine.reference_price_ticks):
            commands.append(SetPriceBand(self._now_ms, *band))
        if terms.engine_state != engine.trading_state:
            commands.append(SetTradingState(self._now_ms, terms.engine_state))
        return commands

    # --- after the engine ---------------------------------------------------------------------------

    def record(self, request: Request, command: Command, events: Sequence[Event]) -> None:
        """Apply the events of a command to orders, holds and trades, and prepare the reply."""
        self._commands.append(command)
        first_trade = len(self._trades)
        handlers = self._on_event
        for event in events:
            handler = handlers.get(type(event))
            if handler is not None:
                handler(event)
        if isinstance(command, PlaceOrder):
            self._finish_place(request, command.order_id, events[0], first_trade)
        elif isinstance(command, CancelOrder):
            self._finish_cancel(request, command.order_id, events[0])

    def _finish_place(self, request: Request, order_id: int, first: Event, first_trade: int) -> None:
        order = self._touched[order_id]
        self._recent.add(order.id, self._now_ms)
        if not isinstance(first, OrderRejected):
            self._settle_into_book(order_id, order)
        code = order.reason if isinstance(first, OrderRejected) else ""
        self.outcome.replies.append(
            Reply(
                request.correlation,
                ReplyStatus.EXECUTED,
                code,
                order=order.row(),
                trades=self._trades[first_trade:],
            )
        )

    def _settle_into_book(self, order_id: int, order: LiveOrder) -> None:
        if order.status not in (OPEN, PARTIALLY_FILLED):
            return
        if order.type == OrderType.LIMIT:
            self._live[order_id] = order
        else:  # a budget is spent when less than one lot is left of it
            self._release(order, order.end(FILLED, ""))

    def _finish_cancel(self, request: Request, order_id: int, event: Event) -> None:
        if isinstance(event, CancelRejected):
            reply = Reply(request.correlation, ReplyStatus.DENIED, "ORDER_NOT_CANCELLABLE")
        else:
            reply = Reply(request.correlation, ReplyStatus.EXECUTED, order=self._touched[order_id].row())
        self.outcome.replies.append(reply)

    def _on_accepted(self, event: OrderAccepted) -> None:
        order = self._touched[event.order_id]
        order.priority = order.seq = event.seq

    def _on_rejected(self, event: OrderRejected) -> None:
        order = self._touched[event.order_id]
        order.priority = order.seq = event.seq
        self._release(order, order.end(REJECTED, event.reason.name))

    def _on_cancelled(self, event: OrderCancelled) -> None:
        order = self._live.pop(event.order_id, None) or self._touched[event.order_id]
        self._touch(event.order_id, order, event.seq)
        requested = event.reason is CancelReason.REQUESTED
        self._release(order, order.end(CANCELLED, "" if requested else event.reason.name))

    def _on_trade(self, event: TradeExecuted) -> None:
        taker = self._touched[event.taker_order_id]
        maker = self._live[event.maker_order_id]
        self._touch(event.maker_order_id, maker, event.seq)
        taker.seq = event.seq
        if taker.side == Side.BUY:
            buyer, seller, buyer_rate, seller_rate = taker, maker, taker.taker_fee_ppm, maker.maker_fee_ppm
        else:
            buyer, seller, buyer_rate, seller_rate = maker, taker, maker.maker_fee_ppm, taker.taker_fee_ppm
        price, lots, terms = event.price_ticks, event.quantity_lots, self._terms
        buyer_fee, buyer_hold = buyer.buy(price, lots, rate_ppm=buyer_rate, terms=terms)
        seller_fee = seller.sell(price, lots, rate_ppm=seller_rate, terms=terms)
        if maker.status == FILLED:
            del self._live[event.maker_order_id]
        self._trades.append(
            TradeRow(
                trade_uuid(self._now_ms, terms.market_id, event.seq).bytes,
                terms.market_id,
                event.seq,
                price,
                lots,
                buyer.user_id,
                seller.user_id,
                buyer.id,
                seller.id,
                int(event.taker_side),
                buyer_fee,
                seller_fee,
                buyer_hold,
                self._now_ms,
            )
        )

    def _on_level(self, event: LevelChanged) -> None:
        self._levels[(event.side, event.price_ticks)] = event.quantity_lots

    def _on_state(self, event: TradingStateChanged) -> None:
        self._state_changed = True

    def _touch(self, order_id: int, order: LiveOrder, seq: int) -> None:
        order.seq = seq
        order.updated_ms = self._now_ms
        self._touched[order_id] = order

    def _release(self, order: LiveOrder, units: int) -> None:
        if units:
            self._holdings.release(order.user_id, order.hold_asset(self._terms), units)

    # --- writing ------------------------------------------------------------------------------------

    def write(self, engine: Engine) -> None:
        """Write the batch and complete its outcome. Nothing is written when nothing happened."""
        cursor = self._cursor
        self._claims.drop_unused(cursor)
        if engine.seq != self._first_seq:
            state_hash = f"{engine.state_hash():016x}"
            new = [order for order in self._touched.values() if not order.is_stored and order.seq]
            changed = [order for order in self._touched.values() if order.is_stored]
            store.insert_orders(cursor, new, self._terms)
            store.update_orders(cursor, changed, self._terms, self._now_ms)
            store.insert_trades(cursor, self._trades, self._terms)
            self._holdings.flush(cursor)
            store.write_journal(
                cursor,
                batch_id=self.batch_id,
                terms=self._terms,
                first_seq=self._first_seq + 1,
                engine=engine,
                state_hash=state_hash,
                commands=self._commands,
                now_ms=self._now_ms,
            )
            self.outcome.publications = self._publications(engine)
            self.outcome.trades = len(self._trades)

    def commit(self) -> None:
        """Commit: the one moment from which the batch is durable."""
        self._connection.commit()
        for order in self._touched.values():
            order.is_stored = True

    def _publications(self, engine: Engine) -> list[tuple[str, dict[str, Any]]]:
        publications = [(market_group(self._terms.symbol.replace("/", "-")), self._market_message(engine))]
        balances = [
            (user_id, asset, f"{available:f}", f"{held:f}")
            for user_id, asset, available, held in self._holdings.changed()
        ]
        if balances:
            publications.append((BALANCES_GROUP, {"type": "balances.changed", "balances": balances}))
        return publications

    def _market_message(self, engine: Engine) -> dict[str, Any]:
        terms = self._terms
        levels: dict[int, list[tuple[int, int]]] = {Side.BUY: [], Side.SELL: []}
        for (side, price), lots in self._levels.items():
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
            "state": terms.trading_state if self._state_changed else None,
            "orders": [order.row() for order in self._touched.values() if order.seq],
            "trades": self._trades,
        }
