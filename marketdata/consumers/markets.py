from typing import Any

from base.errors import ApiError, ErrorCode
from exchange.models import Market
from marketdata import messages
from marketdata.consumers.base import CloseCode, StreamConsumer
from marketdata.consumers.subscriptions import query_fields, seq_of, subscription_of
from marketdata.view import Subscription


class MarketConsumer(StreamConsumer):
    """`/ws/markets/{symbol}`: the order book as a snapshot and its updates, ticker and candles. No login."""

    stream = "markets"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._subscriptions: dict[int, Subscription] = {}
        self.operations |= {
            "subscribe": self._subscribe,
            "unsubscribe": self._unsubscribe,
            "resume": self._resume,
        }

    async def opened(self) -> None:
        fields = query_fields(self.scope["query_string"])
        try:
            subscription, seq = subscription_of(fields), seq_of(fields)
        except ApiError as error:
            await self.end(CloseCode.BAD_MESSAGE, error)
            return
        try:
            self._add(await self.find_market(self.scope["url_route"]["kwargs"]["symbol"]), subscription, seq)
        except ApiError as error:
            await self.end(CloseCode.MARKET_NOT_FOUND, error)

    async def _subscribe(self, message: dict[str, Any]) -> None:
        """Add markets, or change what is sent of those subscribed to, which begins with a snapshot again."""
        subscription = subscription_of(message)
        for market in await self.find_markets(message):
            if self._subscriptions.get(market.id) != subscription:
                self._add(market, subscription)

    async def _unsubscribe(self, message: dict[str, Any]) -> None:
        markets = await self.find_markets(message)
        for market in markets:
            self._subscriptions.pop(market.id, None)
            self.hub.unsubscribe(market, self.queue)
        self.queue.put(messages.unsubscribed(market.symbol for market in markets))

    async def _resume(self, message: dict[str, Any]) -> None:
        """Send what was missed after a sequence number, or a fresh snapshot."""
        market = await self.find_market(message.get("symbol"))
        if (subscription := self._subscriptions.get(market.id)) is None:
            raise ApiError(ErrorCode.VALIDATION_ERROR, f"Subscribe to {market.symbol} first")
        self._add(market, subscription, seq_of(message))

    def _add(self, market: Market, subscription: Subscription, seq: int | None = None) -> None:
        self._subscriptions[market.id] = subscription
        self.charges.add(self.hub.subscribe_view(market, self.queue, subscription, seq))
