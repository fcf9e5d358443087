"""How the integers of an order are kept in columns: how each kind of column is read, written and shown.

A row counts ticks, lots and units; a column has decimals, names, ids and times. Numbers are written as text in exponent
notation (`12345e-8`), which PostgreSQL reads exactly and which costs no Decimal.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Any, ClassVar, Final
from uuid import UUID

from base.scaling import EXACT, MarketScale, decimals_of, plain
from base.times import iso_ms, moment_of
from matching.engine import Side
from orders.vocabulary import Vocabulary

NULL: Final = r"\N"

Load = Callable[[Any], Any]
Parse = Callable[[Any], Any]


class Changes(Enum):
    """What changes a column after its order was stored."""

    NEVER = "never"
    BY_FILLS = "by fills"  # and by the order's end
    BY_EVENTS = "by events"  # that few orders see: an amendment, a trigger, a refill


class Step(Enum):
    """What an amount counts."""

    TICK = "tick"
    LOT = "lot"
    QUOTE = "unit of the quote asset"
    HELD = "unit of what the order holds: quote for a buy, base for a sell"


# From a column to steps, in SQL; see `read_parameters`.
_PER_STEP: Final = {
    Step.TICK: "/ %(tick)s",
    Step.LOT: "/ %(lot)s",
    Step.QUOTE: "* %(quote)s",
    Step.HELD: "* CASE side WHEN 'buy' THEN %(quote)s ELSE %(base)s END",
}


@dataclass(frozen=True, slots=True)
class Column(ABC):
    """One column. An `is_optional` one is NULL in the table where the row has 0 or None."""

    name: str
    changes: Changes = Changes.NEVER
    is_optional: bool = False

    sql_type: ClassVar[str] = "text"

    @abstractmethod
    def read(self) -> str:
        """Return the SQL expression that gives the row's value; parameters are named as the steps are."""

    def read_as_json(self) -> str:
        """Return the same for a place in a JSON array."""
        return self.read()

    def is_set(self) -> str:
        """Return the SQL condition under which the column says something that a plain order does not say."""
        return f"{self.name} IS NOT NULL"

    def parser(self) -> Parse | None:
        """Return what makes the row's value of what was read; None where that is the value."""
        return None

    def json_parser(self) -> Parse | None:
        """Return the same for what was read from a JSON array."""
        return self.parser()

    @abstractmethod
    def write(self, values: Iterable[Any], scale: MarketScale, sides: Iterable[int]) -> list[str]:
        """Return the texts for COPY of many rows' values, NULL for nothing; `sides` are those of their orders.

        All rows at once, because a call for each value of each order would cost more than the writing.
        """

    @abstractmethod
    def load(self, scale: MarketScale, side: int) -> Load:
        """Return what gives the value of the model's field."""

    def show(self, value: Any, scale: MarketScale) -> Any:
        """Return the value of the model's field as the public interface shows it."""
        return value


@dataclass(frozen=True, slots=True)
class Key(Column):
    """A UUID; 16 bytes in the row."""

    sql_type = "uuid"

    def read(self) -> str:
        return f"uuid_send({self.name})"

    def read_as_json(self) -> str:
        return f"encode(uuid_send({self.name}), 'hex')"

    def json_parser(self) -> Parse:
        return _key_from_hex

    def write(self, values: Iterable[Any], scale: MarketScale, sides: Iterable[int]) -> list[str]:
        return [NULL if key is None else key.hex() for key in values]

    def load(self, scale: MarketScale, side: int) -> Load:
        return lambda key: None if key is None else UUID(bytes=key)

    def show(self, value: UUID | None, scale: MarketScale) -> str | None:
        return None if value is None else str(value)


@dataclass(frozen=True, slots=True)
class Whole(Column):
    """A whole number."""

    sql_type = "bigint"

    def read(self) -> str:
        return f"coalesce({self.name}, 0)" if self.is_optional else self.name

    def write(self, values: Iterable[Any], scale: MarketScale, sides: Iterable[int]) -> list[str]:
        return [str(number) if number else NULL for number in values] if self.is_optional else list(map(str, values))

    def load(self, scale: MarketScale, side: int) -> Load:
        return (lambda number: number or None) if self.is_optional else _same


@dataclass(frozen=True, slots=True)
class Text(Column):
    """A word or a client's own text, without tabs and line breaks."""

    def read(self) -> str:
        return self.name

    def is_set(self) -> str:
        return f"{self.name} <> ''"

    def write(self, values: Iterable[Any], scale: MarketScale, sides: Iterable[int]) -> list[str]:
        return [NULL if text is None else text for text in values]

    def load(self, scale: MarketScale, side: int) -> Load:
        return _same

    def show(self, value: str | None, scale: MarketScale) -> str | None:
        return value or None


