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
    LIMIT = 1
    MARKET = 2


class TimeInForce(IntEnum):
    GTC = 1
    IOC = 2
    FOK = 3


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
    DUPLICATE_ORDER_ID = 30
    PRICE_OUT_OF_BAND = 40
    POST_ONLY_WOULD_TRADE = 50
    INSUFFICIENT_LIQUIDITY = 60
    ORDER_NOT_FOUND = 70

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


_PERMANENT: Final = (RejectReason.DUPLICATE_ORDER_ID, RejectReason.ORDER_NOT_FOUND)
