"""Orders that rest in the book."""

import struct
from hashlib import blake2b
from typing import TYPE_CHECKING, Final, NamedTuple

from matching.engine.types import Side

if TYPE_CHECKING:
    from matching.engine.levels import PriceLevel

_DIGEST_FIELDS: Final = struct.Struct(">16s16sBQQQ")


class RestoredOrder(NamedTuple):
    """An open order as it was stored, to rebuild a book from."""

    order_id: int
    account_id: int
    side: Side
    price_ticks: int
    quantity_lots: int
    remaining_lots: int
    priority: int


class RestingOrder:
    """An open order in the queue of its price level.

    `priority` is the sequence number that gave the order its place in the queue. `digest` is what the order
    last added to the book's hash, 0 if it has not been hashed yet.
    """

    __slots__ = (
        "account_id",
        "digest",
        "level",
        "next",
        "order_id",
        "prev",
        "price_ticks",
        "priority",
        "quantity_lots",
        "remaining_lots",
        "side",
    )

    level: "PriceLevel"
    prev: "RestingOrder | None"
    next: "RestingOrder | None"

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

    def compute_digest(self) -> int:
        """Return 64 bits that stand for everything about this order that matching depends on."""
        packed = _DIGEST_FIELDS.pack(
            self.order_id.to_bytes(16, "big"),
            self.account_id.to_bytes(16, "big"),
            self.side,
            self.price_ticks,
            self.remaining_lots,
            self.priority,
        )
        return int.from_bytes(blake2b(packed, digest_size=8).digest(), "big")
