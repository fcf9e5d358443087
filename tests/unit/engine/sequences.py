"""Command sequences as hypothesis makes and shrinks them, and what can be done to all fields of a name at once."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar, cast

from hypothesis import strategies as st

from matching.engine import Command
from tests.unit.engine.random_commands import CommandMaker

SIZE_MAX = 60
V = TypeVar("V")
Change = Callable[[Any], Any]

cuts = st.integers(0, SIZE_MAX)


@st.composite
def sequences(draw: st.DrawFn) -> list[Command]:
    size = draw(st.integers(SIZE_MAX // 6, SIZE_MAX))
    return CommandMaker(lambda n: draw(st.integers(0, n - 1))).commands(size)


def changed(value: V, **changes: Change) -> V:
    """Return a command or event with the fields of these names changed, at any depth; 0 = not there stays 0."""
    return cast(V, _changed(value, changes))


def all_changed(values: Iterable[V], **changes: Change) -> list[V]:
    return [changed(value, **changes) for value in values]


def _changed(value: Any, changes: Mapping[str, Change]) -> Any:
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        fields = zip(value._fields, value, strict=True)
        return type(value)(*(_changed_field(name, field, changes) for name, field in fields))
    if isinstance(value, tuple):
        return tuple(_changed(item, changes) for item in value)
    return value


def _changed_field(name: str, field: Any, changes: Mapping[str, Change]) -> Any:
    return changes[name](field) if name in changes and field else _changed(field, changes)
