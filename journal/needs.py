"""What a new order must hold before the engine sees it: one rule for the journal and for whoever brings the money."""

from typing import Final, Protocol

from base.scaling import fee_units
from journal.live import LiveOrder
from journal.terms import MarketTerms
from matching.engine import STOP_TYPES, OrderType, PlaceOrder, Side

_BUY: Final = Side.BUY.value
_LIMIT: Final = OrderType.LIMIT.value


class Prices(Protocol):
    """What is known of a market's prices: an engine, or what was read from the database."""

    def hold_price_ticks(self, order: PlaceOrder) -> int:
        """Return the furthest price a stop could trade at if it were placed now."""

    def sweep_cost(self, order: PlaceOrder) -> tuple[int, int]:
        """Return the lots a market order would fill now, and their total of ticks x lots."""


def first_need(order: LiveOrder, command: PlaceOrder, terms: MarketTerms, prices: Prices) -> int:
    """Return what an order must hold when it is placed, in units of the asset it holds."""
    if order.type == _LIMIT or order.side != _BUY:
        return order.need_for(order.price_ticks, order.quantity_lots, terms)
    if order.type in STOP_TYPES:
        return order.need_for(prices.hold_price_ticks(command), order.quantity_lots, terms)
    if order.budget_units:
        return order.budget_units
    _, tick_lots = prices.sweep_cost(command)
    cost = tick_lots * terms.tick_lot_units
    return cost + fee_units(cost, order.taker_fee_ppm)
