"""What the engine can be told to do.

Commands are named tuples: immutable like frozen dataclasses, and much cheaper to build. The price is that
tuples of different types with equal fields compare equal; tell them apart by type.
"""

from typing import NamedTuple

from matching.engine.types import OrderType, Side, TimeInForce, TradingState


class PlaceOrder(NamedTuple):
    """Place an order; ids are any integers of up to 128 bits.

    `price_ticks` is 0 for a market order. A market buy names either `quantity_lots` or a `budget` in ticks x
    lots, the other being 0; every other order has a budget of 0. What a market order cannot fill at once
    never rests, whatever its time in force. FOK makes it fill wholly or not at all; for a budget, "wholly"
    means that what is within reach is worth at least the budget.
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


class CancelOrder(NamedTuple):
    """Cancel an open order of this account; another account's order is as good as not there."""

    time_ms: int
    order_id: int
    account_id: int


class SetTradingState(NamedTuple):
    time_ms: int
    state: TradingState


class SetPriceBand(NamedTuple):
    """Set how far a price may be from the last trade's, or from the reference price before the first trade.

    `band_ppm` is in millionths of that price; 0 lifts the band.
    """

    time_ms: int
    band_ppm: int
    reference_price_ticks: int


Command = PlaceOrder | CancelOrder | SetTradingState | SetPriceBand
