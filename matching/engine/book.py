"""The open orders of one market."""

from typing import Final

from matching.engine.levels import BookSide, PriceLevel
from matching.engine.orders import RestingOrder
from matching.engine.types import Side

MASK_64: Final = (1 << 64) - 1


class Book:
    """Both sides of the book and the index of its orders, changed through `add`, `fill` and `remove` alone.

    Each of these is O(1) (amortised, for the index) whatever the number of resting orders, and O(log levels)
    when it makes or empties a price level.

    `orders` is in order of priority, because orders are added in that order. `touched` gathers the levels
    changed since the engine last cleared it, in the order they were first touched.
    """

    __slots__ = ("_digest_sum", "_unhashed", "asks", "bids", "orders", "touched")

    def __init__(self) -> None:
        self.bids = BookSide(Side.BUY)
        self.asks = BookSide(Side.SELL)
        self.orders: dict[int, RestingOrder] = {}
        self.touched: dict[int, PriceLevel] = {}
        self._unhashed: dict[int, RestingOrder] = {}
        self._digest_sum = 0

    def side(self, side: Side) -> BookSide:
        return self.bids if side == Side.BUY else self.asks

    def add(self, order: RestingOrder, own_side: BookSide) -> None:
        """Put an order, of a higher priority number than all others, at the end of its price's queue."""
        level = own_side.level_at(order.price_ticks)
        level.append(order)
        self.orders[order.order_id] = order
        self._unhashed[order.order_id] = order
        self.touched[level.key] = level

    def fill(self, order: RestingOrder, lots: int) -> None:
        """Take lots from an order; the order leaves the book when none remain."""
        level = order.level
        order.remaining_lots -= lots
        level.quantity_lots -= lots
        if order.remaining_lots:
            self._unhashed[order.order_id] = order
            self.touched[level.key] = level
        else:
            self.remove(order)

    def remove(self, order: RestingOrder) -> None:
        """Take an order out of the book."""
        level = order.level
        level.remove(order)
        del self.orders[order.order_id]
        self._unhashed.pop(order.order_id, None)
        self._digest_sum -= order.digest
        self.touched[level.key] = level
        if level.head is None:
            self.side(level.side).remove_level(level)

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

    def check_invariants(self) -> None:
        """Raise AssertionError unless book, levels, index and hash agree; O(open orders)."""
        for side in (self.bids, self.asks):
            side.check_invariants()
        bid, ask = self.bids.best_price_ticks, self.asks.best_price_ticks
        assert bid is None or ask is None or bid < ask, "Invariant: the best bid is below the best ask"
        queued = {
            order.order_id: order for side in (self.bids, self.asks) for lv in side.levels.values() for order in lv
        }
        assert queued == self.orders, "Invariant: the index holds the orders of the queues"
        priorities = [order.priority for order in self.orders.values()]
        assert priorities == sorted(priorities), "Invariant: the index is in order of priority"
        for order_id, order in self._unhashed.items():
            assert self.orders.get(order_id) is order, "Invariant: only open orders wait to be hashed"
        contributed = sum(order.digest for order in self.orders.values())
        assert (contributed - self._digest_sum) & MASK_64 == 0, "Invariant: the hash is the sum of the open orders'"
