from typing import Any

from exchange.errors import ApiError, ErrorCode
from exchange.models import Market
from marketdata import messages
from marketdata.consumers.base import CloseCode, StreamConsumer


class MarketConsumer(StreamConsumer):
    """`/ws/markets/{symbol}`: the order book as a snapshot and its updates, and the ticker. No login."""

    stream = "markets"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._markets: dict[int, Market] = {}
        self.operations |= {
            "subscribe": self._subscribe,
            "unsubscribe": self._unsubscribe,
            "resume": self._resume,
        }

    async def opened(self) -> None:
        try:
            self._add(await self.find_market(self.scope["url_route"]["kwargs"]["symbol"]))
        except ApiError as error:
            await self.end(CloseCode.MARKET_NOT_FOUND, error)

    async def _subscribe(self, message: dict[str, Any]) -> None:
        for market in await self.find_markets(message):
            if market.id not in self._markets:
                self._add(market)

    async def _unsubscribe(self, message: dict[str, Any]) -> None:
        markets = await self.find_markets(message)
        for market in markets:
            self._markets.pop(market.id, None)
            self.hub.unsubscribe(market, self.outbox)
        self.outbox.put(messages.unsubscribed(market.symbol for market in markets))

    async def _resume(self, message: dict[str, Any]) -> None:
        """Missed updates are not kept, so the answer is always a fresh snapshot."""
        market = await self.find_market(message.get("symbol"))
        if market.id not in self._markets:
            raise ApiError(ErrorCode.VALIDATION_ERROR, f"Subscribe to {market.symbol} first")
        self._add(market)

    def _add(self, market: Market) -> None:
        self._markets[market.id] = market
        self.hub.subscribe_book(market, self.outbox)
