"""Orders outside the book: stops that wait for the last price to reach them, and exits of brackets."""

from collections import deque
from collections.abc import Iterable
from typing import Final, NamedTuple

from sortedcontainers import SortedDict

from matching.engine.accounts import OrdersByAccount, register, unregister
from matching.engine.digests import MASK_64
from matching.engine.orders import WaitingOrder
from matching.engine.trailing_stops import Mark, Reached, TrailingStops
from matching.engine.types import TAKE_PROFIT_TYPES, OrderType, Side

BEYOND_ALL: Final = 1 << 64
"""A price beyond every order's."""


class Triggered(NamedTuple):
    """A stop whose turn comes when the present command's own work is done."""

    order: WaitingOrder
    stop_price_ticks: int
    last_price_ticks: int


def waits_for_rise(order_type: OrderType, side: Side) -> bool:
    """Tell whether a stop is reached from below: stops that buy and take-profits that sell."""
    return (side == Side.BUY) != (order_type in TAKE_PROFIT_TYPES)


def is_reached(order_type: OrderType, side: Side, stop_price_ticks: int, price_ticks: int) -> bool:
    """Tell whether a price has reached a stop."""
    if waits_for_rise(order_type, side):
        return price_ticks >= stop_price_ticks
    return price_ticks <= stop_price_ticks


