"""The rules of the market that need no state of their own: small functions that read like the rule book."""

from collections import deque
from collections.abc import Iterator
from itertools import chain, islice
from typing import Final, NamedTuple

from matching.engine.band import band_limits
from matching.engine.commands import PlaceOrder
from matching.engine.levels import BookSide
from matching.engine.orders import PriceLevel
from matching.engine.trailing_stops import trail_offset
from matching.engine.types import (
    LIMIT_TYPES,
    STOP_TYPES,
    CancelReason,
    OrderType,
    RejectReason,
    SelfTradePrevention,
    Side,
    TimeInForce,
    TradingState,
)

STOP_PROTECTION_PPM: Final = 100_000
"""How far from its stop price a triggered market order may trade in a market without a price band."""

REFUSED_IN_STATE: Final = {
    TradingState.PRE_OPEN: RejectReason.MARKET_PRE_OPEN,
    TradingState.HALTED: RejectReason.MARKET_HALTED,
    TradingState.CLOSED: RejectReason.MARKET_CLOSED,
}
"""Why an order may not be placed in a state; in the states not named orders may be placed."""

_RESTING_TIMES: Final = (TimeInForce.GTC, TimeInForce.GTD)
_SKIPS_OWN: Final = SelfTradePrevention.CANCEL_OLDEST
_DECREMENTS: Final = SelfTradePrevention.DECREMENT


def may_have_budget(order: PlaceOrder) -> bool:
    return order.type == OrderType.MARKET and order.side == Side.BUY and not order.quantity_lots


def may_rest(order: PlaceOrder) -> bool:
    return order.type == OrderType.LIMIT and order.time_in_force in _RESTING_TIMES


def is_expired(order: PlaceOrder) -> bool:
    return 0 < order.instructions.expire_ms <= order.time_ms


def may_wait_for_opening(order: PlaceOrder) -> bool:
    return order.type in STOP_TYPES or (may_rest(order) and not order.post_only)


def is_in_band(band_ppm: int, around_ticks: int, price_ticks: int) -> bool:
    low, high = band_limits(band_ppm, around_ticks)
    return low <= price_ticks <= high


def is_limit_far_from_stop(order: PlaceOrder, band_ppm: int) -> bool:
    if order.type not in LIMIT_TYPES:
        return False
    return not is_in_band(band_ppm, order.instructions.stop_price_ticks, order.price_ticks)


def protection_price(side: Side, stop_price_ticks: int, band_ppm: int) -> int:
    """Return the furthest price at which a stop may trade as a market order."""
    low, high = band_limits(band_ppm or STOP_PROTECTION_PPM, stop_price_ticks)
    return high if side == Side.BUY else low


def waiting_price(order: PlaceOrder, stop_price_ticks: int, band_ppm: int) -> int:
    """Return the furthest price at which a stop may trade: its limit, or its protection price."""
    if order.type in LIMIT_TYPES:
        return order.price_ticks
    return protection_price(order.side, stop_price_ticks, band_ppm)


def first_stop_price(order: PlaceOrder, last_price_ticks: int) -> int:
    """Return where a stop is when it is accepted: where it says, or its distance behind the last price."""
    if order.type != OrderType.TRAILING_STOP:
        return order.instructions.stop_price_ticks
    offset = trail_offset(order.instructions, last_price_ticks)
    return last_price_ticks + offset if order.side == Side.BUY else last_price_ticks - offset


def hold_price_ticks(order: PlaceOrder, last_price_ticks: int, band_ppm: int) -> int:
    """Return the furthest price a stop could trade at if it were placed now: its limit or protection price."""
    return waiting_price(order, max(1, first_stop_price(order, last_price_ticks)), band_ppm)


def price_behind(other: BookSide) -> int:
    """Return the price one tick behind the best of the other side: the best that does not trade."""
    return (other.best_key - 1) * other.sign


def remainder_reason(order: PlaceOrder) -> CancelReason:
    """Return why the rest of an order that may not rest is cancelled."""
    if order.time_in_force == TimeInForce.FOK:
        return CancelReason.FOK_NOT_FILLABLE
    return CancelReason.IOC_REMAINDER if order.type == OrderType.LIMIT else CancelReason.MARKET_REMAINDER


# --- what an order would meet ---------------------------------------------------------------------------


class Met(NamedTuple):
    """Lots that an incoming order would meet at a price; `is_own` if they are of the same account."""

    price_ticks: int
    lots: int
    is_own: bool


def would_meet(order: PlaceOrder, other: BookSide, reach_key: int, most: int) -> Iterator[Met]:
    """Iterate over what an order would meet, in the order of matching, at most `most` times; each takes O(1)."""
    levels = other.within(reach_key)
    return islice(chain.from_iterable(_met_at(level, order.account_id) for level in levels), most)


def _met_at(level: PriceLevel, account_id: int) -> Iterator[Met]:
    """Iterate over a level's queue: each order, then part by part what icebergs hide; own orders as a whole."""
    price, icebergs = level.price_ticks, deque[tuple[int, int]]()
    for maker in level:
        is_own = maker.account_id == account_id
        yield Met(price, maker.total_lots if is_own else maker.remaining_lots, is_own)
        if maker.hidden_lots and not is_own:
            icebergs.append((maker.hidden_lots, maker.instructions.display_lots))
    while icebergs:
        hidden, display = icebergs.popleft()
        yield Met(price, min(hidden, display), False)
        if hidden > display:
            icebergs.append((hidden - display, display))


def is_fillable(order: PlaceOrder, met: Iterator[Met]) -> bool:
    """Tell whether an order's whole quantity, or its whole budget's worth, can be had from others."""
    lots = value = 0
    for price, available, is_own in met:
        if not is_own:
            lots += available
            value += available * price
        elif order.instructions.self_trade_prevention != _SKIPS_OWN:
            break
        if lots >= order.quantity_lots and value >= order.budget:
            return True
    return False


def highest_cost(order: PlaceOrder, met: Iterator[Met]) -> tuple[int, int]:
    """Return the lots an order of a quantity would fill, and their total of ticks x lots."""
    wanted, cost = order.quantity_lots, 0
    filled = 0
    for price, available, is_own in met:
        take = min(available, wanted)
        if not is_own:
            filled += take
            cost += take * price
        elif order.instructions.self_trade_prevention == _SKIPS_OWN:
            continue
        elif order.instructions.self_trade_prevention != _DECREMENTS:
            break
        wanted -= take
        if not wanted:
            break
    return filled, cost
