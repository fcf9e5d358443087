"""Trades at chosen moments and prices, made by a real engine and written by its journal, each as one batch."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from base.ids import uuid7_floor
from exchange.models import Market, User
from journal import PostgresStorage
from matching.engine import OrderType, Side, TimeInForce
from matching.messages import Correlation, MaintenanceRequest, PlaceRequest
from matching.processor import MarketProcessor
from operations.partitions import create_partitions


@dataclass(frozen=True, slots=True)
class Deal:
    """One trade to be made; `taker_buys` says who came last."""

    time_ms: int
    price: Decimal
    quantity: Decimal
    taker_buys: bool = True


class Feed:
    """One market's engine with a clock that stands at the last deal."""

    def __init__(self, market: Market, maker: User, taker: User, start_ms: int) -> None:
        self.market, self._maker, self._taker = market, maker, taker
        self.now_ms = start_ms
        self._orders = 0
        create_partitions(today=datetime.fromtimestamp(start_ms / 1000, UTC).date())
        self.start()

    def start(self) -> None:
        self.storage = PostgresStorage(self.market.symbol)
        self.processor = MarketProcessor(self.storage, self.market.symbol, lambda: self.now_ms)
        assert self.processor.try_recover() is not None
        self.processor.process([MaintenanceRequest()])

    def restart(self) -> None:
        """End the engine as a crash would, and recover."""
        self.processor.close()
        self.start()

    def deals(self, *deals: Deal) -> None:
        """Make several trades as one batch, all at the time of the last."""
        self.now_ms = deals[-1].time_ms
        requests = [request for deal in deals for request in self._both_sides(deal)]
        outcome = self.processor.process(requests)
        assert outcome.trades == len(deals), outcome.replies

    def run(self, deals: Iterable[Deal]) -> None:
        for deal in deals:
            self.deals(deal)

    def _both_sides(self, deal: Deal) -> Iterator[PlaceRequest]:
        last = Side.BUY if deal.taker_buys else Side.SELL
        yield self._order(self._maker, last.opposite, deal)
        yield self._order(self._taker, last, deal)

    def _order(self, user: User, side: Side, deal: Deal) -> PlaceRequest:
        scale = self.market.scale
        self._orders += 1
        return PlaceRequest(
            correlation=Correlation("test", self._orders),
            deadline_ms=self.now_ms + 3_000,
            order_id=self._id(),
            user_id=user.pk.bytes,
            side=side.value,
            type=OrderType.LIMIT.value,
            time_in_force=TimeInForce.GTC.value,
            post_only=False,
            price_ticks=scale.price_ticks(deal.price),
            quantity_lots=scale.quantity_lots(deal.quantity),
            budget_units=0,
            client_order_id=None,
            payload_digest=b"",
        )

    def _id(self) -> bytes:
        return (uuid7_floor(self.now_ms).int | self.market.pk << 40 | self._orders).to_bytes(16)


@contextmanager
def feeding(market: Market, maker: User, taker: User, *, start_ms: int) -> Iterator[Feed]:
    """Serve a market until the block ends, from a moment on."""
    feed = Feed(market, maker, taker, start_ms)
    try:
        yield feed
    finally:
        feed.processor.close()


def deal(time: str, price: str, quantity: str, *, taker_buys: bool = True) -> Deal:
    """Return a deal of a time such as `2026-01-31T12:00:00Z`."""
    return Deal(ms(time), Decimal(price), Decimal(quantity), taker_buys)


def ms(time: str) -> int:
    return round(datetime.fromisoformat(time).timestamp() * 1000)
