"""How much may be under way at once: of one address, and in all."""

from collections import Counter

__all__ = ["Gate"]


class Gate:
    """Counts who is inside. Belongs to one event loop."""

    def __init__(self, *, per_address: int, total: int) -> None:
        self.per_address, self.total = per_address, total
        self._inside: Counter[str] = Counter()
        self._count = 0

    @property
    def is_empty(self) -> bool:
        return self._count == 0

    def enter(self, address: str) -> bool:
        """Let one more of an address in; return False, not counted, when it has enough inside or all is full."""
        if self._count >= self.total or self._inside[address] >= self.per_address:
            return False
        self._inside[address] += 1
        self._count += 1
        return True

    def leave(self, address: str) -> None:
        self._count -= 1
        self._inside[address] -= 1
        if not self._inside[address]:
            del self._inside[address]
