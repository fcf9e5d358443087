"""How many connections one address and one user may have in this process, and how fast an address may open them."""

import time
from collections import Counter, OrderedDict
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.conf import settings

from base.addresses import caller_of

OPENINGS_KEPT = 10_000  # addresses


class Connections:
    """Counts open connections. Belongs to one event loop."""

    def __init__(self) -> None:
        self._addresses: Counter[str] = Counter()
        self._users: Counter[UUID] = Counter()
        self._openings: OrderedDict[str, tuple[float, float]] = OrderedDict()  # allowance left, as of when

    def open(self, address: str) -> bool:
        """Count a new connection of an address; return False, not counted, when it has too many or opens too fast."""
        if self._addresses[address] >= settings.WS_CONNECTIONS_PER_ADDRESS or not self._may_open(address):
            if not self._addresses[address]:
                del self._addresses[address]
            return False
        self._addresses[address] += 1
        return True

    def close(self, address: str) -> None:
        _release(self._addresses, address)

    def log_in(self, user_id: UUID) -> bool:
        """Count a connection of a user; return False, not counted, when it has too many."""
        if self._users[user_id] >= settings.WS_CONNECTIONS_PER_ACCOUNT:
            return False
        self._users[user_id] += 1
        return True

    def log_out(self, user_id: UUID) -> None:
        _release(self._users, user_id)

    def _may_open(self, address: str) -> bool:
        """Take one from what the address has earned since the last time; at most a minute's worth.

        A refusal costs nothing: otherwise a client that keeps trying too soon would never get in.
        """
        per_minute, now = settings.WS_OPENINGS_PER_MINUTE, time.monotonic()
        allowance, since = self._openings.pop(address, (per_minute, now))
        allowance = min(per_minute, allowance + (now - since) * per_minute / 60)
        is_allowed = bool(allowance >= 1)
        self._openings[address] = (allowance - is_allowed, now)
        if len(self._openings) > OPENINGS_KEPT:
            self._openings.popitem(last=False)
        return is_allowed


def client_address(scope: Mapping[str, Any]) -> str:
    """Return the address of the client, as limits count it."""
    forwarded = dict(scope.get("headers", ())).get(b"x-forwarded-for", b"")
    client = scope.get("client") or ("",)
    return caller_of(str(client[0]), forwarded.decode("latin-1"))


def _release(counter: Counter[Any], key: Any) -> None:
    counter[key] -= 1
    if counter[key] <= 0:
        del counter[key]
