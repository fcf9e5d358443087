"""All open orders of a market, wherever they are."""

from collections.abc import Iterator

from matching.engine.accounts import OrdersByAccount
from matching.engine.book import Book
from matching.engine.links import Links
from matching.engine.orders import OpenOrder, WaitingOrder
from matching.engine.schedule import Schedule
from matching.engine.stops import Stops


class OpenOrders:
    """The open orders of a market: in the book or waiting outside, with their groups and expiries.

    `by_account` is the index that `book` and `stops` share.
    """

    __slots__ = ("book", "by_account", "links", "schedule", "stops")

    def __init__(self) -> None:
        self.by_account: OrdersByAccount = {}
        self.book = Book(self.by_account)
        self.stops = Stops(self.by_account)
        self.links = Links()
        self.schedule = Schedule()

    def __len__(self) -> int:
        return len(self.book.orders) + len(self.stops.orders)

    def __iter__(self) -> Iterator[OpenOrder]:
        yield from self.book.orders.values()
        yield from self.stops.orders.values()

    def knows(self, order_id: int) -> bool:
        return order_id in self.book.orders or order_id in self.stops.orders

    def find(self, order_id: int) -> OpenOrder | None:
        return self.book.orders.get(order_id) or self.stops.orders.get(order_id)

    def of_account(self, account_id: int, most: int) -> list[OpenOrder]:
        """Return an account's orders, oldest priority first, at most `most`. O(orders), which are nearly sorted."""
        owned = self.by_account.get(account_id, {})
        return [owned[priority] for priority in sorted(owned)[:most]]

    def count_of(self, account_id: int) -> int:
        return len(self.by_account.get(account_id, ()))

    def remove(self, order: OpenOrder) -> None:
        """Take an order out, its expiry too; its group is left as it is."""
        if isinstance(order, WaitingOrder):
            self.stops.remove(order)
        else:
            self.book.remove(order)
        if order.is_special:
            self.schedule.discard(order.order_id, order.instructions.expire_ms)

    def digests(self) -> tuple[int, int, int, int]:
        """Return 64 bits for each part; O(open orders changed since the last call + groups of trailing stops)."""
        return self.book.digest(), self.stops.digest(), self.links.digest(), self.schedule.digest()

    def check_invariants(self) -> None:
        """Raise AssertionError unless all parts agree; O(open orders)."""
        self.book.check_invariants()
        self.stops.check_invariants()
        self.links.check_invariants()
        expiries = {(order.instructions.expire_ms, order.order_id) for order in self}
        self.schedule.check_invariants({expiry for expiry in expiries if expiry[0]})
        assert all(map(self.knows, self.links.by_order)), "Invariant: a group's orders are open"
        assert sum(map(len, self.by_account.values())) == len(self), "Invariant: all orders are indexed"
