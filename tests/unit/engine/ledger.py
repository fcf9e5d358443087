"""The open orders as the commands and the events alone tell them, without a book or a rule."""

from dataclasses import dataclass
from functools import singledispatchmethod

from matching.engine import (
    AuctionHeld,
    BracketArmed,
    Command,
    Event,
    ExitPlaced,
    GroupKind,
    IcebergRefilled,
    OrderAccepted,
    OrderAmended,
    OrderCancelled,
    OrderDecremented,
    OrderExpired,
    OrderRepriced,
    PlaceGroup,
    PlaceOrder,
    Side,
    StopPlaced,
    StopTriggered,
    TradeExecuted,
)


@dataclass
class Line:
    """What is still wanted of an order; a budget order has a budget in place of lots."""

    order: PlaceOrder
    price: int
    lots: int
    visible: int
    budget: int
    is_waiting: bool = False

    def take(self, lots: int, price: int) -> None:
        if self.order.budget:
            self.budget -= lots * price
        else:
            self.lots -= lots
        assert self.lots >= 0 and self.budget >= 0, "Invariant: nobody gets more than they want"

    def show(self) -> None:
        display = self.order.instructions.display_lots
        self.visible = min(display, self.lots) if display else self.lots


class Ledger:
    def __init__(self) -> None:
        self.lines: dict[int, Line] = {}
        self.exits: dict[int, tuple[int, int]] = {}
        self.placed: dict[int, PlaceOrder] = {}
        self.is_auction = False

    def book(self, command: Command, events: list[Event]) -> None:
        """Enter a command and what happened."""
        orders = command.orders if isinstance(command, PlaceGroup) else (command,)
        self.placed = {order.order_id: order for order in orders if isinstance(order, PlaceOrder)}
        if isinstance(command, PlaceGroup) and command.kind == GroupKind.BRACKET:
            entry, take_profit, stop_loss = (order.order_id for order in command.orders)
            self.exits[entry] = (take_profit, stop_loss)
        self.is_auction = False
        for event in events:
            self.enter(event)
        self.lines = {order_id: line for order_id, line in self.lines.items() if line.lots}

    @singledispatchmethod
    def enter(self, event: Event) -> None:
        """Any other event changes no order."""

    @enter.register
    def _(self, event: OrderAccepted | StopPlaced | ExitPlaced) -> None:
        if event.order_id in self.placed:
            order = self.placed[event.order_id]
            self.lines[event.order_id] = Line(order, order.price_ticks, order.quantity_lots, 0, order.budget)
        line = self.lines[event.order_id]
        line.is_waiting = not isinstance(event, OrderAccepted)
        line.show()

    @enter.register
    def _(self, event: OrderRepriced) -> None:
        self.lines[event.order_id].price = event.price_ticks

    @enter.register
    def _(self, event: StopTriggered) -> None:
        self.is_auction = False
        self.lines[event.order_id].is_waiting = False
        self.lines[event.order_id].show()

    @enter.register
    def _(self, event: BracketArmed) -> None:
        for order_id in self.exits[event.entry_id]:
            self.lines[order_id].lots = event.quantity_lots

    @enter.register
    def _(self, event: AuctionHeld) -> None:
        self.is_auction = True

    @enter.register
    def _(self, event: TradeExecuted) -> None:
        maker, taker = self.lines[event.maker_order_id], self.lines[event.taker_order_id]
        assert (maker.order.account_id, taker.order.account_id) == (event.maker_account_id, event.taker_account_id)
        assert taker.order.side == event.taker_side != maker.order.side
        for line in (maker, taker):
            line.take(event.quantity_lots, event.price_ticks)
        assert maker.lots == event.maker_remaining_lots
        maker.visible -= event.quantity_lots
        if self.is_auction:
            taker.visible -= event.quantity_lots
        else:
            taker.show()

    @enter.register
    def _(self, event: IcebergRefilled) -> None:
        line = self.lines[event.order_id]
        assert line.visible == 0, "Invariant: an iceberg is refilled when its visible part is used up"
        line.visible = event.visible_lots

    @enter.register
    def _(self, event: OrderDecremented) -> None:
        line = self.lines[event.order_id]
        if line.order.budget:
            return  # by how much the budget fell depends on the price, which this event does not tell
        line.lots -= event.lots
        line.visible = min(line.visible, line.lots)
        assert line.lots == event.remaining_lots

    @enter.register
    def _(self, event: OrderAmended) -> None:
        line = self.lines[event.order_id]
        line.price, line.lots = event.price_ticks, event.remaining_lots
        line.visible = min(line.visible, line.lots)
        if event.priority == event.seq:
            line.show()

    @enter.register
    def _(self, event: OrderCancelled | OrderExpired) -> None:
        line = self.lines.pop(event.order_id)
        assert line.order.budget or line.lots == event.remaining_lots, "Invariant: the rest is what was left"

    def wanted(self) -> dict[tuple[int, Side], int]:
        """Return the lots each account still wants on each side."""
        totals: dict[tuple[int, Side], int] = {}
        for line in self.lines.values():
            key = line.order.account_id, line.order.side
            totals[key] = totals.get(key, 0) + line.lots
        return totals

    def depth(self, side: Side) -> list[tuple[int, int, int]]:
        resting = [line for line in self.lines.values() if not line.is_waiting and line.order.side == side]
        prices = sorted({line.price for line in resting}, reverse=side == Side.BUY)
        at = {price: [line.visible for line in resting if line.price == price] for price in prices}
        return [(price, sum(visible), len(visible)) for price, visible in at.items()]
