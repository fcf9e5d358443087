"""Orders that the engine keeps: those that rest in the queue of a price level, and those that wait outside the book."""

import struct
from collections.abc import Iterator
from hashlib import blake2b
from typing import Final, NamedTuple

from matching.engine.commands import PLAIN, WHOLE_BITS, Instructions, PlaceOrder
from matching.engine.digests import MASK_64, digest_of
from matching.engine.types import LIMIT_TYPES, STOP_TYPES, GroupRole, OrderType, Side, TimeInForce

_DIGEST_FIELDS: Final = struct.Struct(">16s16sBQQQQ")


class RestoredSpecial(NamedTuple):
    """What a stored order has beyond a plain one.

    `is_resting` is False for an order that waits for its trigger or, in a bracket, for its entry. `group_id` 0 is
    no group.
    """

    type: OrderType
    time_in_force: TimeInForce
    post_only: bool
    instructions: Instructions
    visible_lots: int
    is_resting: bool
    group_id: int = 0
    group_role: GroupRole | None = None


class RestoredOrder(NamedTuple):
    """An open order as it was stored, to rebuild an engine from; `special` is None for a plain resting one."""

    order_id: int
    account_id: int
    side: Side
    price_ticks: int
    quantity_lots: int
    remaining_lots: int
    priority: int
    special: RestoredSpecial | None = None


class RestingOrder:
    """An open order in the queue of its price level.

    `priority` is the sequence number that gave the order its place in the queue. `remaining_lots` is what the queue
    sees, so without the hidden part of an iceberg. `digest` is what the order last added to the book's hash, 0 if it
    has not been hashed yet.
    """

    __slots__ = (
        "account_id",
        "digest",
        "level",
        "next",
        "order_id",
        "owned",
        "prev",
        "price_ticks",
        "priority",
        "quantity_lots",
        "remaining_lots",
        "side",
    )

    level: "PriceLevel"
    owned: "dict[int, OpenOrder]"  # its account's open orders
    prev: "RestingOrder | None"
    next: "RestingOrder | None"

    # What a plain order does not have costs it nothing: these are slots of SpecialOrder only.
    is_special = False
    post_only: bool = False
    instructions: Instructions = PLAIN
    hidden_lots: int = 0

    def __init__(
        self,
        order_id: int,
        account_id: int,
        side: Side,
        price_ticks: int,
        quantity_lots: int,
        remaining_lots: int,
        priority: int,
    ) -> None:
        self.order_id = order_id
        self.account_id = account_id
        self.side = side
        self.price_ticks = price_ticks
        self.quantity_lots = quantity_lots
        self.remaining_lots = remaining_lots
        self.priority = priority
        self.digest = 0

    @property
    def total_lots(self) -> int:
        """What is left of the order, seen or hidden."""
        return self.remaining_lots + self.hidden_lots

    @property
    def filled_lots(self) -> int:
        return self.quantity_lots - self.total_lots

    def compute_digest(self) -> int:
        """Return 64 bits that stand for everything about this order that matching depends on."""
        packed = _DIGEST_FIELDS.pack(
            self.order_id.to_bytes(16, "big"),
            self.account_id.to_bytes(16, "big"),
            self.side,
            self.price_ticks,
            self.quantity_lots,
            self.remaining_lots,
            self.priority,
        )
        return int.from_bytes(blake2b(packed, digest_size=8).digest(), "big")


