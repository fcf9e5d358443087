"""The resting orders of one market."""

from matching.engine.accounts import OrdersByAccount
from matching.engine.digests import MASK_64
from matching.engine.levels import BookSide
from matching.engine.orders import PriceLevel, RestingOrder, SpecialOrder
from matching.engine.types import Side


class Book:
    """Both sides of the book and the indexes of its orders, changed through its own methods alone.

    Each of them is O(1) (amortised, for the index) whatever the number of resting orders, and O(log levels)
    when it makes or empties a price level.

    `orders` is in order of priority, because orders are added in that order. `by_account` is shared with the
    orders that wait outside the book. `touched` gathers the levels changed since the engine last cleared it, in the
    order they were first touched.
    """

    __slots__ = ("_digest_sum", "_unhashed", "asks", "bids", "by_account", "orders", "touched")

    def __init__(self, by_account: OrdersByAccount) -> None:
        self.by_account = by_account
        self.bids = BookSide(Side.BUY)
        self.asks = BookSide(Side.SELL)
        self.orders: dict[int, RestingOrder] = {}
        self.touched: dict[int, PriceLevel] = {}
        self._unhashed: dict[int, RestingOrder] = {}
        self._digest_sum = 0

    def side(self, side: Side) -> BookSide:
        return self.bids if side == Side.BUY else self.asks

    def other(self, side: Side) -> BookSide:
        """Return the side that an order of a side trades with."""
        return self.asks if side == Side.BUY else self.bids

    def add(self, order: RestingOrder, own_side: BookSide) -> None:
        """Put an order, of a higher priority number than all others, at the end of its price's queue."""
        level = own_side.level_at(order.price_ticks)
        level.append(order)
        self.orders[order.order_id] = order
        priority = order.priority
        self._unhashed[priority] = order
        # As in accounts.register and below in unregister; a call for each order would cost more than it does.
        owned = self.by_account.get(order.account_id)
        if owned is None:
            owned = self.by_account[order.account_id] = {}
        owned[priority] = order
        order.owned = owned
        self.touched[level.key] = level

    def fill(self, order: RestingOrder, lots: int) -> None:
        """Take lots from an order; the order leaves the book when none remain."""
        level = order.level
        order.remaining_lots -= lots
        level.quantity_lots -= lots
        if order.remaining_lots:
            self._unhashed[order.priority] = order
            self.touched[level.key] = level
        else:
            self.remove(order)

    def remove(self, order: RestingOrder) -> None:
        """Take an order out of the book."""
        level = order.level
        level.remove(order)
        del self.orders[order.order_id]
        priority, owned = order.priority, order.owned
        self._unhashed.pop(priority, None)
        del owned[priority]
        if not owned:
            del self.by_account[order.account_id]
        self._digest_sum -= order.digest
        self.touched[level.key] = level
        if level.head is None:
            self.side(level.side).remove_level(level)

    def refill(self, order: SpecialOrder, own_side: BookSide, priority: int) -> None:
        """Show the next part of an iceberg whose visible part was filled, so that it has left the book."""
        order.digest = 0
        order.priority = priority
        order.show(order.instructions.display_lots)
        self.add(order, own_side)

    def reduce(self, order: RestingOrder, lots: int, hidden_lots: int) -> None:
        """Take lots off an order that goes on with fewer, in its place; hidden ones first."""
        level = order.level
        order.quantity_lots -= lots
        if isinstance(order, SpecialOrder):
            order.hidden_lots -= hidden_lots
            level.hidden_lots -= hidden_lots
        order.remaining_lots -= lots - hidden_lots
        level.quantity_lots -= lots - hidden_lots
        self._unhashed[order.priority] = order
        self.touched[level.key] = level

    def digest(self) -> int:
        """Return 64 bits that stand for all open orders: the sum of the orders' own digests.

        A sum does not depend on the order of its terms, so only orders changed since the last call are
        hashed: O(open orders changed since). Orders that came and went in between cost nothing.
        """
        for order in self._unhashed.values():
            fresh = order.compute_digest()
            self._digest_sum += fresh - order.digest
            order.digest = fresh
        self._unhashed.clear()
        self._digest_sum &= MASK_64
        return self._digest_sum

    @property
    def is_crossed(self) -> bool:
        """Tell whether the best bid reaches the best ask."""
        return self.asks.best_key + self.bids.best_key <= 0

    def check_invariants(self) -> None:
        """Raise AssertionError unless book, levels, index and hash agree; O(open orders)."""
        for side in (self.bids, self.asks):
            side.check_invariants()
        queued = {
            order.order_id: order for side in (self.bids, self.asks) for lv in side.levels.values() for order in lv
        }
        assert queued == self.orders, "Invariant: the index holds the orders of the queues"
        priorities = [order.priority for order in self.orders.values()]
        assert priorities == sorted(priorities), "Invariant: the index is in order of priority"
        for order in self.orders.values():
            assert order.owned is self.by_account[order.account_id], "Invariant: an order knows its account's orders"
            assert order.owned[order.priority] is order, "Invariant: an account knows its orders"
        for order in self._unhashed.values():
            assert self.orders.get(order.order_id) is order, "Invariant: only open orders wait to be hashed"
        contributed = sum(order.digest for order in self.orders.values())
        assert (contributed - self._digest_sum) & MASK_64 == 0, "Invariant: the hash is the sum of the open orders'"
