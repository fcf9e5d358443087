"""Engine commands as compact bytes: what the journal stores.

A command is a list of its kind's number and its fields, ids as 16 bytes. Fields that a command got later are at its end
and left out when unused, so that older entries are read as they were meant.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, cast

import msgpack

from matching.engine import (
    PLAIN,
    ActivateBracket,
    AmendOrder,
    CancelAll,
    CancelOrder,
    Command,
    ExpireDue,
    GroupKind,
    Instructions,
    OrderType,
    PlaceGroup,
    PlaceOrder,
    SetCancelAfter,
    SetRules,
    SetTradingState,
    Side,
    TimeInForce,
    TradingState,
)

# Numbers once given never change: journals are kept.
KINDS: Final[dict[type[Any], int]] = {
    PlaceOrder: 1,
    CancelOrder: 2,
    SetTradingState: 3,
    SetRules: 4,
    PlaceGroup: 5,
    AmendOrder: 6,
    CancelAll: 7,
    SetCancelAfter: 8,
    ExpireDue: 9,
    ActivateBracket: 10,
}
_PLACE: Final = KINDS[PlaceOrder]
# How many of the fields after the time are ids.
IDS: Final[dict[type[Command], int]] = {
    PlaceOrder: 2,
    CancelOrder: 2,
    SetTradingState: 0,
    SetRules: 0,
    PlaceGroup: 0,  # the ids are in its orders
    AmendOrder: 2,
    CancelAll: 1,
    SetCancelAfter: 1,
    ExpireDue: 0,
    ActivateBracket: 1,
}


def encode_commands(commands: Iterable[Command]) -> bytes:
    """Return the commands as msgpack, ids as 16 bytes each."""
    return cast(bytes, msgpack.packb([_fields(command) for command in commands]))


def decode_commands(data: bytes) -> list[Command]:
    """Return what `encode_commands` was given."""
    return [_command(fields) for fields in msgpack.unpackb(data)]


def _fields(command: Command) -> Sequence[Any]:
    if type(command) is PlaceOrder:
        return _place_fields(command)
    kind = KINDS[type(command)]
    if isinstance(command, PlaceGroup):
        return [kind, command.time_ms, command.kind, [_place_fields(order) for order in command.orders]]
    count = IDS[type(command)]
    time_ms, *rest = cast(tuple[Any, ...], command)
    if isinstance(command, AmendOrder) and not command.stop_price_ticks:
        rest.pop()
    return [kind, time_ms, *[number.to_bytes(16) for number in rest[:count]], *rest[count:]]


def _place_fields(order: PlaceOrder) -> Sequence[Any]:
    """Most commands are of this kind, and have no instructions."""
    time_ms, order_id, account_id, side, kind, time_in_force, post_only, price, lots, budget, instructions = order
    ids = order_id.to_bytes(16), account_id.to_bytes(16)
    fields = (_PLACE, time_ms, *ids, side, kind, time_in_force, post_only, price, lots, budget)
    return fields if instructions is PLAIN or instructions == PLAIN else (*fields, instructions)


def _command(fields: list[Any]) -> Command:
    number, time_ms, *rest = fields
    kind = _TYPES[number]
    count = IDS[kind]
    ids = [int.from_bytes(part) for part in rest[:count]]
    read = READ[kind]
    others = rest[count:]
    return cast(Command, kind(time_ms, *ids, *(read(others) if read else others)))


def _read_place(fields: list[Any]) -> list[Any]:
    side, kind, time_in_force, post_only, price, lots, budget, *instructions = fields
    enums = [Side(side), OrderType(kind), TimeInForce(time_in_force)]
    return [*enums, post_only, price, lots, budget, *map(Instructions.of, instructions)]


# What makes the fields behind time and ids those of the command; None where they are already.
READ: Final[dict[type[Command], Callable[[list[Any]], list[Any]] | None]] = {
    PlaceOrder: _read_place,
    CancelOrder: None,
    SetTradingState: lambda fields: [TradingState(fields[0])],
    SetRules: None,
    PlaceGroup: lambda fields: [GroupKind(fields[0]), tuple(_command(order) for order in fields[1])],
    AmendOrder: None,
    CancelAll: None,
    SetCancelAfter: None,
    ExpireDue: None,
    ActivateBracket: None,
}
_TYPES: Final = {number: kind for kind, number in KINDS.items()}
