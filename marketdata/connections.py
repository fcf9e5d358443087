"""What one address and one user may have in this process: connections, openings in a minute, and rows in a second."""

from collections import Counter, OrderedDict
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.conf import settings

from base.addresses import caller_of
from base.allowance import Allowance

ADDRESSES_KEPT = 10_000
# Of an address, for each connection that it may have: all of them together use less than each could by itself.
ROWS_PER_S, ROWS_AT_ONCE = 200, 2_000


class Connections:
    """Counts open connections. Belongs to one event loop."""

    def __init__(self) -> None:
        self._addresses: Counter[str] = Counter()
        self._users: Counter[UUID] = Counter()
        self._openings = _Allowances()
        self._rows = _Allowances()

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

    def rows_of(self, address: str) -> Allowance:
        """Return the rows that the connections of an address may use together (`marketdata.charges`)."""
        connections = settings.WS_CONNECTIONS_PER_ADDRESS
        return self._rows.of(address, connections * ROWS_PER_S, connections * ROWS_AT_ONCE)

    def _may_open(self, address: str) -> bool:
        """Take one from what the address has earned since the last time; at most a minute's worth.

        A refusal costs nothing: otherwise a client that keeps trying too soon would never get in.
        """
        per_minute = settings.WS_OPENINGS_PER_MINUTE
        return self._openings.of(address, per_minute / 60, per_minute).take()


class _Allowances:
    """The allowances of the addresses that were last seen."""

    def __init__(self) -> None:
        self._of: OrderedDict[str, Allowance] = OrderedDict()

    def of(self, address: str, per_s: float, at_most: float) -> Allowance:
        allowance = self._of.pop(address, None) or Allowance(per_s, at_most)
        self._of[address] = allowance
        if len(self._of) > ADDRESSES_KEPT:
            self._of.popitem(last=False)
        return allowance


def client_address(scope: Mapping[str, Any]) -> str:
    """Return the address of the client, as limits count it."""
    forwarded = dict(scope.get("headers", ())).get(b"x-forwarded-for", b"")
    client = scope.get("client") or ("",)
    return caller_of(str(client[0]), forwarded.decode("latin-1"))


def _release(counter: Counter[Any], key: Any) -> None:
    counter[key] -= 1
    if counter[key] <= 0:
        del counter[key]
