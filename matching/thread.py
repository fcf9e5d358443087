"""The thread of one market: whatever blocks is called in it, one call after the other."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

_T = TypeVar("_T")


class MarketThread:
    """Runs blocking calls of one market for the event loop."""

    def __init__(self, slug: str) -> None:
        self._executor = ThreadPoolExecutor(1, thread_name_prefix=f"engine-{slug}")

    async def call(self, function: Callable[..., _T], *args: Any) -> _T:
        """Return what a function returns, or raise what it raises, once the calls before it are done."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, function, *args)

    def close(self) -> None:
        self._executor.shutdown(wait=False)
