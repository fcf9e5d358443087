"""What a client is told when its order was denied, rejected or not confirmed."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

from base.errors import ApiError, ErrorCode
from base.scaling import from_units, plain
from base.times import iso_ms
from exchange.models import Market
from matching.engine.band import band_limits
from matching.messages import Reply
from orders.rejections import Limits

__all__ = ["MESSAGES", "refusal", "rejection", "reply_refusal", "too_small"]

MESSAGES = {
    ErrorCode.INSUFFICIENT_BALANCE: "Not enough {asset}: {required} needed, {available} available",
    ErrorCode.MARKET_CLOSED: "The market is closed",
    ErrorCode.MARKET_HALTED: "The market is halted: orders can only be cancelled",
    ErrorCode.MARKET_PRE_OPEN: "The market has not opened yet: it accepts only stops and orders that can rest",
    ErrorCode.DUPLICATE_ORDER_ID: "There is already an order with this id",
    ErrorCode.TOO_MANY_ORDERS: "Too many open orders in this market: cancel some first",
    ErrorCode.TOO_MANY_STOPS: "Too many orders wait for a trigger in this market: cancel some first",
    ErrorCode.ALREADY_EXPIRED: "The order had expired when it arrived",
    ErrorCode.NO_LAST_PRICE: "A trailing stop follows the last price, and this market has had no trade yet",
    ErrorCode.PRICE_OUT_OF_BAND: "The price is too far from the market",
    ErrorCode.STOP_WOULD_TRIGGER: "The last price has already passed the stop price: the order would trigger at once",
    ErrorCode.POST_ONLY_WOULD_TRADE: "The order is post-only, and it would trade at once",
    ErrorCode.SELF_TRADE: "The order would first trade with one of your own",
    ErrorCode.INSUFFICIENT_LIQUIDITY: "There is nothing to trade with inside the price band",
    ErrorCode.ORDER_LINKED: "The order closes what its bracket's entry fills: amend the quantity of the entry",
    ErrorCode.PRICE_NOT_AMENDABLE: "The order has no limit price that could be changed",
    ErrorCode.TRIGGER_NOT_AMENDABLE: "The order waits for no stop price that could be changed",
    ErrorCode.QUANTITY_BELOW_FILLED: "The quantity includes what is filled, so it must be larger than that",
    ErrorCode.ORDER_NOT_AMENDABLE: "The order is no longer open",
    ErrorCode.ORDER_NOT_CANCELLABLE: "The order is no longer open",
    ErrorCode.WALLET_UNAVAILABLE: "The wallet cannot be reached; nothing was done, try again",
    ErrorCode.ENGINE_UNAVAILABLE: "The market's engine is not available; nothing was done, try again",
    ErrorCode.OVERLOADED: "Too many commands are waiting; nothing was done, try again",
    ErrorCode.INTERNAL_ERROR: "Something went wrong on our side with this request; nothing was done, and it was logged",
    ErrorCode.TIMEOUT: "Not confirmed in time: ask for the order by its id; it is executed already or never will be",
}
_PPM_DECIMALS = 6
_STATES = (ErrorCode.MARKET_CLOSED, ErrorCode.MARKET_HALTED, ErrorCode.MARKET_PRE_OPEN)


def refusal(code: ErrorCode, details: Mapping[str, Any] | None = None) -> ApiError:
    """Return the error of this code with its message."""
    details = dict(details or {})
    return ApiError(code, MESSAGES[code].format_map(details), details)


def too_small(market: Market, field: str, worth: Decimal) -> ApiError:
    """Return the error for an order that is worth less than the market's minimum."""
    least = plain(market.min_notional)
    text = f"The order is worth {plain(worth)}, at least {least} is needed"
    return ApiError(ErrorCode.MIN_NOTIONAL, text, {"field": field, "min_notional": least})


class Leg(Protocol):
    """An order as it was asked for, or as it is stored."""

    @property
    def price(self) -> Decimal | None: ...
    @property
    def stop_price(self) -> Decimal | None: ...
    @property
    def expire_at(self) -> datetime | None: ...


def reply_refusal(reply: Reply, market: Market, *legs: Leg) -> ApiError:
    """Return the error that an engine's reply stands for; `legs` are the orders that were asked for."""
    code = ErrorCode(reply.code)
    if code is ErrorCode.INSUFFICIENT_BALANCE:
        return refusal(code, _amounts(reply.details))
    if code is ErrorCode.MIN_NOTIONAL:
        return too_small(market, "quantity", from_units(reply.details["worth"], market.quote.decimals))
    limits = reply.details.get("limits")
    return refusal(code) if limits is None else rejection(code, market, Limits(*limits), legs)


def rejection(code: ErrorCode, market: Market, limits: Limits, legs: Sequence[Leg]) -> ApiError:
    """Return the error for orders that the engine refused under these limits."""
    describe = _DETAILS.get(code)
    return refusal(code, describe(market, limits, legs) if describe else None)


def _amounts(details: Mapping[str, Any]) -> dict[str, str]:
    """Turn the units of an engine's details into amounts."""
    decimals = details["decimals"]
    amounts = {name: plain(from_units(details[name], decimals), decimals) for name in ("required", "available")}
    return {"asset": details["asset"], **amounts}


# --- details --------------------------------------------------------------------------------------

Legs = Sequence[Leg]


def _state(market: Market, _: Limits, __: Legs) -> dict[str, Any]:
    return {"symbol": market.symbol}


def _max_orders(_: Market, limits: Limits, __: Legs) -> dict[str, Any]:
    return {"max_open_orders": limits.max_orders}


def _max_stops(_: Market, limits: Limits, __: Legs) -> dict[str, Any]:
    return {"max_stop_orders": limits.max_stops}


def _expiry(_: Market, __: Limits, legs: Legs) -> dict[str, Any]:
    return {"expire_at": iso_ms(expire_at) if (expire_at := legs[0].expire_at) else None}


def _last_price(market: Market, limits: Limits, _: Legs) -> dict[str, Any]:
    return {"last_price": _price(market, limits.around_ticks)}


def _band(market: Market, limits: Limits, legs: Legs) -> dict[str, Any]:
    """Name the price that is outside, and how far it might have gone."""
    for leg in legs:
        if leg.price is None:
            continue
        around = limits.around_ticks if leg.stop_price is None else market.scale.price_ticks(leg.stop_price)
        lowest, highest = band_limits(limits.band_ppm, around)
        if not lowest <= market.scale.price_ticks(leg.price) <= highest:
            return {
                "price": plain(leg.price),
                "price_band": plain(from_units(limits.band_ppm, _PPM_DECIMALS)),
                "lowest": _price(market, lowest),
                "highest": _price(market, highest),
            }
    return {}


def _price(market: Market, ticks: int) -> str:
    return plain(market.scale.price(ticks), market.scale.price_decimals)


_DETAILS: dict[ErrorCode, Callable[[Market, Limits, Legs], dict[str, Any]]] = {
    **dict.fromkeys(_STATES, _state),
    ErrorCode.TOO_MANY_ORDERS: _max_orders,
    ErrorCode.TOO_MANY_STOPS: _max_stops,
    ErrorCode.ALREADY_EXPIRED: _expiry,
    ErrorCode.PRICE_OUT_OF_BAND: _band,
    ErrorCode.STOP_WOULD_TRIGGER: _last_price,
}
