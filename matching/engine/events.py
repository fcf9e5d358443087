"""What the engine says has happened.

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


class TradeExecuted(NamedTuple):
    """Two orders matched, at the maker's price."""

    seq: int
    price_ticks: int
    quantity_lots: int
    maker_order_id: int
    taker_order_id: int
    maker_account_id: int
    taker_account_id: int
    taker_side: Side
    maker_remaining_lots: int


class OrderCancelled(NamedTuple):
    """What was left of an accepted order is gone.

    For a budget order `remaining_lots` is what the unspent budget would still buy at the last price seen. A
    budget order whose rest buys no lot at that price is filled, and has no such event.
    """

    seq: int
    order_id: int
    reason: CancelReason
    remaining_lots: int


class CancelRejected(NamedTuple):
    seq: int
    order_id: int
    reason: RejectReason


class LevelChanged(NamedTuple):
    """The absolute state of a price level after a command; a level of 0 lots and 0 orders is gone."""

    seq: int
    side: Side
    price_ticks: int
    quantity_lots: int
    order_count: int


class TradingStateChanged(NamedTuple):
    seq: int
    state: TradingState


class PriceBandChanged(NamedTuple):
    seq: int
    band_ppm: int
    reference_price_ticks: int


Event = (
    OrderAccepted
    | OrderRejected
    | TradeExecuted
    | OrderCancelled
    | CancelRejected
    | LevelChanged
    | TradingStateChanged
    | PriceBandChanged
)
