"""Orders outside the book: stops that wait for the last price to reach them, and exits of brackets."""

from collections import deque
from collections.abc import Iterable
from itertools import chain
from typing import Final, NamedTuple

from sortedcontainers import SortedDict

from matching.engine.accounts import OrdersByAccount, register, unregister
from matching.engine.digests import MASK_64, digest_of
from matching.engine.orders import WaitingOrder
from matching.engine.trailing_stops import Mark, Reached, TrailingStops
from matching.engine.types import TAKE_PROFIT_TYPES, OrderType, Side
from matching.engine.unfinished import UP_TO_DATE, Unseen

BEYOND_ALL: Final = 1 << 64
"""A price beyond every order's."""


class Triggered(NamedTuple):
    """A stop whose turn it is, where it was, and the price that reached it."""

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
    """The waiting orders of a market, and the stops among them that prices have reached.

    `quiet_low` and `quiet_high` enclose the prices at which nothing happens: comparing with them is all that a
    trade between them costs, however many stops wait.

    Stops look at the prices of trades one by one, the next when all that the last one reached have had their turns.
    Until then, while `is_busy`, no price is quiet: new ones wait, and so do new stops, which begin to watch when all
    prices from before their time have been looked at. So nothing has to be kept of which stops were reached: it can be
    found out again. `is_behind` tells that turns were left when the last command had done enough.
    """

    __slots__ = (
        "_by_account",
        "_digest_sum",
        "_falling",
        "_falls",
        "_late",
        "_marks",
        "_newcomers",
        "_next",
        "_prices",
        "_rises",
        "_rising",
        "_seen_ticks",
        "_trailing_buys",
        "_trailing_sells",
        "_watched_seq",
        "counts",
        "is_behind",
        "is_busy",
        "orders",
        "quiet_high",
        "quiet_low",
    )

    def __init__(self, by_account: OrdersByAccount) -> None:
        self.orders: dict[int, WaitingOrder] = {}
        self.counts: dict[int, int] = {}
        self.is_busy = self.is_behind = False
        self.quiet_low, self.quiet_high = 0, BEYOND_ALL
        self._by_account = by_account
        self._rises: dict[tuple[int, int], WaitingOrder] = SortedDict()
        self._falls: dict[tuple[int, int], WaitingOrder] = SortedDict()  # by the negated price
        self._trailing_sells, self._trailing_buys = TrailingStops(Side.SELL), TrailingStops(Side.BUY)
        self._digest_sum = 0
        # While busy: what is looked at and what comes after it, in order of `seq`; and the marks at that moment.
        self._seen_ticks = self._watched_seq = 0
        self._prices: deque[tuple[int, int]] = deque()
        self._newcomers: deque[WaitingOrder] = deque()
        self._marks: list[Mark] = []
        # Trailing stops that the price has reached; the others are found where they wait.
        self._rising: deque[Reached] = deque()
        self._falling: deque[Reached] = deque()
        self._next: Triggered | None = None
        self._late: Triggered | None = None

    def add(self, order: WaitingOrder) -> None:
        """Keep an order; trades do not trigger it until it is watched. O(1)."""
        self.orders[order.order_id] = order
        register(self._by_account, order)
        self._digest_sum += order.digest
        if order.is_stop:
            self.counts[order.account_id] = self.counts.get(order.account_id, 0) + 1

    def watch(self, order: WaitingOrder, last_price_ticks: int) -> None:
        """Let trades trigger a stop, those from now on; O(log stops)."""
        if self.is_busy:
            self._newcomers.append(order)
        else:
            self._watch(order, last_price_ticks)
            self._renew_quiet()

    def restore(
        self, orders: Iterable[WaitingOrder], marks: Iterable[Mark | tuple[Side, int, int]], unseen: Unseen
    ) -> None:
        """Watch the stops among stored orders, which come in ascending priority, as far as they did."""
        known = [Mark._make(mark) for mark in marks]
        by_side = {side: [mark for mark in known if mark.side == side] for side in Side}
        seen_ticks, watched_seq, prices = unseen
        for order in orders:
            if seen_ticks and order.priority > watched_seq:
                self._newcomers.append(order)
            else:
                self._watch_again(order, by_side)
        if seen_ticks:
            self._prices.extend((seq, price_ticks) for seq, price_ticks in prices)
            self._look_at(watched_seq, seen_ticks)
            self._marks, self.is_busy, self.is_behind = known, True, True
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

    # --- prices ---------------------------------------------------------------------------------------

    def observe(self, price_ticks: int, seq: int) -> None:
        """Look at the price of a trade, now or after those before it; what it reaches has its turn later."""
        if not self.is_busy:
            self._look_at(seq, price_ticks)
            self.has_turn()
        elif price_ticks != (self._prices[-1][1] if self._prices else self._seen_ticks):
            self._prices.append((seq, price_ticks))

    def trigger(self, order: WaitingOrder, stop_price_ticks: int, last_price_ticks: int) -> None:
        """Give a stop that the last price is past already its turn in this command, before all others."""
        if order.is_watched:
            self._unwatch(order)
        self._late = Triggered(order, stop_price_ticks, last_price_ticks)
        self.is_busy = True
        self._renew_quiet()

    def take_late(self) -> Triggered | None:
        """Return the stop that was given its turn, once."""
        late, self._late = self._late, None
        return late

    def has_turn(self) -> bool:
        """Tell whether a triggered stop waits for its turn. Looks on until there is one, or nothing more to look at."""
        while not self._is_next_open():
            self._next = self._take_reached()
            if self._next is None and not self._look_on():
                return False
        return True

    def take_turn(self) -> Triggered:
        """Return the stop whose turn it is, after `has_turn`: nothing but its turn triggers it any more."""
        triggered, self._next = self._next, None
        assert triggered is not None, "Invariant: turns are taken when there are any"
        return triggered

    @property
    def unseen(self) -> Unseen:
        """What has to be stored of the prices that wait, beside orders and marks."""
        if not self.is_busy:
            return UP_TO_DATE
        return Unseen(self._seen_ticks, self._watched_seq, tuple(self._prices))

    def _is_next_open(self) -> bool:
        triggered = self._next
        return triggered is not None and self.orders.get(triggered.order.order_id) is triggered.order

    def _look_at(self, seq: int, price_ticks: int) -> None:
        """Move what follows a price, and begin to give turns to what it reaches.

        For a rise by ascending stop price, for a fall by descending stop price; at one stop price older ones first.
        """
        sells, buys = self._trailing_sells, self._trailing_buys
        sells.follow(price_ticks)
        buys.follow(price_ticks)
        self._seen_ticks, self._watched_seq = price_ticks, seq
        if sells.has_reached(price_ticks) or buys.has_reached(price_ticks):
            self._marks = self._present_marks()
            self._rising.extend(buys.take_reached(price_ticks))
            self._falling.extend(sells.take_reached(price_ticks))
            for reached in (*self._rising, *self._falling):
                reached.order.is_watched = False

    def _take_reached(self) -> Triggered | None:
        """Take the next stop that the price has reached out of where it waits."""
        price = self._seen_ticks
        if not price:
            return None
        rising = self._take_first(self._rises, self._rising, price)
        reached = rising or self._take_first(self._falls, self._falling, -price)
        if reached is None:
            return None
        if not self.is_busy:
            self.is_busy = True
            self._renew_quiet()
        if not self._marks:
            self._marks = self._present_marks()
        return Triggered(reached.order, abs(reached.key), price)

    def _take_first(
        self, waiting: dict[tuple[int, int], WaitingOrder], trailing: deque[Reached], reach: int
    ) -> Reached | None:
        while trailing and self.orders.get(trailing[0].order.order_id) is not trailing[0].order:
            trailing.popleft()
        key = next(iter(waiting), None)
        if key is None or key[0] > reach:
            return trailing.popleft() if trailing else None
        if trailing and trailing[0][:2] < key:
            return trailing.popleft()
        order = waiting.pop(key)
        order.is_watched = False
        return Reached(*key, order)

    def _look_on(self) -> bool:
        """Go on to the next price, or let the next newcomer watch; False when there is neither."""
        self._marks = []
        newcomers, prices = self._newcomers, self._prices
        if newcomers and (not prices or newcomers[0].priority < prices[0][0]):
            order = newcomers.popleft()
            self._watched_seq = order.priority
            if self.orders.get(order.order_id) is order:
                self._watch(order, self._seen_ticks)
        elif prices:
            self._look_at(*prices.popleft())
        else:
            self.is_busy = self.is_behind = False
            self._seen_ticks = self._watched_seq = 0
            self._renew_quiet()
            return False
        return True

    def stop_price(self, order: WaitingOrder) -> int:
        """Return where a stop is now."""
        if order.order.type == OrderType.TRAILING_STOP and order.is_watched:
            return self._trailing(order).stop_price(order)
        return order.instructions.stop_price_ticks

    def marks(self) -> list[Mark]:
        """Return what restoring trailing stops needs beside the orders; O(groups of them)."""
        return self._marks if self.is_busy else self._present_marks()

    def digest(self) -> int:
        """Return 64 bits that stand for all waiting orders; O(groups of trailing stops)."""
        total = self._digest_sum + sum(map(digest_of, self.marks()))
        if self.is_busy:
            seen_ticks, watched_seq, prices = self.unseen
            total += digest_of((seen_ticks, watched_seq, *chain.from_iterable(prices)))
        return total & MASK_64

    def check_invariants(self) -> None:
        """Raise AssertionError unless triggers, indexes and hash agree; O(waiting orders)."""
        assert self.is_busy == self.is_behind == self.has_turn(), "Invariant: stops are up to date, or have turns"
        for trailing in (self._trailing_sells, self._trailing_buys):
            trailing.check_invariants()
        watched = sum(order.is_watched for order in self.orders.values())
        triggers = len(self._rises) + len(self._falls) + len(self._trailing_sells) + len(self._trailing_buys)
        assert watched == triggers, "Invariant: every watched stop has its trigger"
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

    def _watch(self, order: WaitingOrder, last_price_ticks: int) -> None:
        if order.order.type == OrderType.TRAILING_STOP:
            self._trailing(order).add(order, last_price_ticks)
        else:
            self._triggers(order)[self._key(order)] = order
        order.is_watched = True

    def _watch_again(self, order: WaitingOrder, marks: dict[Side, list[Mark]]) -> None:
        if order.order.type == OrderType.TRAILING_STOP:
            self._trailing(order).restore(order, marks[order.side])
        else:
            self._triggers(order)[self._key(order)] = order
        order.is_watched = True

    def _present_marks(self) -> list[Mark]:
        return self._trailing_sells.marks() + self._trailing_buys.marks()

    def _renew_quiet(self) -> None:
        if self.is_busy:
            self.quiet_low, self.quiet_high = BEYOND_ALL, 0
            return
        sells, buys = self._trailing_sells, self._trailing_buys
        next_rise = next(iter(self._rises))[0] if self._rises else BEYOND_ALL
        next_fall = -next(iter(self._falls))[0] if self._falls else 0
        self.quiet_high = min(next_rise, -buys.reach, sells.follows_from + 1)
        self.quiet_low = max(next_fall, sells.reach, -buys.follows_from - 1)
