"""The book a tape begins with: orders that rested before its first row, from the file of its first book row."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from tape.lobster import RowType, TapeError, TapeRow

_EMPTY_PRICE = 9_999_999_999
_Level = tuple[bool, int]  # is_buy, price_e4


class Beginning(NamedTuple):
    """What the first look at a tape finds: its rows, its first row, and the orders it mentions but never announced."""

    row_count: int
    first: TapeRow | None
    unannounced: dict[int, TapeRow]


def look_through(rows: Iterable[TapeRow]) -> Beginning:
    """Read all rows. An unannounced order gets the size that the tape takes off it. Linear, keeps ids only."""
    announced: set[int] = set()
    unannounced: dict[int, TapeRow] = {}
    first, count = None, 0
    for row in rows:
        first = first or row
        count += 1
        if row.type is RowType.NEW:
            announced.add(row.order_id)
        elif row.type in (RowType.REDUCE, RowType.DELETE, RowType.EXECUTE) and row.order_id not in announced:
            known = unannounced.get(row.order_id)
            size = row.size + (known.size if known else 0)
            unannounced[row.order_id] = row._replace(type=RowType.NEW, size=size)
    return Beginning(count, first, unannounced)


def book_file_of(tape: Path) -> Path | None:
    """Return the first book row that lies beside a tape: `<stock>_<date>_<start>_orderbook_<levels>_first_row.csv`."""
    start = "_".join(tape.name.split("_")[:3])
    found = sorted(tape.parent.glob(f"{start}_orderbook_*_first_row.csv"))
    return found[0] if found else None


def quotes_file_of(tape: Path) -> Path | None:
    """Return the best bids and asks that lie beside a tape: `<stock>_<date>_<start>_<end>_orderbook_top1.csv.gz`."""
    found = tape.with_name("_".join(tape.name.split("_")[:4]) + "_orderbook_top1.csv.gz")
    return found if found.exists() else None


def seed_rows(book: Path, beginning: Beginning) -> list[TapeRow]:
    """Return the orders to place before the tape begins, as rows: those it mentions, then the rest of each level.

    Only orders that fit into their level were there then. Queue priority follows the order id; what the tape never
    touches stands behind, under ids below zero. Raises TapeError when the file is no book row.
    """
    first = beginning.first
    assert first is not None, "Invariant: a tape that is seeded has rows"
    levels = Counter(_levels(book))
    if first.type is RowType.NEW:  # the file shows the book after the first row
        levels[(first.is_buy, first.price_e4)] -= first.size
    seeds = []
    for _, row in sorted(beginning.unannounced.items()):
        level = (row.is_buy, row.price_e4)
        if levels[level] >= row.size:  # else it was placed later, outside of what the tape shows
            levels[level] -= row.size
            seeds.append(row._replace(line=0, time_ns=first.time_ns))
    rest = [(level, size) for level, size in levels.items() if size > 0]
    seeds.extend(
        TapeRow(0, first.time_ns, RowType.NEW, -number, size, price_e4, is_buy)
        for number, ((is_buy, price_e4), size) in enumerate(rest, start=1)
    )
    return seeds


def _levels(book: Path) -> dict[_Level, int]:
    """Read ask price, ask size, bid price, bid size, repeated; a level without orders has an impossible price."""
    try:
        numbers = [int(text) for text in book.read_text(encoding="ascii").splitlines()[0].split(",")]
    except (OSError, ValueError, IndexError) as error:
        raise TapeError(f"{book} is no first row of an order book: {error}") from error
    if not numbers or len(numbers) % 4:
        raise TapeError(f"{book} is no first row of an order book: {len(numbers)} fields")
    pairs = list(zip(numbers[::2], numbers[1::2], strict=True))
    return {
        (index % 2 == 1, price): size
        for index, (price, size) in enumerate(pairs)
        if 0 < price < _EMPTY_PRICE and size > 0
    }
