"""What an order must hold: one rule for the journal, which holds it, and for the services that fund the order first.

A buy holds quote: price x quantity and the highest fee it can be charged. A sell holds its quantity. Amounts are units
of the asset that is held.
"""

from typing import Final, NamedTuple, Protocol

from base.scaling import MarketScale, fee_units
from matching.engine import LIMIT_TYPES, STOP_TYPES, OrderType, PlaceOrder, Side
from matching.engine.rules import protection_price

_BUY: Final = Side.BUY.value
_LIMIT: Final = OrderType.LIMIT.value

__all__ = ["AskedPrices", "FeeRates", "Prices", "amended_price", "first_need", "open_need"]


class FeeRates(NamedTuple):
    """The rates of one order, in millionths of what it trades."""

    maker_ppm: int
    taker_ppm: int


class Prices(Protocol):
    """What is known of a market's prices: an engine, or what was read from the database."""

    def hold_price_ticks(self, order: PlaceOrder) -> int:
        """Return the furthest price a stop could trade at if it were placed now."""

    def sweep_cost(self, order: PlaceOrder) -> tuple[int, int]:
        """Return the lots a market order would fill now, and their total of ticks x lots."""


def open_need(side: int, price_ticks: int, lots: int, *, highest_fee_ppm: int, scale: MarketScale) -> int:
    """Return what so many lots at a price need while they are open."""
    if side != _BUY:
        return lots * scale.lot_units
    cost = price_ticks * lots * scale.tick_lot_units
    return cost + fee_units(cost, highest_fee_ppm)


class AskedPrices(Protocol):
    """What an amendment asks for; 0 leaves a price as it is."""

    @property
    def price_ticks(self) -> int: ...
    @property
    def stop_price_ticks(self) -> int: ...


def amended_price(
    asked: AskedPrices, *, side: int, order_type: int, price_ticks: int, stop_price_ticks: int, band_ppm: int
) -> int:
    """Return the furthest price an order may trade at once it is amended: a stop without a limit gets a new one."""
    moves = asked.stop_price_ticks not in (0, stop_price_ticks)
    if moves and order_type in STOP_TYPES and order_type not in LIMIT_TYPES:
        return protection_price(Side(side), asked.stop_price_ticks, band_ppm)
    return asked.price_ticks or price_ticks


def first_need(order: PlaceOrder, budget_units: int, rates: FeeRates, scale: MarketScale, prices: Prices) -> int:
    """Return what an order must hold when it is placed. `budget_units` is a buy's budget with its fee, 0 = none."""
    price_ticks = order.price_ticks
    if order.side == _BUY and order.type != _LIMIT:
        if budget_units:
            return budget_units
        if order.type not in STOP_TYPES:
            cost = prices.sweep_cost(order)[1] * scale.tick_lot_units
            return cost + fee_units(cost, rates.taker_ppm)
        price_ticks = prices.hold_price_ticks(order)
    return open_need(order.side, price_ticks, order.quantity_lots, highest_fee_ppm=max(rates), scale=scale)
