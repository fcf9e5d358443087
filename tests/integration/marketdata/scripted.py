"""A market whose batches are written to the real tables and published as the engine publishes them, step by step."""

import random
import time
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
from django.conf import settings
from django.db import connection, transaction

from base.ids import trade_uuid, uuid7
from exchange.models import Asset, Market, User
from exchange.streams import BALANCES_GROUP, market_group, pubsub_layer
from journal.candles import UPSERT, TradeSummary, upsert_parameters
from journal.terms import MarketTerms
from marketdata.database import in_database
from matching.engine import OrderType, Side, TimeInForce
from orders.checksum import book_checksum
from orders.models import MarketSequence, Order
from orders.rows import OrderRow, TradeRow, order_from_row, trade_from_row
from settlement.models import Account

Message = dict[str, Any]


def make_market() -> Market:
    """Return a new market of two new assets, tick 0.01 and lot 0.001."""
    name = uuid7().hex[-7:].upper()
    base, quote = (Asset.objects.create(code=f"{letter}{name}", name=name, decimals=8) for letter in "BQ")
    market = Market.objects.create(
        symbol=f"{base.code}/{quote.code}",
        base=base,
        quote=quote,
        tick_size=Decimal("0.01"),
        lot_size=Decimal("0.001"),
        max_quantity=Decimal(1_000_000),
        reference_price=Decimal(10),
    )
    assert market.scale.tick_lot_units
    return market


def make_user(name: str) -> User:
    return User.objects.create(username=f"{name}-{uuid7().hex[-12:]}")


