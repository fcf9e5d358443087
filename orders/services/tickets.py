"""What a client asks for, well-formed but not yet checked against the market."""

from dataclasses import MISSING, dataclass, fields
from datetime import datetime
from decimal import Decimal
from hashlib import blake2b
from itertools import pairwise
from typing import Any

from base.times import ms_of
from exchange.models import Market
from matching.engine import Instructions
from orders.models import Order
from orders.vocabulary import SELF_TRADE_PREVENTIONS

__all__ = ["BracketTicket", "OcoTicket", "OrderTicket", "are_in_order"]


@dataclass(frozen=True, slots=True)
class OrderTicket:
    """An order; the names and words are those of the public interface, percentages are in millionths."""

    side: str
    type: str
    time_in_force: str
    post_only: bool
    quantity: Decimal | None
    price: Decimal | None
    quote_quantity: Decimal | None
    client_order_id: str | None
    stop_price: Decimal | None = None
    trailing_amount: Decimal | None = None
    trailing_ppm: int | None = None
    display_quantity: Decimal | None = None
    expire_at: datetime | None = None
    self_trade_prevention: str = "cancel_newest"
    reprice: bool = False

    def instructions(self, *, stop_price_ticks: int, trail_ticks: int, display_lots: int) -> Instructions:
        """Return what is asked for beyond price and quantity; its amounts are given in the market's ticks and lots."""
        return Instructions(
            stop_price_ticks=stop_price_ticks,
            trail_ticks=trail_ticks,
            trail_ppm=self.trailing_ppm or 0,
            display_lots=display_lots,
            expire_ms=ms_of(self.expire_at) if self.expire_at else 0,
            self_trade_prevention=SELF_TRADE_PREVENTIONS.member_named[self.self_trade_prevention],
            reprice=self.reprice,
        )


@dataclass(frozen=True, slots=True)
class OcoTicket:
    """A limit order and a stop, of which one cancels the other. The stop is a stop limit with `stop_limit_price`."""

    side: str
    quantity: Decimal
    price: Decimal
    stop_price: Decimal
    stop_limit_price: Decimal | None
    time_in_force: str
    expire_at: datetime | None
    self_trade_prevention: str
    client_order_id: str | None

    def legs(self) -> tuple[OrderTicket, ...]:
        """Return the limit order and the stop."""
        shared: dict[str, Any] = {
            "side": self.side,
            "time_in_force": self.time_in_force,
            "post_only": False,
            "quantity": self.quantity,
            "quote_quantity": None,
            "client_order_id": None,
            "expire_at": self.expire_at,
            "self_trade_prevention": self.self_trade_prevention,
        }
        stop_type = _stop_type(self.stop_limit_price)
        return (
            OrderTicket(type="limit", price=self.price, **shared),
            OrderTicket(type=stop_type, price=self.stop_limit_price, stop_price=self.stop_price, **shared),
        )


@dataclass(frozen=True, slots=True)
class BracketTicket:
    """An entry, limit or market, and the two orders that close what it filled. The entry has the client order id."""

    entry: OrderTicket
    take_profit_price: Decimal
    stop_price: Decimal
    stop_limit_price: Decimal | None

    def legs(self) -> tuple[OrderTicket, ...]:
        """Return the entry, the take-profit and the stop-loss."""
        exit_: dict[str, Any] = {
            "side": "sell" if self.entry.side == Order.Side.BUY else "buy",
            "time_in_force": "gtc",
            "post_only": False,
            "quantity": self.entry.quantity,
            "quote_quantity": None,
            "client_order_id": None,
            "self_trade_prevention": self.entry.self_trade_prevention,
        }
        stop_type = _stop_type(self.stop_limit_price)
        return (
            self.entry,
            OrderTicket(type="limit", price=self.take_profit_price, **exit_),
            OrderTicket(type=stop_type, price=self.stop_limit_price, stop_price=self.stop_price, **exit_),
        )


def _stop_type(limit_price: Decimal | None) -> str:
    return "stop" if limit_price is None else "stop_limit"


def are_in_order(side: str, *prices: Decimal) -> bool:
    """Tell whether prices ascend strictly for a buy, and descend for a sell: those of a group, the stop's last."""
    ordered = prices if side == Order.Side.BUY else prices[::-1]
    return all(lower < higher for lower, higher in pairwise(ordered))


def digest(market: Market, *legs: OrderTicket) -> bytes:
    """Return 16 bytes that tell whether a repeated client order id asks for the same order or group.

    Digests are stored with client order ids for good, so those of orders that ask for nothing special never change.
    """
    content: Any = tuple(_digested(market, leg) for leg in legs)
    return blake2b(repr(content[0] if len(legs) == 1 else content).encode(), digest_size=16).digest()


def _digested(market: Market, ticket: OrderTicket) -> tuple[Any, ...]:
    return (
        market.pk,
        ticket.side,
        ticket.type,
        ticket.time_in_force,
        ticket.post_only,
        *(_canonical(value) for value in (ticket.quantity, ticket.price, ticket.quote_quantity)),
        *_special(ticket),
    )


_DEFAULTS = {field.name: field.default for field in fields(OrderTicket) if field.default is not MISSING}


def _special(ticket: OrderTicket) -> list[tuple[str, Any]]:
    given = {name: getattr(ticket, name) for name in _DEFAULTS}
    return [(name, _canonical(value)) for name, value in given.items() if value != _DEFAULTS[name]]


def _canonical(value: Any) -> Any:
    if isinstance(value, Decimal):
        return value.normalize()
    return ms_of(value) if isinstance(value, datetime) else value
