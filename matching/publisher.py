"""The outcomes of batches, published: answers to the gateways, messages to the streams."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any, cast

import structlog
from channels.layers import BaseChannelLayer, get_channel_layer

from matching.messages import pack_reply
from matching.storage import BatchOutcome

log = structlog.get_logger(__name__)

QUEUED_BATCHES_MAX = 64
SEND_S = 2.0


class OutcomePublisher:
    """Publishes the outcomes of one market's batches one after the other, so that streams keep their order."""

    def __init__(self, slug: str) -> None:
        self._slug = slug
        self._queue: asyncio.Queue[BatchOutcome] = asyncio.Queue(QUEUED_BATCHES_MAX)

    async def put(self, outcome: BatchOutcome) -> None:
        """Have an outcome published after those before it; waits while too many wait already."""
        await self._queue.put(outcome)

    async def run(self) -> None:
        """Publish until cancelled."""
        while True:
            outcome = await self._queue.get()
            try:
                await self.publish(outcome)
            finally:
                self._queue.task_done()

    async def flush(self, timeout_s: float) -> None:
        """Wait until everything is published, but no longer than this."""
        try:
            await asyncio.wait_for(self._queue.join(), timeout_s)
        except TimeoutError:
            log.warning("outcomes_unpublished", market=self._slug, batches=self._queue.qsize())

    async def publish(self, outcome: BatchOutcome) -> None:
        """Send answers, then publications; what cannot be sent is logged and dropped."""
        by_gateway: dict[str, list[list[Any]]] = defaultdict(list)
        for reply in outcome.replies:
            if reply.correlation.reply_to:
                by_gateway[reply.correlation.reply_to].append(pack_reply(reply))
        for channel, replies in by_gateway.items():
            await self._send(_pubsub().send, channel, {"type": "engine.replies", "to": channel, "replies": replies})
        for group, message in outcome.publications:
            await self._send(_pubsub().group_send, group, message)

    async def _send(
        self, send: Callable[[str, dict[str, Any]], Awaitable[None]], to: str, message: dict[str, Any]
    ) -> None:
        """Send; receivers find in the database what is lost.

        Tries again once, because only a failure shows that the broker was restarted. A message that arrives twice
        is recognised by its numbers.
        """
        for is_last in (False, True):
            try:
                async with asyncio.timeout(SEND_S):
                    await send(to, message)
                return
            except Exception as error:
                if is_last:
                    log.warning("send_failed", market=self._slug, to=to, error=f"{type(error).__name__}: {error}")


def _pubsub() -> BaseChannelLayer:
    return cast(BaseChannelLayer, get_channel_layer("pubsub"))
