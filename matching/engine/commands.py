"""The commands of the engine.

Commands are named tuples: immutable like frozen dataclasses, and much cheaper to build. The price is that
tuples of different types with equal fields compare equal; tell them apart by type.
"""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from matching.engine.types import GroupKind, OrderType, SelfTradePrevention, Side, TimeInForce, TradingState

WHOLE_BITS: Final = 63
"""Prices, quantities, budgets, times and the total of a level are whole numbers of so many bits, so they fit into 64.

Asserted where they enter the engine. The filters of a market keep orders far below it.
"""


class Instructions(NamedTuple):
    """What an order may ask for beyond price and quantity; 0 = not asked for.

    `stop_price_ticks` is the trigger of a stop or take-profit order. A trailing stop has `trail_ticks` or
    `trail_ppm`, its distance from the best price since it was accepted. `display_lots` is the visible part of
    an iceberg. `expire_ms` is the end of a GTD order. `reprice` moves a post-only order that would trade to one
    tick behind the other side instead of refusing it.
    """

    stop_price_ticks: int = 0
    trail_ticks: int = 0
    trail_ppm: int = 0
    display_lots: int = 0
    expire_ms: int = 0
    self_trade_prevention: SelfTradePrevention = SelfTradePrevention.CANCEL_NEWEST
    reprice: bool = False

    @classmethod
    def of(cls, values: Sequence[int]) -> "Instructions":
        """Return the instructions whose fields are given as plain numbers; PLAIN itself if they ask for nothing."""
        given = cls._make(values)
        given = given._replace(
            self_trade_prevention=SelfTradePrevention(given.self_trade_prevention), reprice=bool(given.reprice)
        )
        return PLAIN if given == PLAIN else given


PLAIN: Final = Instructions()
"""No instructions: what most orders have."""


def are_whole(numbers: Iterable[int]) -> bool:
    """Tell whether numbers are 0 or more, and no larger than any may be."""
    return not any(number >> WHOLE_BITS for number in numbers)


class PlaceOrder(NamedTuple):
    """Place an order; ids are any integers of up to 128 bits.

    `price_ticks` is the limit of a LIMIT, STOP_LIMIT or TAKE_PROFIT_LIMIT order, otherwise 0. A market buy names
    either `quantity_lots` or a `budget` in ticks x lots, the other being 0; every other order has a budget of 0.
    What a market order cannot fill at once never rests, whatever its time in force. FOK makes it fill wholly or
    not at all; for a budget, "wholly" means that what is within reach is worth at least the budget.
    """

    time_ms: int
    order_id: int
    account_id: int
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    post_only: bool
    price_ticks: int
    quantity_lots: int
    budget: int
    instructions: Instructions = PLAIN


class PlaceGroup(NamedTuple):
    """Place orders that belong together, all or none. The id of the first is the id of the group.

    OCO: a limit order and a stop of the same account, side and quantity; when one trades, triggers or ends, the other
    is cancelled. BRACKET: an entry (limit or market), then its take-profit (limit) and its stop-loss (stop or stop
    limit) of the opposite side, which wait until the entry has ended with a fill and then are an OCO for what was
    filled. All have the same account and no instructions but stop price, expiry and self-trade prevention.
    """

    time_ms: int
    kind: GroupKind
    orders: tuple[PlaceOrder, ...]


class CancelOrder(NamedTuple):
    """Cancel an open order of this account; an order of another account counts as unknown."""

    time_ms: int
    order_id: int
    account_id: int


class AmendOrder(NamedTuple):
    """Give an open order of this account a new price, total quantity (fills included) or stop price; 0 = as it is.

    Orders of a group have one quantity: it is changed on all of them.
    """

    time_ms: int
    order_id: int
    account_id: int
    price_ticks: int
    quantity_lots: int
    stop_price_ticks: int = 0


class CancelAll(NamedTuple):
    """Cancel the open orders of this account, oldest priority first, as many as one command may."""

    time_ms: int
    account_id: int


class SetCancelAfter(NamedTuple):
    """Cancel every order of this account in `timeout_ms` unless this command comes again; 0 turns that off."""

    time_ms: int
    account_id: int
    timeout_ms: int


class ExpireDue(NamedTuple):
    """Set the time to `time_ms`: what is due by then expires, and stops that wait for their turns go on."""

    time_ms: int


class ActivateBracket(NamedTuple):
    """Activate the exits of a bracket whose entry has ended, or cancel them if they are not `funded`."""

    time_ms: int
    entry_id: int
    funded: bool


class SetTradingState(NamedTuple):
    time_ms: int
    state: TradingState


class SetRules(NamedTuple):
    """Set the market's price band and how many orders an account may have; 0 = no limit.

    `band_ppm` says how far a price may be from the last trade's, or from the reference price before the first
    trade, in millionths of that price. `max_orders` counts all open orders of an account, `max_stops` those of them
    that wait for a trigger. `edition` is the edition of the rule book that holds from now on: a journal is replayed
    under the one it was written under.
    """

    time_ms: int
    band_ppm: int
    reference_price_ticks: int
    max_orders: int = 0
    max_stops: int = 0
    edition: int = 1  # what journals mean that do not name one


Command = (
    PlaceOrder
    | PlaceGroup
    | CancelOrder
    | AmendOrder
    | CancelAll
    | SetCancelAfter
    | ExpireDue
    | ActivateBracket
    | SetTradingState
    | SetRules
)
