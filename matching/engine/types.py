"""The closed vocabularies of the engine. They travel as integers, so a number once given never changes."""

from enum import IntEnum
from typing import Final


class Side(IntEnum):
    BUY = 1
    SELL = 2

    @property
    def opposite(self) -> "Side":
        return Side.SELL if self is Side.BUY else Side.BUY


class OrderType(IntEnum):
    """Those from STOP on wait for a trigger: all of them outside the book, as limit or as market orders later."""

    LIMIT = 1
    MARKET = 2
    STOP = 3
    STOP_LIMIT = 4
    TAKE_PROFIT = 5
    TAKE_PROFIT_LIMIT = 6
    TRAILING_STOP = 7


STOP_TYPES: Final = frozenset(order_type for order_type in OrderType if order_type >= OrderType.STOP)
"""Types that wait for a trigger."""

LIMIT_TYPES: Final = frozenset({OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT_LIMIT})
"""Types whose price the client gives, and which may rest in the book."""

TAKE_PROFIT_TYPES: Final = frozenset({OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_LIMIT})


class TimeInForce(IntEnum):
    GTC = 1
    IOC = 2
    FOK = 3
    GTD = 4


class SelfTradePrevention(IntEnum):
    """What happens when an order would trade with one of the same account; the taker's choice counts."""

    CANCEL_NEWEST = 1
    CANCEL_OLDEST = 2
    CANCEL_BOTH = 3
    DECREMENT = 4


class GroupKind(IntEnum):
    OCO = 1
    BRACKET = 2


class GroupRole(IntEnum):
    """What an order is in its group."""

    OCO_LIMIT = 1
    OCO_STOP = 2
    ENTRY = 3
    TAKE_PROFIT = 4
    STOP_LOSS = 5


class TradingState(IntEnum):
    PRE_OPEN = 1
    CONTINUOUS = 2
    HALTED = 3
    POST_ONLY = 4
    CLOSED = 5


class RejectReason(IntEnum):
    """Why the engine refused a command, in order of precedence: of several that apply, the first is given.

    The numbers leave gaps so that a new reason finds its place in the order without renumbering the others.
    """

    MARKET_CLOSED = 10
    MARKET_HALTED = 20
    MARKET_PRE_OPEN = 25
    DUPLICATE_ORDER_ID = 30
    TOO_MANY_ORDERS = 32
    TOO_MANY_STOPS = 34
    ALREADY_EXPIRED = 36
    NO_LAST_PRICE = 38
    PRICE_OUT_OF_BAND = 40
    STOP_WOULD_TRIGGER = 45
    POST_ONLY_WOULD_TRADE = 50
    SELF_TRADE = 55
    INSUFFICIENT_LIQUIDITY = 60
    ORDER_NOT_FOUND = 70
    ORDER_LINKED = 75
    PRICE_NOT_AMENDABLE = 77
    TRIGGER_NOT_AMENDABLE = 78
    QUANTITY_BELOW_FILLED = 80

    @property
    def is_transient(self) -> bool:
        """Tell whether the same command could succeed later, without being changed."""
        return self not in _PERMANENT


class CancelReason(IntEnum):
    """Why an accepted order ended before it was filled."""

    REQUESTED = 1
    IOC_REMAINDER = 2
    FOK_NOT_FILLABLE = 3
    MARKET_REMAINDER = 4
    SELF_TRADE = 5
    LINKED = 6
    PRICE_OUT_OF_BAND = 7
    NO_FUNDS = 8
    CANCEL_AFTER = 9
    MATCH_LIMIT = 10


_PERMANENT: Final = (
    RejectReason.DUPLICATE_ORDER_ID,
    RejectReason.ALREADY_EXPIRED,
    RejectReason.ORDER_NOT_FOUND,
    RejectReason.ORDER_LINKED,
    RejectReason.PRICE_NOT_AMENDABLE,
    RejectReason.TRIGGER_NOT_AMENDABLE,
    RejectReason.QUANTITY_BELOW_FILLED,
)
