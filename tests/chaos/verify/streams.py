"""Streams tell everything: books without gaps, every trade, every change of an own order."""

import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from tests.chaos.cast import MARKETS
from tests.chaos.cluster import Cluster
from tests.chaos.listeners import GUARD_MS, Book, Listeners, Message
from tests.chaos.verify.books import stored_book
from tests.chaos.verify.findings import Findings
from tests.chaos.verify.stored import Stored, brief

CATCH_UP_S = 15.0
TOLD_S = 1.0
_NOW = "SELECT id, status, filled_quantity FROM orders_order WHERE id = ANY(%s::uuid[])"
_OPEN = """
SELECT count(*) FROM orders_order o JOIN exchange_user u ON u.id = o.user_id
WHERE u.username = %s AND o.status IN ('open', 'partially_filled', 'pending')
"""


def check_guards(cluster: Cluster, listeners: Listeners, names: list[str], findings: Findings) -> None:
    """Cut the sessions of guarded accounts without a word: soon none of their orders is open."""
    if not _soon(lambda: set(names) <= listeners.guards):
        findings.differ("guards", f"only {sorted(listeners.guards)} of {names} could have their sessions guarded")
        return
    for name in names:
        findings.checked["sessions cut"] += 1
        listeners.cut(name)
    with cluster.database() as connection:
        for name in names:
            if not _soon(lambda name=name: connection.execute(_OPEN, [name]).fetchone() == (0,)):  # type: ignore[misc]  # the default binds the loop's value
                findings.differ("guards", f"orders of {name} are open although its session was cut: {GUARD_MS} ms")


def check_streams(cluster: Cluster, listeners: Listeners, stored: Stored, findings: Findings) -> None:
    """Compare what listeners know with what is stored; nobody trades meanwhile."""
    for symbol in MARKETS:
        for name in ("book-1", "book-2"):
            findings.checked["books of listeners"] += 1
            if not _soon(lambda name=name, symbol=symbol: _is_same(cluster, listeners, name, symbol)):  # type: ignore[misc]  # as above
                at = book.seq if (book := listeners.books[name].get(symbol)) else None
                findings.differ("stream", f"{name}: the book of {symbol} at {at} is not the stored one")
    _check_trades(listeners, stored, findings)
    _check_own(cluster, listeners, stored, findings)
    problems, listeners.problems = listeners.problems, []
    for problem in problems:
        findings.differ("stream", problem)


def _is_same(cluster: Cluster, listeners: Listeners, name: str, symbol: str) -> bool:
    seq, stored = stored_book(cluster, symbol)
    book = listeners.books[name].get(symbol)
    return book is not None and book.seq == seq and _levels(book) == {key: each[0] for key, each in stored.items()}


def _levels(book: Book) -> dict[tuple[str, Decimal], Decimal]:
    names = {"bids": "buy", "asks": "sell"}
    return {
        (names[side], Decimal(price)): Decimal(volume)
        for side, levels in book.sides.items()
        for price, volume in levels.items()
    }


def _check_trades(listeners: Listeners, stored: Stored, findings: Findings) -> None:
    stretches, listeners.stretches = listeners.stretches, []
    for symbol, begin, end, seen in stretches:
        findings.checked["stretches of the trade stream"] += 1
        rows = [row for row in stored.trades.values() if row["symbol"] == symbol and begin < row["seq"] <= end]
        missing = [row for row in rows if str(row["id"]) not in seen]
        if missing:
            text = f"{len(missing)} of {len(rows)} trades of {symbol} in ({begin}, {end}] did not come"
            findings.differ("stream", text, *map(brief, missing[:3]))


def _check_own(cluster: Cluster, listeners: Listeners, stored: Stored, findings: Findings) -> None:
    for name, since in list(listeners.since.items()):
        seen = dict(listeners.orders[name])
        findings.checked["orders as streamed"] += len(seen)
        # What differs may be on its way, or have changed since the snapshot: brackets and switches act by themselves.
        if not _soon(lambda name=name: not _behind(cluster, listeners.orders[name])):  # type: ignore[misc]  # as above
            for order_id, row in _behind(cluster, listeners.orders[name]).items():
                now = listeners.orders[name].get(order_id)
                findings.differ("stream", f"{name} was not shown how an order went on", since, now, row)
        for row in stored.orders.values():
            told = row["username"] == name and row["updated_at"].timestamp() > since + TOLD_S
            if told and str(row["id"]) not in seen:
                findings.differ("stream", f"{name} was not shown an order", since, brief(row))


def _behind(cluster: Cluster, orders: dict[str, Message]) -> dict[str, Any]:
    """Return the orders that are not stored as they were shown last."""
    shown = {key: (order["status"], Decimal(order["filled_quantity"])) for key, order in list(orders.items())}
    with cluster.database() as connection:
        rows = {str(key): rest for key, *rest in connection.execute(_NOW, [list(shown)])}
    return {key: rows.get(key) for key, state in shown.items() if tuple(rows.get(key, ())) != state}


def _soon(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + CATCH_UP_S
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True
