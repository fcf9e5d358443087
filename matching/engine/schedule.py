"""What is due when: orders that expire, and accounts whose orders are cancelled unless they renew their switch."""

from collections.abc import Iterator, Mapping
from itertools import islice

from sortedcontainers import SortedSet

from matching.engine.digests import MASK_64, digest_of


class Schedule:
    """Expiries by (time, order id) and dead man's switches by (time, account id)."""

    __slots__ = ("_digest_sum", "_due_switches", "_expiries", "switches")

    def __init__(self) -> None:
        self.switches: dict[int, int] = {}
        self._expiries: SortedSet[tuple[int, int]] = SortedSet()
        self._due_switches: SortedSet[tuple[int, int]] = SortedSet()
        self._digest_sum = 0

    @property
    def next_due_ms(self) -> int | None:
        """Return when the next thing is due, in O(1)."""
        firsts = [entries[0][0] for entries in (self._expiries, self._due_switches) if entries]
        return min(firsts, default=None)

    def add(self, order_id: int, expire_ms: int) -> None:
        """Schedule an order's expiry, unless it has none (0). O(log orders)."""
        if expire_ms:
            self._expiries.add((expire_ms, order_id))

    def discard(self, order_id: int, expire_ms: int) -> None:
        if expire_ms:
            self._expiries.discard((expire_ms, order_id))

    def set_switch(self, account_id: int, due_ms: int) -> None:
        """Set an account's switch, or remove it with 0. O(log switches)."""
        before = self.switches.pop(account_id, None)
        if before is not None:
            self._due_switches.discard((before, account_id))
            self._digest_sum -= digest_of((before, account_id))
        if due_ms:
            self.switches[account_id] = due_ms
            self._due_switches.add((due_ms, account_id))
            self._digest_sum += digest_of((due_ms, account_id))

    def restore_switches(self, switches: Mapping[int, int]) -> None:
        for account_id, due_ms in switches.items():
            self.set_switch(account_id, due_ms)

    def due_orders(self, time_ms: int, most: int) -> list[int]:
        """Return the orders that expire by a time, earliest first; they stay scheduled until they end."""
        return [order_id for _, order_id in islice(_until(self._expiries, time_ms), most)]

    def due_accounts(self, time_ms: int, most: int) -> list[int]:
        return [account_id for _, account_id in islice(_until(self._due_switches, time_ms), most)]

    def digest(self) -> int:
        """Return 64 bits that stand for the switches; expiries are part of their orders."""
        return self._digest_sum & MASK_64

    def check_invariants(self, expiries: set[tuple[int, int]]) -> None:
        assert set(self._expiries) == expiries, "Invariant: what can expire is scheduled, and nothing else"
        switches = {(due_ms, account_id) for account_id, due_ms in self.switches.items()}
        assert set(self._due_switches) == switches, "Invariant: every switch is scheduled"


def _until(entries: "SortedSet[tuple[int, int]]", time_ms: int) -> Iterator[tuple[int, int]]:
    for entry in entries:
        if entry[0] > time_ms:
            return
        yield entry
