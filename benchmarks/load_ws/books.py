"""Check what many clients receive without doing it many times.

Each distinct message after each distinct book is applied and its checksum computed once; for every other client that
is at the same book and gets the same bytes it is a look-up. So all clients are checked in full.
"""

import json

from trade_engine_client import OrderBook
from trade_engine_client.book import ChecksumError, GapError


class Books:
    """The books that clients can have, as numbers: 0 is none."""

    def __init__(self) -> None:
        self._books: list[OrderBook] = [OrderBook()]
        self._next: dict[tuple[int, bytes], int] = {}
        self._by_content: dict[tuple[int | None, int], int] = {}
        self.errors: list[str] = []

    def after(self, book: int, text: bytes) -> int:
        """Return the book that a client at a book has after a message."""
        key = (book, text)
        if (known := self._next.get(key)) is not None:
            return known
        self._next[key] = found = self._apply(book, text)
        return found

    def seq(self, book: int) -> int:
        return self._books[book].seq or 0

    def _apply(self, number: int, text: bytes) -> int:
        message = json.loads(text)
        if message["type"] not in ("snapshot", "update"):
            return number
        book = self._books[number].copy()
        try:
            book.apply(message)
        except (GapError, ChecksumError) as error:
            self.errors.append(repr(error))
        content = (book.seq, hash((tuple(book.bids), tuple(book.asks))))
        if content not in self._by_content:
            self._by_content[content] = len(self._books)
            self._books.append(book)
        return self._by_content[content]
