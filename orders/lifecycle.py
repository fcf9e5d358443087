"""The life of an order: which event takes it from which status to which. Every change of a status goes through here."""

from typing import Final

from orders.models import OrderStatus

# Plain strings, not members of an enum: every fill of every order looks into the table.
PENDING: Final = OrderStatus.PENDING.value
OPEN: Final = OrderStatus.OPEN.value
PARTIALLY_FILLED: Final = OrderStatus.PARTIALLY_FILLED.value
FILLED: Final = OrderStatus.FILLED.value
CANCELLED: Final = OrderStatus.CANCELLED.value
REJECTED: Final = OrderStatus.REJECTED.value
EXPIRED: Final = OrderStatus.EXPIRED.value

# What happens to an order. A new order is pending until the engine says what becomes of it.
ACCEPT: Final = "accept"  # into the book or the match
WAIT: Final = "wait"  # for its trigger or for the entry of its bracket
REJECT: Final = "reject"
TRIGGER: Final = "trigger"
ARM: Final = "arm"  # an exit learns the quantity its entry has filled
FILL_PARTLY: Final = "fill partly"
FILL: Final = "fill"
REFILL: Final = "refill"  # of what an iceberg shows
MOVE: Final = "move"  # to behind the other side, of a post-only order
DECREMENT: Final = "decrement"
AMEND: Final = "amend"
SPEND: Final = "spend"  # a budget no longer buys a single lot
CANCEL: Final = "cancel"
EXPIRE: Final = "expire"

OPEN_STATUSES: Final = frozenset({PENDING, OPEN, PARTIALLY_FILLED})
EVENTS: Final = (
    ACCEPT,
    WAIT,
    REJECT,
    TRIGGER,
    ARM,
    FILL_PARTLY,
    FILL,
    REFILL,
    MOVE,
    DECREMENT,
    AMEND,
    SPEND,
    CANCEL,
    EXPIRE,
)


class _Table(dict[tuple[str, str], str]):
    def __missing__(self, key: tuple[str, str]) -> str:
        raise AssertionError(f"Invariant: an order that is {key[0]} does not {key[1]}")


TRANSITIONS: Final = _Table(
    {
        (PENDING, ACCEPT): OPEN,
        (PENDING, WAIT): PENDING,
        (PENDING, REJECT): REJECTED,
        (PENDING, TRIGGER): OPEN,
        (PENDING, ARM): PENDING,
        (PENDING, AMEND): PENDING,
        (PENDING, CANCEL): CANCELLED,
        (PENDING, EXPIRE): EXPIRED,
        (OPEN, FILL_PARTLY): PARTIALLY_FILLED,
        (OPEN, FILL): FILLED,
        (OPEN, MOVE): OPEN,
        (OPEN, DECREMENT): OPEN,
        (OPEN, AMEND): OPEN,
        (OPEN, SPEND): CANCELLED,  # self-trade prevention used the budget up
        (OPEN, CANCEL): CANCELLED,
        (OPEN, EXPIRE): EXPIRED,
        (PARTIALLY_FILLED, FILL_PARTLY): PARTIALLY_FILLED,
        (PARTIALLY_FILLED, FILL): FILLED,
        (PARTIALLY_FILLED, REFILL): PARTIALLY_FILLED,
        (PARTIALLY_FILLED, DECREMENT): PARTIALLY_FILLED,
        (PARTIALLY_FILLED, AMEND): PARTIALLY_FILLED,
        (PARTIALLY_FILLED, SPEND): FILLED,
        (PARTIALLY_FILLED, CANCEL): CANCELLED,
        (PARTIALLY_FILLED, EXPIRE): EXPIRED,
    }
)
"""(status, event) -> status after it. Raises AssertionError for what cannot happen to an order of this status."""
