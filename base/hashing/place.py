"""The place where this process hashes: a child that does one password after the other, and a short queue before it.

A hash takes 100 MiB and both processors for a third of a second. In the child it has a lower priority than what serves
orders, and there is never more than one of it. Who waits holds no database connection.
"""

import json
import os
import select
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.db import connections

from base.errors import ApiError, ErrorCode, told_to_wait

__all__ = ["PLACE", "HashingPlace"]

WAITING_MAX: Final = 6
"""Threads that may wait for a hash, the one that has its turn among them: a quarter of the api's."""
TURN_S: Final = 8.0
HASH_S: Final = 10.0


class HashingPlace:
    """A child process, started when it is first needed, and the threads that wait for it."""

    def __init__(self) -> None:
        self._seats = threading.BoundedSemaphore(WAITING_MAX)
        self._turn = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None

    def ask(self, kind: str, effort: Mapping[str, int], method: str, arguments: Sequence[Any]) -> Any:
        """Return what a hasher's method gives. Gives this thread's database connections back first.

        Raises OVERLOADED when too many wait already, or the turn does not come in time.
        """
        if not self._seats.acquire(blocking=False):
            raise _overloaded()
        try:
            _give_connections_back()
            return self._ask_in_turn({"kind": kind, "effort": effort, "method": method, "arguments": arguments})
        finally:
            self._seats.release()

    def close(self) -> None:
        """End the child; the next question starts another."""
        with self._turn:
            self._end_child()

    def _ask_in_turn(self, question: Mapping[str, Any]) -> Any:
        if not self._turn.acquire(timeout=TURN_S):
            raise _overloaded()
        try:
            return self._answer(json.dumps(question).encode() + b"\n")
        except (OSError, ValueError):
            self._end_child()
            raise _overloaded() from None
        finally:
            self._turn.release()

    def _answer(self, line: bytes) -> Any:
        child = self._living_child()
        assert child.stdin is not None and child.stdout is not None, "Invariant: the child has pipes"
        child.stdin.write(line)
        child.stdin.flush()
        if not select.select([child.stdout], [], [], HASH_S)[0]:
            raise TimeoutError
        return json.loads(child.stdout.readline())["result"]

    def _living_child(self) -> "subprocess.Popen[bytes]":
        if self._child is None or self._child.poll() is not None:
            self._end_child()
            self._child = subprocess.Popen(
                [sys.executable, "-m", "base.hashing.child"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
        return self._child

    def _end_child(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                pipe.close()


def _give_connections_back() -> None:
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close()


def _overloaded() -> ApiError:
    return told_to_wait(ApiError(ErrorCode.OVERLOADED, "Too many log-ins at this moment: try again"), 1)


PLACE = HashingPlace()
# A process that is forked must not speak through its parent's pipes.
os.register_at_fork(after_in_child=PLACE.__init__)  # type: ignore[misc]  # begins anew, which is what is wanted
