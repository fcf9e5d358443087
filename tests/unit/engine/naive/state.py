"""What the model knows, and how it is looked at."""

from dataclasses import dataclass
from enum import Enum

from matching.engine import editions
from matching.engine.commands import Instructions, PlaceOrder
from matching.engine.editions import CURRENT_EDITION
from matching.engine.events import Event, LevelChanged
from matching.engine.types import LIMIT_TYPES, STOP_TYPES, TAKE_PROFIT_TYPES, OrderType, Side, TimeInForce, TradingState

PRICE_MAX = 2**63 - 1
PROTECTION_PPM = 100_000


class Where(Enum):
    """Where an order is; a taker is nowhere yet, and one that has ended nowhere any more."""

    NOWHERE = 0
    BOOK = 1
    STOPS = 2
    QUEUE = 3  # of triggered stops
    EXITS = 4  # of a bracket, waiting for the entry


@dataclass(eq=False)
class NaiveOrder:
    """`price` is the limit, or the protection price of a waiting stop without one. Quantity is filled + remaining."""

    order_id: int
    account_id: int
    side: Side
    type: OrderType
    tif: TimeInForce
    post_only: bool
    instructions: Instructions
    price: int
    quantity: int
    budget: int
    is_by_budget: bool
    filled: int = 0
    visible: int = 0
    priority: int = 0
    where: Where = Where.NOWHERE
    first_mark: int = 0  # the last price when a trailing stop was accepted
    first_print: int = 0  # how many trades there had been by then

    @property
    def remaining(self) -> int:
        return self.quantity - self.filled

    @property
    def is_stop(self) -> bool:
        return self.type in STOP_TYPES

    @property
    def has_limit(self) -> bool:
        return self.type in LIMIT_TYPES

    @property
    def may_rest(self) -> bool:
        return self.has_limit and self.tif in (TimeInForce.GTC, TimeInForce.GTD)

    def wanted(self, price: int) -> int:
        return self.budget // price if self.is_by_budget else self.remaining


def order_of(command: PlaceOrder) -> NaiveOrder:
    return NaiveOrder(
        command.order_id,
        command.account_id,
        command.side,
        command.type,
        command.time_in_force,
        command.post_only,
        command.instructions,
        command.price_ticks,
        command.quantity_lots,
        command.budget,
        command.budget > 0,
    )


@dataclass
class Bracket:
    """Exits that still wait; `is_armed` once the entry has ended with a fill."""

    entry_id: int
    take_profit: NaiveOrder
    stop_loss: NaiveOrder
    is_armed: bool = False


class State:
    def __init__(self) -> None:
        self.seq = 0
        self.trading_state = TradingState.CONTINUOUS
        self.band_ppm = self.reference = self.max_orders = self.max_stops = 0
        self.edition = CURRENT_EDITION
        self.auction = 0  # the price of the one under way
        self.is_behind = False  # with the queue
        self.late: tuple[NaiveOrder, int, int] | None = None  # has its turn before the queue
        self.prints: list[int] = []  # the price of each trade there ever was
        self.orders: list[NaiveOrder] = []  # all the model has, wherever they are
        self.pairs: list[tuple[NaiveOrder, NaiveOrder]] = []  # one cancels the other
        self.brackets: list[Bracket] = []
        self.switches: list[tuple[int, int]] = []  # account, due
        self.queue: list[tuple[NaiveOrder, int, int]] = []  # order, its stop price, what reached it
        self.events: list[Event] = []
        self.touched: list[tuple[Side, int]] = []

    @property
    def most(self) -> int:
        """After so many events a command begins nothing more."""
        return editions.WORK_MAX if self.edition > 1 else 1 << 62

    @property
    def most_fills(self) -> int:
        return editions.FILLS_MAX if self.edition > 1 else 1 << 62

    @property
    def may_go_on(self) -> bool:
        return len(self.events) < self.most

    @property
    def last_price(self) -> int:
        return self.prints[-1] if self.prints else 0

    @property
    def around(self) -> int:
        return self.last_price or self.reference

    def emit(self, event_type: type[Event], *fields: int) -> int:
        self.seq += 1
        self.events.append(event_type(self.seq, *fields))  # type: ignore[arg-type]  # any event, with its own fields
        return self.seq

    def touch(self, order: NaiveOrder) -> None:
        if order.where is Where.BOOK and (order.side, order.price) not in self.touched:
            self.touched.append((order.side, order.price))

    def report_levels(self) -> None:
        for side, price in self.touched:
            self.emit(LevelChanged, side, price, *self.level(side, price))
        self.touched = []

    def find(self, order_id: int) -> NaiveOrder | None:
        for order in self.orders:
            if order.order_id == order_id:
                return order
        return None

    def level(self, side: Side, price: int) -> tuple[int, int]:
        visible = [o.visible for o in self.resting(side) if o.price == price]
        return sum(visible), len(visible)

    def depth(self, side: Side) -> list[tuple[int, int, int]]:
        prices = sorted({o.price for o in self.resting(side)}, reverse=side == Side.BUY)
        return [(price, *self.level(side, price)) for price in prices]

    def resting(self, side: Side) -> list[NaiveOrder]:
        return [o for o in self.orders if o.where is Where.BOOK and o.side == side]

    def head(self, side: Side) -> NaiveOrder | None:
        """Return the order of a side that is the next to trade."""
        return min(self.resting(side), key=queue_key, default=None)

    def stop_price(self, order: NaiveOrder) -> int:
        trail_ticks, trail_ppm = order.instructions.trail_ticks, order.instructions.trail_ppm
        if order.type != OrderType.TRAILING_STOP:
            return order.instructions.stop_price_ticks
        seen = [order.first_mark, *self.prints[order.first_print :]]
        mark = max(seen) if order.side == Side.SELL else min(seen)
        offset = trail_ticks or max(1, mark * trail_ppm // 1_000_000)
        return mark - offset if order.side == Side.SELL else mark + offset

    def is_reached(self, order: NaiveOrder, price: int) -> bool:
        stop_price = self.stop_price(order)
        return price >= stop_price if waits_for_rise(order) else price <= stop_price

    def band(self, ppm: int, around: int) -> tuple[int, int]:
        if not ppm or not around:
            return 1, PRICE_MAX
        width = around * ppm // 1_000_000
        return max(1, around - width), min(PRICE_MAX, around + width)

    def is_in_band(self, price: int, around: int) -> bool:
        low, high = self.band(self.band_ppm, around)
        return low <= price <= high

    def would_trade(self, side: Side, reach: int) -> bool:
        best = self.head(side.opposite)
        return self.trading_state != TradingState.PRE_OPEN and best is not None and reaches(side, reach, best.price)


def queue_key(order: NaiveOrder) -> tuple[int, int]:
    return (-order.price if order.side == Side.BUY else order.price), order.priority


def reaches(side: Side, reach: int, price: int) -> bool:
    return price <= reach if side == Side.BUY else price >= reach


def waits_for_rise(order: NaiveOrder) -> bool:
    return (order.side == Side.BUY) != (order.type in TAKE_PROFIT_TYPES)
