"""A titled table of text, which a page and a terminal show alike."""

from collections.abc import Iterator
from typing import NamedTuple


class Section(NamedTuple):
    title: str
    headers: tuple[str, ...]
    rows: list[list[str]]

    def lines(self) -> Iterator[str]:
        """Yield the section as lines of text, columns aligned; the last column is as wide as it is."""
        yield self.title.upper()
        shown = self.rows if len(self.headers) == 2 else [list(self.headers), *self.rows]
        widths = [max((len(row[i]) for row in shown), default=0) for i in range(len(self.headers))]
        for row in shown:
            cells = [cell.ljust(width) for cell, width in zip(row[:-1], widths[:-1], strict=True)]
            yield "  " + "  ".join([*cells, row[-1]]).rstrip()
        yield ""
