from typing import Any
from urllib.parse import parse_qs

from base.errors import ApiError, ErrorCode
from marketdata import messages
from marketdata.consumers.base import CloseCode, StreamConsumer
from marketdata.consumers.subscriptions import seq_of


class TradesConsumer(StreamConsumer):
    """`/ws/trades?symbol=`: public trades, of all markets without a symbol. No login."""

    stream = "trades"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.operations |= {"subscribe": self._subscribe, "unsubscribe": self._unsubscribe, "resume": self._resume}

    async def opened(self) -> None:
        symbols = parse_qs(self.scope["query_string"].decode("latin-1")).get("symbol")
        if symbols is None:
            await self.hub.subscribe_all_trades(self.queue)
            return
        try:
            self.hub.subscribe_trades(await self.find_market(symbols[0]), self.queue)
        except ApiError as error:
            await self.end(CloseCode.MARKET_NOT_FOUND, error)

    async def _subscribe(self, message: dict[str, Any]) -> None:
        for market in await self.find_markets(message):
            self.hub.subscribe_trades(market, self.queue)

    async def _resume(self, message: dict[str, Any]) -> None:
        """Send the trades after a sequence number, as far as they are kept."""
        market = await self.find_market(message.get("symbol"))
        if (seq := seq_of(message)) is None:
            raise ApiError(ErrorCode.VALIDATION_ERROR, "Give `from_seq`, the number of the last trade you have")
        self.charges.add(await self.hub.resume_trades(market, self.queue, seq))

    async def _unsubscribe(self, message: dict[str, Any]) -> None:
        markets = await self.find_markets(message)
        for market in markets:
            self.hub.unsubscribe(market, self.queue)
        self.queue.put(messages.unsubscribed(market.symbol for market in markets))