@dataclass(frozen=True, slots=True)
class Flag(Column):
    """Yes or no."""

    sql_type = "boolean"

    def read(self) -> str:
        return self.name

    def is_set(self) -> str:
        return self.name

    def write(self, values: Iterable[Any], scale: MarketScale, sides: Iterable[int]) -> list[str]:
        return ["t" if flag else "f" for flag in values]

    def load(self, scale: MarketScale, side: int) -> Load:
        return bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Word(Column):
    """A member of a closed list: its number in the row, its name in the table."""

    words: Vocabulary[Any]

    def read(self) -> str:
        return self.name

    def is_set(self) -> str:
        return f"{self.name} <> '{self.words.name[1]}'"

    def parser(self) -> Parse:
        return self.words.number.__getitem__

    def write(self, values: Iterable[Any], scale: MarketScale, sides: Iterable[int]) -> list[str]:
        names = self.words.name
        return [names[number] for number in values]

    def load(self, scale: MarketScale, side: int) -> Load:
        return self.words.name.__getitem__


@dataclass(frozen=True, slots=True)
class Moment(Column):
    """A time; milliseconds in the row."""

    sql_type = "timestamptz"

    def read(self) -> str:
        milliseconds = f"(extract(epoch FROM {self.name}) * 1000)::bigint"
        return f"coalesce({milliseconds}, 0)" if self.is_optional else milliseconds

    def write(self, values: Iterable[Any], scale: MarketScale, sides: Iterable[int]) -> list[str]:
        return [moment_text(time_ms) if time_ms else NULL for time_ms in values]

    def load(self, scale: MarketScale, side: int) -> Load:
        return (lambda time_ms: moment_of(time_ms) if time_ms else None) if self.is_optional else moment_of

    def show(self, value: datetime | None, scale: MarketScale) -> str | None:
        return None if value is None else iso_ms(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount(Column):
    """A price, a quantity or money: how many steps in the row."""

    step: Step

    sql_type = "numeric"

    def read(self) -> str:
        steps = f"{self.name} {_PER_STEP[self.step]}"
        return f"coalesce({steps}, 0)::bigint" if self.is_optional else f"({steps})::bigint"

    def write(self, values: Iterable[Any], scale: MarketScale, sides: Iterable[int]) -> list[str]:
        if self.step is Step.HELD:
            exponents = {side.value: step_parts(self._size(scale, side))[1] for side in Side}
            return [f"{units}{exponents[side]}" for units, side in zip(values, sides, strict=True)]
        factor, exponent = step_parts(self._size(scale, Side.BUY))
        none = NULL if self.is_optional else f"0{exponent}"
        return [f"{steps * factor}{exponent}" if steps else none for steps in values]

    def load(self, scale: MarketScale, side: int) -> Load:
        size, is_optional = self._size(scale, side), self.is_optional
        return lambda steps: None if is_optional and not steps else EXACT.multiply(size, steps)

    def show(self, value: Decimal | None, scale: MarketScale) -> str | None:
        decimals = {Step.TICK: scale.price_decimals, Step.LOT: scale.quantity_decimals}
        return None if value is None else plain(value, decimals.get(self.step, scale.quote_decimals))

    def _size(self, scale: MarketScale, side: int) -> Decimal:
        if self.step is Step.TICK:
            return scale.tick_size
        if self.step is Step.LOT:
            return scale.lot_size
        is_base = self.step is Step.HELD and side != Side.BUY
        return scale.base(1) if is_base else scale.quote(1)


def read_parameters(scale: MarketScale) -> dict[str, Decimal | int]:
    """Return the parameters of the expressions that columns are read by."""
    return {
        "tick": scale.tick_size,
        "lot": scale.lot_size,
        "quote": 10**scale.quote_decimals,
        "base": 10**scale.base_decimals,
    }


@lru_cache(maxsize=64)  # all that happens in a batch has the same time
def moment_text(time_ms: int) -> str:
    """Return a time as PostgreSQL reads it."""
    return moment_of(time_ms).isoformat()


@lru_cache(maxsize=256)
def step_parts(step: Decimal) -> tuple[int, str]:
    """Return a step as a whole factor and an exponent: 0.05 -> (5, "e-2")."""
    decimals = decimals_of(step)
    return int(step.scaleb(decimals)), f"e-{decimals}"


def _key_from_hex(text: str | None) -> bytes | None:
    return None if text is None else bytes.fromhex(text)


def _same(value: Any) -> Any:
    return value
