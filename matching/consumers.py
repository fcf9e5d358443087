"""The Channels consumer on a market's command channel."""

from typing import Any

from channels.consumer import AsyncConsumer

from matching.runner import MarketRunner


class MatchingConsumer(AsyncConsumer):
    """Hands commands to the market's runner, which batches them. One instance per market and engine process."""

    channel_layer_alias = ""  # it listens to nothing but its market's channel

    def __init__(self, runner: MarketRunner) -> None:
        self._runner = runner

    async def engine_commands(self, message: dict[str, Any]) -> None:
        """Take one gateway message: the requests that were waiting in one process."""
        await self._runner.receive(message["reply_to"], message["requests"])

    async def engine_refresh(self, message: dict[str, Any]) -> None:
        """Take a nudge: staff changed the market."""
        self._runner.refresh()
