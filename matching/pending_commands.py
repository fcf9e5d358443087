"""The commands of one process that wait for an answer, and what an answer to them means.

A command whose engine died or hangs is sent again to the engine that took over, under another number: the market
executes it once, whichever of both it saw. Then more than one answer may come, and none may claim what it cannot know:

- the first engine's "not executed" counts for nothing once the command was sent again;
- the second's "not executed" says nothing about the first, so the caller is told that it is not known;
- so does its "no such open order" to a cancellation, which may have been done by the first.

Only what is executed once is sent again: new orders, which the engine knows by their ids, and cancellations.
"""

import itertools
from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Final

from matching.errors import CommandTimeoutError
from matching.messages import Reply, ReplyStatus, RequestKind

UNSENT: Final = -1
REPEATABLE: Final = (RequestKind.PLACE.value, RequestKind.GROUP.value, RequestKind.CANCEL.value)
_KIND, _NUMBER, _REQUEST_ID, _DEADLINE = range(4)  # of a packed request

_UNSURE: Final = CommandTimeoutError("it was sent to two engines, and the first may have executed it")

Packed = list[Any]


@dataclass(slots=True)
class _Command:
    """A command under all the numbers it was sent with; `owner` is the engine it was sent to last."""

    slug: str
    fields: Packed
    future: "Future[Reply]"
    numbers: list[int]
    owner: int = UNSENT


class PendingCommands:
    """Belongs to one event loop. Numbers are given out once per process."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._commands: dict[int, _Command] = {}

    def __bool__(self) -> bool:
        return bool(self._commands)

    def add(self, slug: str, fields: Packed, future: "Future[Reply]") -> int:
        """Take a command in; its number is written into its fields and returned."""
        number = fields[_NUMBER] = next(self._numbers)
        self._commands[number] = _Command(slug, fields, future, [number])
        return number

    def sent(self, numbers: Iterable[int], owner: int) -> None:
        """Note to which engine commands are sent."""
        for number in numbers:
            command = self._commands.get(number)
            if command is not None:
                command.owner = owner

    def repeat(self, slug: str, owner: int, now_ms: int) -> list[tuple[int, Packed]]:
        """Return, with new numbers, the commands that were sent to another engine than this and may be sent again."""
        repeated = []
        for command in {id(command): command for command in self._commands.values()}.values():
            fields = command.fields
            is_elsewhere = command.slug == slug and command.owner not in (UNSENT, owner)
            if is_elsewhere and fields[_KIND] in REPEATABLE and fields[_DEADLINE] > now_ms:
                number = next(self._numbers)
                command.fields = [fields[_KIND], number, *fields[_REQUEST_ID:]]
                command.numbers.append(number)
                command.owner = UNSENT
                self._commands[number] = command
                repeated.append((number, command.fields))
        return repeated

    def resolve(self, reply: Reply) -> None:
        """Give a caller its answer, if it still waits and this is one."""
        number = reply.correlation.number
        command = self._commands.get(number)
        if command is None:
            return
        is_done = reply.status is not ReplyStatus.NOT_EXECUTED
        if number != command.numbers[-1] and not is_done:
            return
        is_repeated = len(command.numbers) > 1
        is_gone = reply.status is ReplyStatus.DENIED and command.fields[_KIND] == RequestKind.CANCEL
        if is_repeated and (not is_done or (is_gone and number == command.numbers[-1])):
            self.fail([number], _UNSURE)
            return
        self._forget(command)
        command.future.set_result(reply)

    def fail(self, numbers: Iterable[int], error: Exception) -> None:
        """Tell those callers that still wait why there is no answer."""
        for number in numbers:
            command = self._commands.get(number)
            if command is not None:
                self._forget(command)
                command.future.set_exception(_UNSURE if len(command.numbers) > 1 else error)

    def _forget(self, command: _Command) -> None:
        for number in command.numbers:
            del self._commands[number]