class PriceLevel:
    """The queue of the orders at one price, first come first.

    A doubly linked list through the orders themselves, so that joining and leaving, at the front or in the
    middle, are O(1). (A dict used as a queue scans over the deleted entries at its front.)
    """

    __slots__ = ("head", "hidden_lots", "key", "order_count", "price_ticks", "quantity_lots", "side", "tail")

    head: RestingOrder | None
    tail: RestingOrder | None

    def __init__(self, side: Side, price_ticks: int, key: int) -> None:
        self.side = side
        self.price_ticks = price_ticks
        self.key = key
        self.quantity_lots = 0
        self.hidden_lots = 0
        self.order_count = 0
        self.head = None
        self.tail = None

    def append(self, order: RestingOrder) -> None:
        """Put an order at the end of the queue, in O(1)."""
        tail = self.tail
        order.level = self
        order.prev = tail
        order.next = None
        if tail is None:
            self.head = order
        else:
            tail.next = order
        self.tail = order
        total = self.quantity_lots = self.quantity_lots + order.remaining_lots
        assert not total >> WHOLE_BITS, "Invariant: the total of a level has 64 bits"
        self.order_count += 1
        if order.is_special:
            self.hidden_lots += order.hidden_lots

    def remove(self, order: RestingOrder) -> None:
        """Take an order out of the queue, wherever it stands, in O(1)."""
        before, after = order.prev, order.next
        if before is None:
            self.head = after
        else:
            before.next = after
        if after is None:
            self.tail = before
        else:
            after.prev = before
        # Without these, removed orders would keep each other alive until the garbage collector runs.
        order.prev = order.next = None
        self.quantity_lots -= order.remaining_lots
        self.order_count -= 1
        if self.hidden_lots:
            self.hidden_lots -= order.hidden_lots

    @property
    def total_lots(self) -> int:
        """All lots at this price, the hidden parts of icebergs too."""
        return self.quantity_lots + self.hidden_lots

    def __iter__(self) -> Iterator[RestingOrder]:
        order = self.head
        while order is not None:
            yield order
            order = order.next

    def check_invariants(self) -> None:
        orders = list(self)
        assert orders, "Invariant: a price level in the book has orders"
        assert self.head is orders[0], "Invariant: the head is the first order"
        assert self.tail is orders[-1], "Invariant: the tail is the last order"
        assert self.order_count == len(orders), "Invariant: the level counts its orders"
        lots = sum(order.remaining_lots for order in orders)
        assert self.quantity_lots == lots, "Invariant: the level's quantity is the sum of its orders'"
        hidden = sum(order.hidden_lots for order in orders)
        assert self.hidden_lots == hidden, "Invariant: the level's hidden quantity is the sum of its orders'"
        before = None
        for order in orders:
            assert order.level is self, "Invariant: an order knows its level"
            assert order.prev is before, "Invariant: the queue is linked both ways"
            assert (order.side, order.price_ticks) == (self.side, self.price_ticks), "Invariant: same side and price"
            assert 0 < order.remaining_lots <= order.quantity_lots, "Invariant: an open order has lots left"
            assert 0 <= order.hidden_lots < order.quantity_lots, "Invariant: a part of an order is seen"
            assert before is None or before.priority < order.priority, "Invariant: the queue is in order of priority"
            before = order


class SpecialOrder(RestingOrder):
    """A resting order with instructions, or one that belongs to a group."""

    __slots__ = ("hidden_lots", "instructions", "post_only")

    is_special = True

    def __init__(self, order: PlaceOrder, remaining_lots: int, priority: int) -> None:
        super().__init__(
            order.order_id,
            order.account_id,
            order.side,
            order.price_ticks,
            order.quantity_lots,
            remaining_lots,
            priority,
        )
        self.post_only = order.post_only
        self.instructions = order.instructions
        self.hidden_lots = 0
        self.show(self.instructions.display_lots)

    def show(self, display_lots: int) -> None:
        """Hide all but `display_lots` of what is left; 0 hides nothing."""
        total = self.total_lots
        self.remaining_lots = min(total, display_lots) if display_lots else total
        self.hidden_lots = total - self.remaining_lots

    def compute_digest(self) -> int:
        plain = super().compute_digest()
        if (self.post_only, self.instructions, self.hidden_lots) == (False, PLAIN, 0):
            return plain
        return (plain + digest_of([self.post_only, *self.instructions, self.hidden_lots, plain])) & MASK_64


class WaitingOrder:
    """An order outside the book: a stop that waits for its trigger, or an exit that waits for its bracket's entry.

    `order` is the command with what was found out since: the stop price of a trailing stop as it was when accepted,
    and as its price the furthest one it may trade at. `is_watched` tells that trades may trigger it.
    """

    __slots__ = ("digest", "is_watched", "order", "owned", "priority")

    owned: "dict[int, OpenOrder]"

    is_special = True
    hidden_lots = 0
    filled_lots = 0

    def __init__(self, order: PlaceOrder, priority: int) -> None:
        self.order = order
        self.priority = priority
        self.is_watched = False
        self.digest = self._compute_digest()

    @property
    def order_id(self) -> int:
        return self.order.order_id

    @property
    def account_id(self) -> int:
        return self.order.account_id

    @property
    def side(self) -> Side:
        return self.order.side

    @property
    def remaining_lots(self) -> int:
        return self.order.quantity_lots

    @property
    def total_lots(self) -> int:
        return self.order.quantity_lots

    @property
    def instructions(self) -> Instructions:
        return self.order.instructions

    @property
    def is_stop(self) -> bool:
        return self.order.type in STOP_TYPES

    @property
    def has_limit(self) -> bool:
        return self.order.type in LIMIT_TYPES

    @property
    def has_stop_price(self) -> bool:
        """Tell whether its owner says for which price it waits: that of a trailing stop follows the market."""
        return self.is_stop and self.order.type != OrderType.TRAILING_STOP

    def change(self, *, price_ticks: int, quantity_lots: int) -> None:
        self.order = self.order._replace(price_ticks=price_ticks, quantity_lots=quantity_lots)
        self.digest = self._compute_digest()

    def _compute_digest(self) -> int:
        _, *fields, budget, instructions = self.order
        return digest_of([*fields, budget, *instructions, self.priority])


OpenOrder = RestingOrder | WaitingOrder
