"""LOBSTER files, plain or gzipped CSV without a header.

A message file has one visible event of a NASDAQ book per row: seconds after midnight, type, order id, size, price in
1/10,000 of the currency, direction of the resting order (1 = buy, -1 = sell). An order book file has the book after
each of these rows: ask price, ask size, bid price, bid size, level by level. Source: lobsterdata.com, "Data structure".
"""

import gzip
import re
from collections.abc import Callable, Iterator
from enum import IntEnum
from pathlib import Path
from typing import NamedTuple, TextIO

PRICE_STEPS = 100  # 1/10,000 in one tick of a cent
_LINE_MAX = 1_000  # characters; a longer line is not a row of a tape
_FIELDS = (
    ("time", re.compile(r"[0-9]{1,5}(\.[0-9]{1,15})?")),
    ("type", re.compile(r"[1-7]")),
    ("order id", re.compile(r"[0-9]{1,18}")),
    ("size", re.compile(r"[0-9]{1,12}")),
    ("price", re.compile(r"-?[0-9]{1,15}")),
    ("direction", re.compile(r"-?1")),
)


class TapeError(Exception):
    """The tape cannot be read at all."""


class RowType(IntEnum):
    """What happened; only the first four change the visible book in a way that an order can repeat."""

    NEW = 1
    REDUCE = 2
    DELETE = 3
    EXECUTE = 4
    EXECUTE_HIDDEN = 5
    CROSS = 6
    HALT = 7


REPLAYED = frozenset({RowType.NEW, RowType.REDUCE, RowType.DELETE, RowType.EXECUTE})


class TapeRow(NamedTuple):
    """One event. `price_e4` counts 1/10,000 of the currency, `is_buy` is the side of the resting order."""

    line: int
    time_ns: int
    type: RowType
    order_id: int
    size: int
    price_e4: int
    is_buy: bool


class Quote(NamedTuple):
    """The best level of each side; both are 0 where there is none."""

    ask_price_e4: int
    ask_size: int
    bid_price_e4: int
    bid_size: int


class BadRow(NamedTuple):
    line: int
    reason: str


def read_rows(path: Path, on_bad_row: Callable[[BadRow], None]) -> Iterator[TapeRow]:
    """Yield the rows of a plain or `.gz` file as they are read; hand every other line to `on_bad_row`.

    Raises TapeError when the file is missing, damaged or truncated.
    """
    try:
        with _opened(path) as file:
            for number, line in enumerate(iter(lambda: file.readline(_LINE_MAX), ""), start=1):
                parsed = parse_row(number, line)
                if isinstance(parsed, TapeRow):
                    yield parsed
                else:
                    on_bad_row(parsed)
    except (OSError, EOFError) as error:
        raise TapeError(f"{path} cannot be read: {error}") from error


def read_quotes(path: Path) -> Iterator[Quote]:
    """Yield the best bid and ask after each row of a message file, from its order book file.

    Raises TapeError when the file is missing, damaged or not an order book file.
    """
    try:
        with _opened(path) as file:
            for line in file:
                ask_price, ask_size, bid_price, bid_size = map(int, line.split(",")[:4])
                yield Quote(ask_price * bool(ask_size), ask_size, bid_price * bool(bid_size), bid_size)
    except (OSError, EOFError, ValueError) as error:
        raise TapeError(f"{path} cannot be read: {error}") from error


def parse_row(number: int, line: str) -> TapeRow | BadRow:
    """Return the row in a line, or what is wrong with it."""
    fields = line.strip().split(",")
    if len(fields) != len(_FIELDS):
        return BadRow(number, f"{len(_FIELDS)} fields expected, {len(fields)} found")
    for (name, pattern), field in zip(_FIELDS, fields, strict=True):
        if not pattern.fullmatch(field):
            return BadRow(number, f"{field[:40]!r} is no {name}")
    time, kind, order_id, size, price, direction = fields
    row = TapeRow(
        number, _nanoseconds(time), RowType(int(kind)), int(order_id), int(size), int(price), direction == "1"
    )
    return _problem(row) or row


def _problem(row: TapeRow) -> BadRow | None:
    if row.type not in REPLAYED:
        return None  # a halt has no price, a hidden order may trade between two ticks
    if row.size == 0:
        return BadRow(row.line, "the size is zero")
    if row.price_e4 <= 0 or row.price_e4 % PRICE_STEPS:
        return BadRow(row.line, f"the price {row.price_e4} is not a positive number of cents")
    return None


def _nanoseconds(seconds: str) -> int:
    whole, _, fraction = seconds.partition(".")
    return int(whole) * 1_000_000_000 + int(fraction[:9].ljust(9, "0"))  # some rows carry more digits than a clock has


def _opened(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="ascii", errors="replace")
    return path.open(encoding="ascii", errors="replace")
