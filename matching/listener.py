"""A market's command channel, listened to only while the market is served: a standby takes no commands from it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import cast

import structlog
from channels.layers import BaseChannelLayer, get_channel_layer

from matching.cancellation import cancel
from matching.messages import engine_channel

log = structlog.get_logger(__name__)

RETRY_S = 0.5


class CommandListener:
    """Runs `listen`, the coroutine that feeds the market's requests from its channel, from `start` until `stop`."""

    def __init__(self, slug: str, listen: Callable[[str], Awaitable[None]]) -> None:
        self._slug = slug
        self._listen = listen
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Listen, unless that is done already."""
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Leave the market's commands to the engine that serves it."""
        if self._task is not None:
            await cancel([self._task])
            self._task = None

    async def _run(self) -> None:
        """Listen for ever. First send a message that a predecessor that hangs may swallow instead of the next one."""
        await self._send_refresh()
        while True:
            try:
                await self._listen(engine_channel(self._slug))
            except Exception as error:  # the broker is away: the book stays, commands come when it is back
                log.warning("listen_failed", market=self._slug, error=f"{type(error).__name__}: {error}")
            await asyncio.sleep(RETRY_S)

    async def _send_refresh(self) -> None:
        """The broker gives a message to the process that has waited longest, even if that one is suspended."""
        try:
            async with asyncio.timeout(RETRY_S):
                await cast(BaseChannelLayer, get_channel_layer("default")).send(
                    engine_channel(self._slug), {"type": "engine.refresh"}
                )
        except Exception as error:
            log.warning("refresh_not_sent", market=self._slug, error=f"{type(error).__name__}: {error}")
