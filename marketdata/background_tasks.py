"""Background work of a feed: named tasks, and attempts that are repeated until they succeed."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import structlog

log = structlog.get_logger(__name__)
_T = TypeVar("_T")

FIRST_RETRY_S = 0.1
LAST_RETRY_S = 2.0


class BackgroundTasks:
    """The tasks of one owner, at most one of each name."""

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def start(self, name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Start a task, unless it runs already."""
        task = self._tasks.get(name)
        if task is None or task.done():
            task = self._tasks[name] = asyncio.create_task(work(), name=f"{name} {self._owner}")
            task.add_done_callback(lambda done: self._forget(name, done))

    async def retry(self, work: Callable[[], Awaitable[_T]]) -> _T:
        """Repeat the work until it succeeds, with growing pauses: broker and database come back by themselves."""
        pause = FIRST_RETRY_S
        while True:
            try:
                return await work()
            except Exception as error:
                log.warning("stream_waits", owner=self._owner, error=repr(error))
                await asyncio.sleep(pause)
                pause = min(2 * pause, LAST_RETRY_S)

    def _forget(self, name: str, task: asyncio.Task[None]) -> None:
        if self._tasks.get(name) is task:
            del self._tasks[name]
        if not task.cancelled() and (error := task.exception()):
            log.error("stream_task_failed", owner=self._owner, task=name, exc_info=error)

    async def stop(self) -> None:
        """Cancel all tasks and wait for their ends."""
        tasks = [task for task in self._tasks.values() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
