"""Settlement brought forward: what a user has traded is settled at once, because an order of theirs waits for it."""

import time
from concurrent.futures import Future, ThreadPoolExecutor
from uuid import UUID

from django.db import close_old_connections

from settlement.tasks import settle_user_now

# For all markets of a process. Each thread has a connection of its own.
_executor = ThreadPoolExecutor(2, thread_name_prefix="proceeds")


class PostgresProceeds:
    """Implements `matching.storage.ProceedsSettlement`."""

    def settle_soon(self, user_id: bytes, patience_s: float) -> Future[None]:
        return _executor.submit(_settle, UUID(bytes=user_id), time.monotonic() + patience_s)


def _settle(user_id: UUID, until: float) -> None:
    close_old_connections()
    settle_user_now(user_id=user_id, until=until)
