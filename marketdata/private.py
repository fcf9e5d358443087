"""What one account sees of the markets: its orders, its fills, its balances, and nobody else's."""

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from exchange.models import Market
from marketdata import messages
from marketdata.batches import Batch
from marketdata.encoded import Encoded
from marketdata.outbox import Outbox
from orders.rows import OrderRow, TradeRow


class PrivateStreams:
    """Connections by account. Messages are made only for accounts that are connected to this process."""

    def __init__(self) -> None:
        self._outboxes: dict[bytes, set[Outbox]] = {}

    def __bool__(self) -> bool:
        return bool(self._outboxes)

    def add(self, user_id: UUID, outbox: Outbox) -> None:
        self._outboxes.setdefault(user_id.bytes, set()).add(outbox)

    def remove(self, user_id: UUID, outbox: Outbox) -> None:
        outboxes = self._outboxes.get(user_id.bytes, set())
        outboxes.discard(outbox)
        if not outboxes:
            self._outboxes.pop(user_id.bytes, None)

    def market_live(self, market: Market, seq: int) -> None:
        self._send_to_all(messages.subscribed({market.symbol: seq}))

    def market_gap(self, market: Market, after_seq: int, seq: int) -> None:
        self._send_to_all(messages.resync(market.symbol, after_seq=after_seq, seq=seq))

    def market_batch(self, market: Market, batch: Batch) -> None:
        """Send each changed order to its owner, then each trade to both sides, once to who has both."""
        if not self._outboxes:
            return
        for order in map(OrderRow._make, batch.orders):
            if order.user_id in self._outboxes:
                self._send(order.user_id, messages.order(market, order))
        for trade in map(TradeRow._make, batch.trades):
            for user_id in {trade.buyer_id, trade.seller_id}:
                if user_id in self._outboxes:
                    self._send(user_id, messages.fill(market, trade, UUID(bytes=user_id)))

    def balances(self, changes: Sequence[tuple[bytes, str, str, str]]) -> None:
        """Send each changed balance to its owner; amounts are decimal strings."""
        for user_id, asset, available, held in changes:
            if user_id in self._outboxes:
                self._send(user_id, messages.balance(asset, Decimal(available), Decimal(held)))

    def interrupted(self) -> None:
        """Tell everybody that balance changes may have been lost."""
        self._send_to_all(messages.resync_balances())

    def _send_to_all(self, text: Encoded) -> None:
        for user_id in self._outboxes:
            self._send(user_id, text)

    def _send(self, user_id: bytes, text: Encoded) -> None:
        for outbox in self._outboxes[user_id]:
            outbox.put(text)
