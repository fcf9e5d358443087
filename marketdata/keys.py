"""Streams that were opened with an API key end soon after the key does: one query now and then for all of them."""

import asyncio
from collections.abc import Callable
from uuid import UUID

import structlog
from django.utils import timezone

from base.errors import ApiError
from exchange.api_keys import api_key_refusals
from marketdata.database import in_database

log = structlog.get_logger(__name__)

OnRefused = Callable[[ApiError], None]


class KeyWatch:
    """Tells connections that their key was revoked, has expired, or is a frozen user's. Belongs to one event loop."""

    interval_s = 2.0

    def __init__(self) -> None:
        self._sessions: dict[UUID, dict[object, OnRefused]] = {}
        self._task: asyncio.Task[None] | None = None

    def __bool__(self) -> bool:
        return bool(self._sessions)

    def add(self, key_id: UUID, owner: object, on_refused: OnRefused) -> None:
        """Call `on_refused` once the key is no longer valid, until the owner is removed."""
        self._sessions.setdefault(key_id, {})[owner] = on_refused
        if self._task is None:
            self._task = asyncio.create_task(self._watch(), name="api-key-watch")

    def remove(self, key_id: UUID, owner: object) -> None:
        owners = self._sessions.get(key_id, {})
        owners.pop(owner, None)
        if not owners:
            self._sessions.pop(key_id, None)

    async def close(self) -> None:
        """Stop watching."""
        self._sessions.clear()
        task, self._task = self._task, None
        if task:
            task.cancel()
            await asyncio.wait([task])

    async def _watch(self) -> None:
        while self._sessions:
            await asyncio.sleep(self.interval_s)
            try:
                await self._look()
            except Exception as error:  # the database is away: next time, then
                log.warning("api_keys_not_checked", error=repr(error))
        self._task = None

    async def _look(self) -> None:
        refusals = await in_database(api_key_refusals, list(self._sessions), timezone.now())
        for key_id, error in refusals.items():
            for on_refused in list(self._sessions.get(key_id, {}).values()):
                on_refused(error)
