"""A rate with a reserve: what may be used is earned with time, up to an amount."""

import time

__all__ = ["Allowance"]


class Allowance:
    """Earns `per_s` a second and keeps at most `at_most`, with which it begins. Belongs to one thread at a time."""

    __slots__ = ("_as_of", "_at_most", "_left", "_per_s")

    def __init__(self, per_s: float, at_most: float) -> None:
        self._per_s = per_s
        self._at_most = self._left = at_most
        self._as_of = time.monotonic()

    def take(self, cost: float = 1.0) -> bool:
        """Use some, if there is as much; return False, nothing used, if there is not."""
        if self._earned() < cost:
            return False
        self._left -= cost
        return True

    def spend(self, cost: float) -> None:
        """Use some although there may not be as much: the rest is a debt, which `wait_s` tells."""
        self._left = self._earned() - cost

    @property
    def wait_s(self) -> float:
        """In how many seconds there is no debt any more; 0 without one."""
        return max(0.0, -self._earned() / self._per_s)

    def _earned(self) -> float:
        now = time.monotonic()
        self._left = min(self._at_most, self._left + (now - self._as_of) * self._per_s)
        self._as_of = now
        return self._left