class Stops:
    """The waiting orders of a market.

    `quiet_low` and `quiet_high` enclose the prices at which nothing happens: comparing with them is all that a
    trade between them costs, however many stops wait. `queue` holds the triggered stops until their turn.
    """

    __slots__ = (
        "_by_account",
        "_digest_sum",
        "_falls",
        "_rises",
        "_trailing_buys",
        "_trailing_sells",
        "counts",
        "orders",
        "queue",
        "quiet_high",
        "quiet_low",
    )

    def __init__(self, by_account: OrdersByAccount) -> None:
        self.orders: dict[int, WaitingOrder] = {}
        self.counts: dict[int, int] = {}
        self.queue: deque[Triggered] = deque()
        self.quiet_low, self.quiet_high = 0, BEYOND_ALL
        self._by_account = by_account
        self._rises: dict[tuple[int, int], WaitingOrder] = SortedDict()
        self._falls: dict[tuple[int, int], WaitingOrder] = SortedDict()  # by the negated price
        self._trailing_sells, self._trailing_buys = TrailingStops(Side.SELL), TrailingStops(Side.BUY)
        self._digest_sum = 0

    def add(self, order: WaitingOrder) -> None:
        """Keep an order; trades do not trigger it until it is watched. O(1)."""
        self.orders[order.order_id] = order
        register(self._by_account, order)
        self._digest_sum += order.digest
        if order.is_stop:
            self.counts[order.account_id] = self.counts.get(order.account_id, 0) + 1

    def watch(self, order: WaitingOrder, last_price_ticks: int) -> None:
        """Let trades trigger a stop; O(log stops)."""
        if order.order.type == OrderType.TRAILING_STOP:
            self._trailing(order).add(order, last_price_ticks)
        else:
            self._triggers(order)[self._key(order)] = order
        order.is_watched = True
        self._renew_quiet()

    def restore(self, orders: Iterable[WaitingOrder], marks: Iterable[Mark | tuple[Side, int, int]]) -> None:
        """Watch the stops among stored orders, which come in ascending priority."""
        known = [Mark._make(mark) for mark in marks]
        by_side = {side: [mark for mark in known if mark.side == side] for side in Side}
        for order in orders:
            if order.order.type == OrderType.TRAILING_STOP:
                self._trailing(order).restore(order, by_side[order.side])
            else:
                self._triggers(order)[self._key(order)] = order
            order.is_watched = True
        self._renew_quiet()

    def remove(self, order: WaitingOrder) -> None:
        """Remove an order; O(log stops)."""
        del self.orders[order.order_id]
        unregister(self._by_account, order)
        self._digest_sum -= order.digest
        if order.is_stop:
            self._discount(order.account_id)
        if order.is_watched:
            self._unwatch(order)

    def change(self, order: WaitingOrder, *, price_ticks: int, quantity_lots: int) -> None:
        """Give a waiting order another limit or quantity."""
        self._digest_sum -= order.digest
        order.change(price_ticks=price_ticks, quantity_lots=quantity_lots)
        self._digest_sum += order.digest

    def observe(self, price_ticks: int) -> None:
        """Move what follows a trade's price and queue what it triggers.

        For a rise by ascending stop price, for a fall by descending stop price; at one stop price older ones first.
        """
        self._trailing_sells.follow(price_ticks)
        self._trailing_buys.follow(price_ticks)
        rises = self._take(self._rises, price_ticks, 1) + self._trailing_buys.take_reached(price_ticks)
        falls = self._take(self._falls, -price_ticks, -1) + self._trailing_sells.take_reached(price_ticks)
        rises.sort(key=lambda reached: (reached.stop_price_ticks, reached.order.priority))
        falls.sort(key=lambda reached: (-reached.stop_price_ticks, reached.order.priority))
        for order, stop_price_ticks in rises + falls:
            order.is_watched = False
            self.trigger(order, stop_price_ticks, price_ticks)
        self._renew_quiet()

    def trigger(self, order: WaitingOrder, stop_price_ticks: int, last_price_ticks: int) -> None:
        """Queue a stop: nothing but its turn triggers it any more."""
        if order.is_watched:
            self._unwatch(order)
        self.queue.append(Triggered(order, stop_price_ticks, last_price_ticks))

    def next_triggered(self) -> Triggered | None:
        """Take the stop whose turn it is off the queue, past those that were cancelled meanwhile."""
        while self.queue:
            triggered = self.queue.popleft()
            if self.orders.get(triggered.order.order_id) is triggered.order:
                return triggered
        return None

    def stop_price(self, order: WaitingOrder) -> int:
        """Return where a stop is now."""
        if order.order.type == OrderType.TRAILING_STOP and order.is_watched:
            return self._trailing(order).stop_price(order)
        return order.instructions.stop_price_ticks

    def marks(self) -> list[Mark]:
        """Return what restoring trailing stops needs beside the orders; O(groups of them)."""
        return self._trailing_sells.marks() + self._trailing_buys.marks()

    def digest(self) -> int:
        """Return 64 bits that stand for all waiting orders; O(groups of trailing stops)."""
        return (self._digest_sum + self._trailing_sells.digest() + self._trailing_buys.digest()) & MASK_64

    def check_invariants(self) -> None:
        """Raise AssertionError unless triggers, indexes and hash agree; O(waiting orders)."""
        assert not self.queue, "Invariant: every triggered stop has had its turn"
        for trailing in (self._trailing_sells, self._trailing_buys):
            trailing.check_invariants()
        watched = sum(order.is_watched for order in self.orders.values())
        trailing_count = sum(order.order.type == OrderType.TRAILING_STOP for order in self.orders.values())
        triggers = len(self._rises) + len(self._falls)
        assert watched == triggers + trailing_count, "Invariant: every watched stop has its trigger"
        for order in self.orders.values():
            assert order.owned is self._by_account[order.account_id], "Invariant: an order knows its account's orders"
            assert order.owned[order.priority] is order, "Invariant: an account knows its stops"
        stops = [order.account_id for order in self.orders.values() if order.is_stop]
        assert self.counts == {account: stops.count(account) for account in stops}, "Invariant: stops are counted"
        digests = sum(order.digest for order in self.orders.values())
        assert (digests - self._digest_sum) & MASK_64 == 0, "Invariant: the hash is the sum of the waiting orders'"

    def _discount(self, account_id: int) -> None:
        self.counts[account_id] -= 1
        if not self.counts[account_id]:
            del self.counts[account_id]

    def _trailing(self, order: WaitingOrder) -> TrailingStops:
        return self._trailing_sells if order.side == Side.SELL else self._trailing_buys

    def _triggers(self, order: WaitingOrder) -> dict[tuple[int, int], WaitingOrder]:
        return self._rises if waits_for_rise(order.order.type, order.side) else self._falls

    def _key(self, order: WaitingOrder) -> tuple[int, int]:
        stop_price = order.instructions.stop_price_ticks
        return (stop_price if waits_for_rise(order.order.type, order.side) else -stop_price, order.priority)

    def _unwatch(self, order: WaitingOrder) -> None:
        if order.order.type == OrderType.TRAILING_STOP:
            self._trailing(order).remove(order)
        else:
            del self._triggers(order)[self._key(order)]
        order.is_watched = False
        self._renew_quiet()

    def _take(self, triggers: dict[tuple[int, int], WaitingOrder], reach: int, sign: int) -> list[Reached]:
        reached = []
        while triggers and (key := next(iter(triggers)))[0] <= reach:
            reached.append(Reached(triggers.pop(key), key[0] * sign))
        return reached

    def _renew_quiet(self) -> None:
        sells, buys = self._trailing_sells, self._trailing_buys
        next_rise = next(iter(self._rises))[0] if self._rises else BEYOND_ALL
        next_fall = -next(iter(self._falls))[0] if self._falls else 0
        self.quiet_high = min(next_rise, -buys.reach, sells.follows_from + 1)
        self.quiet_low = max(next_fall, sells.reach, -buys.follows_from - 1)
