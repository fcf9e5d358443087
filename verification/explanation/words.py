"""Engine events and orders in words, as docs/matching.md uses them."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from base.scaling import plain
from exchange.models import Market
from matching.engine import (
    ActivateBracket,
    AmendOrder,
    AmendRejected,
    AuctionHeld,
    BracketArmed,
    CancelAfterSet,
    CancelAll,
    CancelOrder,
    CancelReason,
    CancelRejected,
    Command,
    Event,
    ExitPlaced,
    ExpireDue,
    IcebergRefilled,
    Instructions,
    LevelChanged,
    OrderAccepted,
    OrderAmended,
    OrderCancelled,
    OrderDecremented,
    OrderExpired,
    OrderRejected,
    OrderRepriced,
    OrderType,
    PlaceGroup,
    PlaceOrder,
    RulesChanged,
    SetCancelAfter,
    SetRules,
    SetTradingState,
    StopMoved,
    StopPlaced,
    StopTriggered,
    TradeExecuted,
    TradingStateChanged,
)

_ENDS: Final = {
    CancelReason.REQUESTED: "as requested",
    CancelReason.IOC_REMAINDER: "immediate or cancel: what cannot trade at once does not rest",
    CancelReason.FOK_NOT_FILLABLE: "fill or kill: it could not be filled wholly",
    CancelReason.MARKET_REMAINDER: "a market order never rests",
    CancelReason.SELF_TRADE: "self-trade prevention: it would have traded with an order of the same user",
    CancelReason.LINKED: "the other order of its group traded, triggered or ended",
    CancelReason.PRICE_OUT_OF_BAND: "its limit had left the price band",
    CancelReason.NO_FUNDS: "there were no funds for the exits of its bracket",
    CancelReason.CANCEL_AFTER: "the dead man's switch of its user went off",
    CancelReason.MATCH_LIMIT: "it had made as many fills as one command may",
}


class Words:
    """Says what happened in one market. `users` gives names of accounts."""

    def __init__(self, market: Market, users: Mapping[int, str]) -> None:
        self._market = market
        self._users = users

    def price(self, ticks: int) -> str:
        return plain(self._market.scale.price(ticks))

    def quantity(self, lots: int) -> str:
        return plain(self._market.scale.quantity(lots))

    def user(self, account_id: int) -> str:
        return self._users.get(account_id) or str(UUID(int=account_id))

    def order(self, order_id: int) -> str:
        """Return the end of an order's id, which tells it from others of the same moment."""
        return f"order …{order_id:032x}"[:7] + f"{order_id:032x}"[-12:]

    # --- commands -------------------------------------------------------------------------------------

    def command(self, command: Command) -> str:
        """Return a command as one line."""
        match command:
            case PlaceOrder():
                return f"place {self.terms(command)}"
            case PlaceGroup():
                kind = command.kind.name.lower()
                return f"place {kind} of " + "; and ".join(self.terms(order) for order in command.orders)
            case AmendOrder():
                price = f" price {self.price(command.price_ticks)}" if command.price_ticks else ""
                lots = f" quantity {self.quantity(command.quantity_lots)}" if command.quantity_lots else ""
                stop = f" stop price {self.price(command.stop_price_ticks)}" if command.stop_price_ticks else ""
                return f"amend {self.order(command.order_id)} of {self.user(command.account_id)}:{price}{lots}{stop}"
            case CancelOrder():
                return f"cancel {self.order(command.order_id)} of {self.user(command.account_id)}"
            case CancelAll():
                return f"cancel every order of {self.user(command.account_id)}"
            case SetCancelAfter():
                return f"dead man's switch of {self.user(command.account_id)}: {command.timeout_ms} ms"
            case ExpireDue():
                return "expire what is due"
            case ActivateBracket():
                funds = "funded" if command.funded else "without funds"
                return f"activate the exits of bracket {self.order(command.entry_id)[6:]}, {funds}"
            case SetTradingState():
                return f"set the trading state to {command.state.name.lower()}"
            case SetRules():
                return f"set the price band to {command.band_ppm} ppm and the limits on orders"

    def terms(self, order: PlaceOrder) -> str:
        """Return an order as its owner asked for it."""
        amount = self.quantity(order.quantity_lots) if order.quantity_lots else "what the budget buys"
        price = f" at {self.price(order.price_ticks)}" if order.price_ticks else ""
        extras = self._instructions(order.instructions) + (["post-only"] if order.post_only else [])
        tail = f", {', '.join(extras)}" if extras else ""
        kind = order.type.name.lower().replace("_", " ")
        return (
            f"{kind} order to {order.side.name.lower()} {amount}{price}, {order.time_in_force.name.lower()}{tail} "
            f"({self.order(order.order_id)} of {self.user(order.account_id)})"
        )

    def _instructions(self, given: Instructions) -> list[str]:
        texts = [
            (given.stop_price_ticks, f"stop price {self.price(given.stop_price_ticks)}"),
            (given.trail_ticks, f"trailing by {self.price(given.trail_ticks)}"),
            (given.trail_ppm, f"trailing by {given.trail_ppm} ppm"),
            (given.display_lots, f"showing {self.quantity(given.display_lots)}"),
            (given.expire_ms, "with an expiry"),
            (given.self_trade_prevention > 1, f"self-trade prevention {given.self_trade_prevention.name.lower()}"),
            (given.reprice, "repriced instead of refused"),
        ]
        return [text for is_given, text in texts if is_given]

    # --- events ---------------------------------------------------------------------------------------

    def event(self, event: Event) -> str:  # one case per event, and nothing else: kept together
        """Return what an event says."""
        match event:
            case TradeExecuted():
                return (
                    f"TRADE of {self.quantity(event.quantity_lots)} at {self.price(event.price_ticks)}: taker "
                    f"{self.order(event.taker_order_id)} {event.taker_side.name.lower()}s, maker "
                    f"{self.order(event.maker_order_id)} has {self.quantity(event.maker_remaining_lots)} left"
                )
            case OrderAccepted():
                return f"{self.order(event.order_id)} is accepted; its place in the queue is {event.seq}"
            case OrderRejected():
                return f"{self.order(event.order_id)} is rejected: {event.reason.name}"
            case OrderRepriced():
                price = self.price(event.price_ticks)
                return f"{self.order(event.order_id)} is post-only and moved to {price}, one tick behind the other side"
            case OrderCancelled():
                return f"{self.order(event.order_id)} is cancelled: {_ENDS[event.reason]}"
            case OrderExpired():
                return f"{self.order(event.order_id)} expires"
            case LevelChanged():
                side = "bids" if event.side.name == "BUY" else "asks"
                lots = self.quantity(event.quantity_lots)
                return f"{side} at {self.price(event.price_ticks)}: now {lots} in {event.order_count} orders"
            case _:
                return self._rarer(event)

    def _rarer(self, event: Event) -> str:
        match event:
            case StopPlaced():
                stop, price = self.price(event.stop_price_ticks), self.price(event.price_ticks)
                return f"{self.order(event.order_id)} waits for {stop}; it may trade up to {price}"
            case ExitPlaced():
                return f"{self.order(event.order_id)} waits for the entry of its bracket"
            case StopTriggered():
                last, stop = self.price(event.last_price_ticks), self.price(event.stop_price_ticks)
                return f"{self.order(event.order_id)} is triggered: the last price {last} reached its stop price {stop}"
            case BracketArmed():
                lots = self.quantity(event.quantity_lots)
                return f"the bracket of {self.order(event.entry_id)} is armed for {lots}"
            case IcebergRefilled():
                lots = self.quantity(event.visible_lots)
                return f"{self.order(event.order_id)} shows its next {lots}, at the end of its queue"
            case OrderDecremented():
                lots, left = self.quantity(event.lots), self.quantity(event.remaining_lots)
                return f"self-trade prevention takes {lots} off {self.order(event.order_id)}, which keeps {left}"
            case OrderAmended():
                price, lots = self.price(event.price_ticks), self.quantity(event.quantity_lots)
                place = "goes to the end of" if event.priority == event.seq else "keeps its place in"
                return f"{self.order(event.order_id)} is amended to {lots} at {price} and {place} the queue"
            case StopMoved():
                return f"{self.order(event.order_id)} waits for {self.price(event.stop_price_ticks)} from now on"
            case AuctionHeld():
                lots = self.quantity(event.quantity_lots)
                return f"an auction finds the price {self.price(event.price_ticks)}, at which {lots} can trade"
            case AmendRejected() | CancelRejected():
                return f"{self.order(event.order_id)} stays as it is: {event.reason.name}"
            case CancelAfterSet():
                return f"the dead man's switch of {self.user(event.account_id)} is set"
            case TradingStateChanged():
                return f"the market is {event.state.name.lower()}"
            case RulesChanged():
                return f"the price band is {event.band_ppm} ppm"
        raise AssertionError(f"Invariant: every event has words, also {type(event).__name__}")

    # --- why ------------------------------------------------------------------------------------------

    def reach(self, order_type: OrderType, limit_ticks: int, trade: TradeExecuted, band: str) -> str:
        """Return how far a taker reaches, and that it reaches the price of the trade."""
        price = self.price(trade.price_ticks)
        if order_type in (OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT_LIMIT):
            return f"Its limit {self.price(limit_ticks)} reaches {price}."
        if order_type is OrderType.MARKET:
            return f"A market order takes the best prices within the price band, {band}."
        return f"It works as a market order that may trade up to its protection price {self.price(limit_ticks)}."
