"""Make the commands that fail few and simple, and print them as code."""

from collections.abc import Callable, Iterable, Iterator
from enum import Enum

from matching.engine import PLAIN, Command, PlaceGroup, PlaceOrder

Fails = Callable[[list[Command]], bool]


def shrunk(commands: list[Command], fails: Fails) -> list[Command]:
    """Return commands that still fail, and none of which can be left out or made simpler by a step known here."""
    smaller = next((shorter for shorter in _simpler(commands) if fails(shorter)), None)
    while smaller is not None:
        commands = smaller
        smaller = next((shorter for shorter in _simpler(commands) if fails(shorter)), None)
    return commands


def _simpler(commands: list[Command]) -> Iterator[list[Command]]:
    size = len(commands) // 2
    while size:
        for start in range(0, len(commands), size):
            yield commands[:start] + commands[start + size :]
        size //= 2
    for number, command in enumerate(commands):
        for simpler in _simpler_commands(command):
            yield [*commands[:number], simpler, *commands[number + 1 :]]


def _simpler_commands(command: Command) -> Iterator[Command]:
    if isinstance(command, PlaceGroup):
        yield from command.orders
        for number, order in enumerate(command.orders):
            for simpler in _simpler_orders(order):
                orders = (*command.orders[:number], simpler, *command.orders[number + 1 :])
                if len({o.quantity_lots for o in orders}) == 1:
                    yield command._replace(orders=orders)
    elif isinstance(command, PlaceOrder):
        yield from _simpler_orders(command)


def _simpler_orders(order: PlaceOrder) -> Iterator[PlaceOrder]:
    asked = order.instructions
    needed = PLAIN._replace(stop_price_ticks=asked.stop_price_ticks, trail_ticks=asked.trail_ticks)
    needed = needed._replace(trail_ppm=asked.trail_ppm)
    for simpler in (
        needed,
        asked._replace(display_lots=0),
        asked._replace(expire_ms=0),
        asked._replace(self_trade_prevention=PLAIN.self_trade_prevention),
    ):
        if simpler != asked:
            yield order._replace(instructions=simpler)
    if order.quantity_lots > 1:
        yield order._replace(quantity_lots=1)
        yield order._replace(quantity_lots=order.quantity_lots - 1)


def as_code(commands: Iterable[Command]) -> str:
    """Return the commands as Python, one a line, to be pasted into a test."""
    return "\n".join(f"    {_code(command)}," for command in commands)


def _code(value: object) -> str:
    if isinstance(value, Enum):
        return f"{type(value).__name__}.{value.name}"
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        if value == PLAIN:
            return "PLAIN"
        defaults: dict[str, object] = getattr(value, "_field_defaults", {})
        fields = [pair for pair in zip(value._fields, value, strict=True) if pair not in defaults.items()]
        return f"{type(value).__name__}({', '.join(f'{name}={_code(field)}' for name, field in fields)})"
    if isinstance(value, tuple):
        return f"({''.join(_code(item) + ', ' for item in value)})"
    return repr(value)