class ScriptedMarket:
    """Collects what happens into a batch; `commit` writes it, `publish` sends it."""

    def __init__(self, market: Market, maker: User, taker: User, *, now_ms: int | None = None) -> None:
        self.market = market
        self.maker, self.taker = maker.pk.bytes, taker.pk.bytes
        self.seq = 0
        self.open: dict[bytes, OrderRow] = {}
        self.trading_state = "continuous"
        self.now_ms = now_ms or int(time.time() * 1000)
        self._begin()

    def _begin(self) -> None:
        self._first_seq = self.seq + 1
        self._touched: dict[bytes, OrderRow] = {}
        self._trades: list[TradeRow] = []
        self._levels: set[tuple[int, int]] = set()
        self._new_state: str | None = None

    # --- What happens -----------------------------------------------------------------------------

    def place(self, side: Side, price_ticks: int, lots: int, *, user_id: bytes | None = None) -> OrderRow:
        self.seq += 1
        row = OrderRow(
            id=uuid7().bytes,
            market_id=self.market.pk,
            user_id=user_id or self.maker,
            client_order_id=None,
            side=side,
            type=OrderType.LIMIT,
            time_in_force=TimeInForce.GTC,
            post_only=False,
            price_ticks=price_ticks,
            quantity_lots=lots,
            budget_units=0,
            maker_fee_ppm=800,
            taker_fee_ppm=1_000,
            created_ms=self.now_ms,
            updated_ms=self.now_ms,
            status="open",
            priority=self.seq,
            seq=self.seq,
        )
        self.open[row.id] = row
        self._touch(row)
        return row

    def cancel(self, row: OrderRow) -> None:
        self.seq += 1
        del self.open[row.id]
        self._touch(replace(row, status="cancelled", seq=self.seq))

    def trade(self, maker: OrderRow, lots: int) -> TradeRow:
        """Let the taker trade with a resting order."""
        taker = self.place(Side(maker.side).opposite, maker.price_ticks, lots, user_id=self.taker)
        self.seq += 1
        cost = maker.price_ticks * lots * self.market.scale.tick_lot_units
        filled = maker.filled_lots + lots
        is_done = filled == maker.quantity_lots
        maker = replace(
            maker,
            filled_lots=filled,
            filled_units=maker.filled_units + cost,
            status="filled" if is_done else "partially_filled",
            seq=self.seq,
        )
        self.open.pop(taker.id)
        self.open[maker.id] = maker
        if is_done:
            del self.open[maker.id]
        self._touch(maker)
        self._touch(replace(taker, filled_lots=lots, filled_units=cost, status="filled", seq=self.seq))
        buyer, seller = (maker, taker) if maker.side == Side.BUY else (taker, maker)
        trade = TradeRow(
            trade_uuid(self.now_ms, self.market.pk, self.seq).bytes, self.market.pk, self.seq,
            maker.price_ticks, lots, buyer.user_id, seller.user_id, buyer.id, seller.id,
            taker.side, 7, 3, cost + 7, self.now_ms,
        )  # fmt: skip
        self._trades.append(trade)
        return trade

    def enter_state(self, state: str) -> None:
        """Let staff change the trading state."""
        self.seq += 1
        self.trading_state = self._new_state = state

    def anything(self, rng: random.Random) -> None:
        """Do one random thing. Bids stay below 1,000 ticks, asks above."""
        resting = list(self.open.values())
        choice = rng.random()
        if resting and choice < 0.3:
            self.cancel(rng.choice(resting))
        elif resting and choice < 0.5:
            maker = rng.choice(resting)
            self.trade(maker, rng.randint(1, maker.quantity_lots - maker.filled_lots))
        elif rng.random() < 0.5:
            self.place(Side.BUY, 1_000 - rng.randint(1, 30), rng.randint(1, 50))
        else:
            self.place(Side.SELL, 1_000 + rng.randint(1, 30), rng.randint(1, 50))

    def _touch(self, row: OrderRow) -> None:
        self._touched[row.id] = row
        self._levels.add((row.side, row.price_ticks))

    # --- What becomes of it -----------------------------------------------------------------------

    def levels(self, side: Side) -> list[tuple[int, int]]:
        """Return the book's levels, best first."""
        lots: dict[int, int] = defaultdict(int)
        for row in self.open.values():
            if row.side == side:
                lots[row.price_ticks] += row.quantity_lots - row.filled_lots
        return sorted(lots.items(), reverse=side is Side.BUY)

    async def commit(self) -> Message:
        """Write the batch and return its message, not published."""
        bids, asks = dict(self.levels(Side.BUY)), dict(self.levels(Side.SELL))
        message = {
            "type": "market.batch",
            "market_id": self.market.pk,
            "symbol": self.market.symbol,
            "first_seq": self._first_seq,
            "last_seq": self.seq,
            "time_ms": self.now_ms,
            "bids": [(price, bids.get(price, 0)) for side, price in self._levels if side == Side.BUY],
            "asks": [(price, asks.get(price, 0)) for side, price in self._levels if side == Side.SELL],
            "checksum": book_checksum(asks.items(), bids.items(), self.market.scale),
            "state": self._new_state,
            "orders": [row.packed() for row in self._touched.values()],
            "trades": list(self._trades),
        }
        await in_database(self._write)
        self._begin()
        return message

    async def publish(self, message: Message | None = None) -> Message:
        """Publish a message; without one, commit first."""
        message = message or await self.commit()
        await pubsub_layer().group_send(market_group(self.market.slug), message)
        return message

    async def change_balance(self, user_id: UUID, available: str, held: str, *, is_published: bool = True) -> str:
        """Set a user's balance of the base asset, and publish that it has changed; return the asset."""
        asset = self.market.base_id
        amounts = {"available": Decimal(available), "held": Decimal(held)}
        await in_database(Account.objects.update_or_create, owner_id=user_id, asset_id=asset, defaults=amounts)
        if is_published:
            balances = [(user_id.bytes, asset, "what it says", "does not matter")]
            await pubsub_layer().group_send(BALANCES_GROUP, {"type": "balances.changed", "balances": balances})
        return asset

    def forget_balances(self) -> None:
        """Remove what `change_balance` made: no ledger entry stands behind it."""
        connection.close()  # the test may have broken it
        Account.objects.filter(asset_id=self.market.base_id).delete()

    @transaction.atomic
    def _write(self) -> None:
        for row in self._touched.values():
            Order.objects.filter(pk=UUID(bytes=row.id)).delete()
            order_from_row(row, self.market).save(force_insert=True)
        for trade in self._trades:
            trade_from_row(trade, self.market).save(force_insert=True)
        if self._trades:
            self._write_candles()
        MarketSequence.objects.update_or_create(
            market=self.market,
            defaults={
                "last_seq": self.seq,
                "trading_state": self.trading_state,
                "updated_at": datetime.fromtimestamp(self.now_ms / 1000, UTC),
            },
        )

    def _write_candles(self) -> None:
        with psycopg.connect(settings.ENGINE_DATABASE_URL) as engine_connection:
            terms = MarketTerms.read(engine_connection, self.market.symbol)
        with connection.cursor() as cursor:
            parameters = upsert_parameters(TradeSummary.of(self._trades), terms, self.now_ms)
            moved = "WITH moved AS (SELECT %(market_id)s::smallint AS market_id)"
            cursor.execute(f"{moved} {UPSERT}", parameters | {"market_id": self.market.pk})
