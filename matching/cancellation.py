"""The end of background tasks."""

import asyncio
from collections.abc import Sequence

AGAIN_S = 0.5


async def cancel(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancel tasks until they have ended: a library that turns a cancellation into its own error swallows it."""
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=AGAIN_S)
