"""The events of the engine: what has happened.

Each event starts with `seq`, the market's gap-free sequence number. Events are named tuples for the reason
given in `commands`.
"""

from typing import NamedTuple

from matching.engine.types import CancelReason, RejectReason, Side, TradingState


class OrderAccepted(NamedTuple):
    """The order keeps the rules of the market; its `seq` is its place in the queue."""

    seq: int
    order_id: int


class OrderRejected(NamedTuple):
    seq: int
    order_id: int
    reason: RejectReason


class OrderRepriced(NamedTuple):
    """A post-only order was moved to one tick behind the other side; follows its acceptance."""

    seq: int
    order_id: int
    price_ticks: int


class StopPlaced(NamedTuple):
    """The order is accepted and waits for its trigger.

    `price_ticks` is the furthest price it may trade at: its limit, or the protection price of what will be a
    market order.
    """

    seq: int
    order_id: int
    stop_price_ticks: int
    price_ticks: int


class ExitPlaced(NamedTuple):
    """An exit of a bracket is accepted and waits for its entry."""

    seq: int
    order_id: int


class StopTriggered(NamedTuple):
    """The last price reached the stop; its `seq` is now the order's place in the queue."""

    seq: int
    order_id: int
    stop_price_ticks: int
    last_price_ticks: int


class BracketArmed(NamedTuple):
    """The entry of a bracket has ended with a fill: its exits are for so many lots and wait for their funds."""

    seq: int
    entry_id: int
    quantity_lots: int


class TradeExecuted(NamedTuple):
    """Two orders matched, at the maker's price or the auction's.

    `maker_remaining_lots` counts what an iceberg hides, too.
    """

    seq: int
    price_ticks: int
    quantity_lots: int
    maker_order_id: int
    taker_order_id: int
    maker_account_id: int
    taker_account_id: int
    taker_side: Side
    maker_remaining_lots: int


class IcebergRefilled(NamedTuple):
    """The visible part of an iceberg was used up and is there again, at the end of the queue."""

    seq: int
    order_id: int
    visible_lots: int


class OrderDecremented(NamedTuple):
    """Self-trade prevention took lots off an order, which stays open with the rest."""

    seq: int
    order_id: int
    lots: int
    remaining_lots: int


class OrderAmended(NamedTuple):
    """The order has this price and total quantity now, and `priority` as its place in the queue."""

    seq: int
    order_id: int
    price_ticks: int
    quantity_lots: int
    remaining_lots: int
    priority: int


class StopMoved(NamedTuple):
    """The amended stop waits for another price now; follows its `OrderAmended`."""

    seq: int
    order_id: int
    stop_price_ticks: int


class AmendRejected(NamedTuple):
    seq: int
    order_id: int
    reason: RejectReason


class OrderCancelled(NamedTuple):
    """What was left of an accepted order is gone.

    For a budget order `remaining_lots` is what the unspent budget would still buy at the last price seen. A
    budget order whose rest buys no lot at that price is filled, and has no such event.
    """

    seq: int
    order_id: int
    reason: CancelReason
    remaining_lots: int


class OrderExpired(NamedTuple):
    """The order's time is over."""

    seq: int
    order_id: int
    remaining_lots: int


class CancelRejected(NamedTuple):
    seq: int
    order_id: int
    reason: RejectReason


class CancelAfterSet(NamedTuple):
    """Every order of this account is cancelled at `due_ms`; 0 = the switch is off."""

    seq: int
    account_id: int
    due_ms: int


class AuctionHeld(NamedTuple):
    """An auction found this price; its trades follow. `quantity_lots` is what can trade at this price."""

    seq: int
    price_ticks: int
    quantity_lots: int


class LevelChanged(NamedTuple):
    """The absolute visible state of a price level after a command; a level of 0 lots and 0 orders is gone."""

    seq: int
    side: Side
    price_ticks: int
    quantity_lots: int
    order_count: int


class TradingStateChanged(NamedTuple):
    seq: int
    state: TradingState


class RulesChanged(NamedTuple):
    seq: int
    band_ppm: int
    reference_price_ticks: int
    max_orders: int
    max_stops: int
    edition: int


Event = (
    OrderAccepted
    | OrderRejected
    | OrderRepriced
    | StopPlaced
    | ExitPlaced
    | StopTriggered
    | BracketArmed
    | TradeExecuted
    | IcebergRefilled
    | OrderDecremented
    | OrderAmended
    | StopMoved
    | AmendRejected
    | OrderCancelled
    | OrderExpired
    | CancelRejected
    | CancelAfterSet
    | AuctionHeld
    | LevelChanged
    | TradingStateChanged
    | RulesChanged
)
