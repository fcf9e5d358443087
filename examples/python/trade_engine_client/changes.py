"""What happens to a user's orders, trades and ledger entries: each once and none missed, by asking again and again."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

START, NOW = "start", "now"

Row = dict[str, Any]
Answer = dict[str, Any]


class Changes:
    """Iterate over it for what came since the last time; it ends with what there is now.

        orders = Changes(ask, "/api/v1/orders", after=saved)
        while True:
            for order in orders:
                take(order)
            save(orders.bookmark)
            time.sleep(1)

    `ask` gets a path with its query and returns the decoded answer of a GET. `bookmark` is the place after the last
    page that was taken as a whole: who stops in between gets that page again. For own trades give `mine="true"`.
    """

    def __init__(self, ask: Callable[[str], Answer], path: str, after: str = START, **query: str) -> None:
        self._ask = ask
        self._path = path
        self._query = query
        self.bookmark = after

    def __iter__(self) -> Iterator[Row]:
        has_more = True
        while has_more:
            answer = self._ask(f"{self._path}?{urlencode({**self._query, 'after': self.bookmark})}")
            yield from answer["data"]
            self.bookmark = answer["pagination"]["bookmark"]
            has_more = answer["pagination"]["has_more"]
