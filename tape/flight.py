"""How many actions are in flight at once, and which must wait for which."""

from threading import Condition

from tape.plan import Action, commute


class ReplayStoppedError(Exception):
    """The replay cannot go on: the next action would meet a different book than on the tape."""


class Flight:
    """The actions in flight: at most `size`, and any two of them commute. Thread-safe."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._actions: dict[int, Action] = {}
        self._changed = Condition()
        self._failure: Exception | None = None
        self._entered = 0

    def enter(self, action: Action) -> int:
        """Wait until the action may start; return its number. Raises ReplayStoppedError after `fail`."""
        with self._changed:
            self._changed.wait_for(lambda: self._failure or self._has_room_for(action))
            self._raise_failure()
            self._entered += 1
            self._actions[self._entered] = action
            return self._entered

    def leave(self, number: int) -> None:
        with self._changed:
            del self._actions[number]
            self._changed.notify_all()

    def fail(self, error: Exception) -> None:
        """Let no more actions start."""
        with self._changed:
            self._failure = self._failure or error
            self._changed.notify_all()

    def land(self, timeout_s: float | None = None) -> bool:
        """Wait until nothing is in flight; raise ReplayStoppedError after `fail`."""
        with self._changed:
            landed = self._changed.wait_for(lambda: self._failure or not self._actions, timeout_s)
            self._raise_failure()
            return bool(landed)

    def _has_room_for(self, action: Action) -> bool:
        on_their_way = self._actions.values()
        return len(on_their_way) < self._size and all(commute(other, action) for other in on_their_way)

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise ReplayStoppedError(str(self._failure)) from self._failure
