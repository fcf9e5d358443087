"""Engine commands as compact bytes: what the journal stores."""

from collections.abc import Iterable
from typing import Any, cast

import msgpack

from matching.engine import (
    CancelOrder,
    Command,
    OrderType,
    PlaceOrder,
    SetPriceBand,
    SetTradingState,
    Side,
    TimeInForce,
    TradingState,
)

_PLACE, _CANCEL, _STATE, _BAND = 1, 2, 3, 4


def encode_commands(commands: Iterable[Command]) -> bytes:
    """Return the commands as msgpack, ids as 16 bytes each."""
    return cast(bytes, msgpack.packb([_fields(command) for command in commands]))


def decode_commands(data: bytes) -> list[Command]:
    """Return what `encode_commands` was given."""
    return [_command(fields) for fields in msgpack.unpackb(data)]


def _fields(command: Command) -> tuple[Any, ...]:
    if isinstance(command, PlaceOrder | CancelOrder):
        time_ms, order_id, account_id, *rest = command
        kind = _PLACE if isinstance(command, PlaceOrder) else _CANCEL
        return (kind, time_ms, order_id.to_bytes(16), account_id.to_bytes(16), *rest)
    return (_STATE if isinstance(command, SetTradingState) else _BAND, *command)


def _command(fields: list[Any]) -> Command:
    kind, time_ms, *rest = fields
    if kind == _PLACE:
        return _place(time_ms, rest)
    if kind == _CANCEL:
        return CancelOrder(time_ms, int.from_bytes(rest[0]), int.from_bytes(rest[1]))
    if kind == _STATE:
        return SetTradingState(time_ms, TradingState(rest[0]))
    assert kind == _BAND, f"Invariant: {kind} is a known kind of command"
    return SetPriceBand(time_ms, *rest)


def _place(time_ms: int, rest: list[Any]) -> PlaceOrder:
    order_id, account_id, side, kind, time_in_force, *others = rest
    return PlaceOrder(
        time_ms,
        int.from_bytes(order_id),
        int.from_bytes(account_id),
        Side(side),
        OrderType(kind),
        TimeInForce(time_in_force),
        *others,
    )
