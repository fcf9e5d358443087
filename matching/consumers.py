"""The Channels consumer on a market's command channel."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import structlog
from channels.consumer import AsyncConsumer

from matching.runner import MarketRunner

log = structlog.get_logger(__name__)


class MatchingConsumer(AsyncConsumer):
    """Hands commands to the market's runner, which batches them. One instance per market and engine process."""

    channel_layer_alias = ""  # it listens to nothing but its market's channel

    def __init__(self, runner: MarketRunner) -> None:
        self._runner = runner

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Take a message; the consumer goes on with the next, whatever is in this one."""
        handler = _HANDLERS.get(message["type"])
        try:
            if handler is None:
                raise ValueError(f"no message of type {message['type'][:40]!r} is known")
            await handler(self, message)
        except Exception as error:
            log.warning("message_failed", market=self._runner.slug, error=f"{type(error).__name__}: {error}")

    async def engine_commands(self, message: dict[str, Any]) -> None:
        """Take one gateway message: the requests that were waiting in one process."""
        reply_to, requests = message["reply_to"], message["requests"]
        if not isinstance(reply_to, str) or not isinstance(requests, list):
            raise TypeError("there is no list of requests, or nobody to answer to")
        await self._runner.receive(reply_to, requests)

    async def engine_refresh(self, message: dict[str, Any]) -> None:
        """Take a nudge: staff changed the market."""
        self._runner.refresh()


_HANDLERS: Final[dict[str, Callable[[MatchingConsumer, dict[str, Any]], Awaitable[None]]]] = {
    "engine.commands": MatchingConsumer.engine_commands,
    "engine.refresh": MatchingConsumer.engine_refresh,
}
