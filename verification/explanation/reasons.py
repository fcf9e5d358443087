"""Why two orders matched: best price first, and at a price first come, first served."""

from collections.abc import Sequence
from typing import Final, NamedTuple, assert_never

from matching.engine import (
    ActivateBracket,
    AmendOrder,
    AmendRejected,
    AuctionHeld,
    BracketArmed,
    CancelAfterSet,
    CancelRejected,
    Command,
    DepthLevel,
    Engine,
    Event,
    ExitPlaced,
    IcebergRefilled,
    LevelChanged,
    OrderAccepted,
    OrderAmended,
    OrderCancelled,
    OrderDecremented,
    OrderExpired,
    OrderRejected,
    OrderRepriced,
    RulesChanged,
    Side,
    StopMoved,
    StopPlaced,
    StopTriggered,
    TradeExecuted,
    TradingStateChanged,
)
from matching.engine.band import band_limits
from verification.explanation.sections import Section
from verification.explanation.words import Words
from verification.replay.tracked_orders import TrackedOrder

LEVELS_KEPT: Final = 200  # on each side, for the queues that a command may meet
ORDERS_KEPT: Final = 2_000
_SIDES: Final = ((Side.SELL, "asks"), (Side.BUY, "bids"))


class Queued(NamedTuple):
    """An order in a queue."""

    order_id: int
    account_id: int
    priority: int
    shown_lots: int
    hidden_lots: int


class Queues:
    """The best price levels of both sides with their queues, as they were before a command."""

    def __init__(self) -> None:
        self.levels: dict[Side, list[DepthLevel]] = {}
        self.queues: dict[tuple[Side, int], list[Queued]] = {}
        self.band = ""
        self._places: dict[int, tuple[Side, int]] = {}

    @classmethod
    def of(cls, engine: Engine) -> "Queues":
        """Copy what a command may meet: LEVELS_KEPT levels and ORDERS_KEPT orders of each side."""
        kept = cls()
        around = engine.last_price_ticks or engine.reference_price_ticks
        low, high = band_limits(engine.band_ppm, around)
        kept.band = f"{low} {high}" if engine.band_ppm else ""
        for side, _ in _SIDES:
            count = 0
            kept.levels[side] = engine.depth(side, LEVELS_KEPT)
            for level in kept.levels[side]:
                queue = [
                    Queued(o.order_id, o.account_id, o.priority, o.remaining_lots, o.hidden_lots)
                    for o in engine.queue(side, level.price_ticks)
                ]
                kept.queues[side, level.price_ticks] = queue
                kept._places.update({queued.order_id: (side, level.price_ticks) for queued in queue})
                count += len(queue)
                if count >= ORDERS_KEPT:
                    break
        return kept

    def has(self, order_id: int) -> bool:
        """Tell whether an order rested in one of the queues."""
        return order_id in self._places

    def place(self, order_id: int) -> tuple[Side, int] | None:
        """Return side and price of an order that rested in one of the queues."""
        return self._places.get(order_id)

    def book_sections(self, words: Words, limit: int) -> list[Section]:
        """Return the best levels of both sides, asks from the highest down."""
        sections = []
        for side, name in _SIDES:
            levels = self.levels[side][:limit]
            rows = [
                [words.price(lv.price_ticks), words.quantity(lv.quantity_lots), str(lv.order_count)] for lv in levels
            ]
            if side is Side.SELL:
                rows.reverse()
            title = f"The {name} before (best {limit})" if rows else f"The {name} before: none"
            sections.append(Section(title, ("Price", "Quantity", "Orders"), rows))
        return sections

    def met_sections(self, words: Words, events: Sequence[Event], limit: int) -> list[Section]:
        """Return the queues that the command's trades met, in the order in which it reached them."""
        met = dict.fromkeys(
            place
            for event in events
            if isinstance(event, TradeExecuted)
            for place in [self._places.get(event.maker_order_id)]
            if place is not None
        )
        return [self._queue_section(words, side, price, limit) for side, price in met]

    def _queue_section(self, words: Words, side: Side, price: int, limit: int) -> Section:
        queue = self.queues[side, price]
        rows = [
            [
                str(number),
                words.order(queued.order_id),
                words.user(queued.account_id),
                str(queued.priority),
                words.quantity(queued.shown_lots),
                words.quantity(queued.hidden_lots),
            ]
            for number, queued in enumerate(queue[:limit], start=1)
        ]
        if len(queue) > limit:
            rows.append(["...", f"and {len(queue) - limit:,} more", "", "", "", ""])
        title = f"The queue it met at {words.price(price)} ({side.name.lower()} orders, first come first)"
        return Section(title, ("#", "Order", "Owner", "Priority", "Shown", "Hidden"), rows)


class _Walk:
    """Follows a command's events up to a trade, and knows what every queue looks like then."""

    def __init__(self, queues: Queues) -> None:
        self.queues = {key: [queued.order_id for queued in queue] for key, queue in queues.queues.items()}
        self.places = {order_id: key for key, queue in self.queues.items() for order_id in queue}
        self.triggered: dict[int, StopTriggered] = {}
        self.amended: set[int] = set()
        self.refilled: set[int] = set()
        self.auction: AuctionHeld | None = None
        self.last_trade: TradeExecuted | None = None

    def pass_by(self, event: Event) -> None:
        match event:
            case TradeExecuted():
                self.last_trade = event
                if event.maker_remaining_lots == 0:
                    self._leave(event.maker_order_id)
            case IcebergRefilled():
                self._requeue(event.order_id)
                self.refilled.add(event.order_id)
            case OrderCancelled() | OrderExpired():
                self._leave(event.order_id)
            case OrderAmended():
                if event.priority == event.seq:
                    self._leave(event.order_id)
                    self.amended.add(event.order_id)
            case StopTriggered():
                self.triggered[event.order_id] = event
            case AuctionHeld():
                self.auction = event
            case (
                OrderAccepted()
                | OrderRejected()
                | OrderRepriced()
                | StopPlaced()
                | StopMoved()
                | ExitPlaced()
                | BracketArmed()
                | OrderDecremented()
                | AmendRejected()
                | CancelRejected()
                | CancelAfterSet()
                | LevelChanged()
                | TradingStateChanged()
                | RulesChanged()
            ):
                pass  # no place in a queue changes
            case _:
                assert_never(event)

    def _leave(self, order_id: int) -> None:
        key = self.places.pop(order_id, None)
        if key is not None:
            self.queues[key].remove(order_id)

    def _requeue(self, order_id: int) -> None:
        key = self.places.get(order_id)
        if key is not None:
            self.queues[key].remove(order_id)
            self.queues[key].append(order_id)


def reasons(
    events: Sequence[Event],
    command: Command,
    queues: Queues,
    orders: dict[int, TrackedOrder],
    seq: int,
    words: Words,
) -> list[str]:
    """Return why the trade with a sequence number came about, in sentences."""
    walk = _Walk(queues)
    for event in events:
        if event.seq == seq:
            assert isinstance(event, TradeExecuted), "Invariant: a trade is explained"
            taker, maker = orders.get(event.taker_order_id), orders.get(event.maker_order_id)
            if walk.auction is not None and walk.places.get(event.taker_order_id):
                return _in_auction(event, walk.auction, taker, maker, words)
            return [
                _why_taker(event, command, walk, words),
                _why_reach(event, taker, command, walk, queues, words),
                *_why_maker(event, walk, maker, words),
                _why_quantity(event, words),
            ]
        walk.pass_by(event)
    raise AssertionError("Invariant: the trade is among the events of its command")


def _why_taker(event: TradeExecuted, command: Command, walk: _Walk, words: Words) -> str:
    name = words.order(event.taker_order_id)
    triggered = walk.triggered.get(event.taker_order_id)
    if triggered is not None:
        by = f" by the trade with sequence number {walk.last_trade.seq}" if walk.last_trade else ""
        last, stop = words.price(triggered.last_price_ticks), words.price(triggered.stop_price_ticks)
        return (
            f"The taker is {name}, a stop that was triggered{_trigger(triggered, walk, by)}: the last price {last} "
            f"reached its stop price {stop}. A triggered stop comes as a new order, after the one that triggered it."
        )
    if isinstance(command, AmendOrder):
        return (
            f"The taker is {name}, which this command amended: with another price or more quantity an order loses its "
            "place in the queue and enters the book anew, so it may trade at once."
        )
    if isinstance(command, ActivateBracket):
        return f"The taker is {name}, an exit of a bracket whose entry is settled; this command activated it."
    return f"The taker is {name}, which this command placed."


def _trigger(triggered: StopTriggered, walk: _Walk, by: str) -> str:
    """Name the trade only when it made the price that triggered: with several stops it need not be the last one."""
    made_it = walk.last_trade is not None and walk.last_trade.price_ticks == triggered.last_price_ticks
    return by if made_it and walk.last_trade and walk.last_trade.seq < triggered.seq else ""


def _why_reach(
    event: TradeExecuted, taker: TrackedOrder | None, command: Command, walk: _Walk, queues: Queues, words: Words
) -> str:
    if taker is None:
        return "It reached this price."
    limit, kind = taker.price_ticks, taker.type
    if isinstance(command, AmendOrder) and command.price_ticks and event.taker_order_id in walk.amended:
        limit = command.price_ticks
    if queues.band:
        low, high = (int(part) for part in queues.band.split())
        band = f"{words.price(low)} to {words.price(high)}"
    else:
        band = "which this market does not have"
    return words.reach(kind, limit, event, band)


def _why_maker(event: TradeExecuted, walk: _Walk, maker: TrackedOrder | None, words: Words) -> list[str]:
    name, price = words.order(event.maker_order_id), words.price(event.price_ticks)
    side = "asks" if event.taker_side is Side.BUY else "bids"
    place = walk.places.get(event.maker_order_id)
    if place is None:
        return [f"The maker is {name}, which came to rest at {price} during this command, as the best of the {side}."]
    queue = walk.queues[place]
    number = queue.index(event.maker_order_id) + 1
    behind = len(queue) - number
    waiting = f", before {behind} other{'s' if behind > 1 else ''}" if behind else ", and the only one"
    is_refilled = event.maker_order_id in walk.refilled
    priority = f" (priority {maker.priority})" if maker is not None and not is_refilled else ""
    again = " Before that, it had shown its next part and gone to the end of the queue." if is_refilled else ""
    return [
        f"Best price first: {price} was the best price of the {side}. A trade is made at the maker's price.",
        f"First come, first served: {name}{priority} was number {number} in the queue at {price}{waiting}.{again}",
    ]


def _why_quantity(event: TradeExecuted, words: Words) -> str:
    lots, left = words.quantity(event.quantity_lots), words.quantity(event.maker_remaining_lots)
    wanted = "the smaller of what the taker still wanted and what the maker showed"
    return f"They traded {lots}: {wanted}; {left} of the maker was left."


def _in_auction(
    event: TradeExecuted, auction: AuctionHeld, taker: TrackedOrder | None, maker: TrackedOrder | None, words: Words
) -> list[str]:
    price, most = words.price(auction.price_ticks), words.quantity(auction.quantity_lots)
    opened = f"The market opened with an auction: orders that rested across each other trade at one price. {price} is"
    in_turn = "In an auction, too, best price first; first come, first served. The older of the two is"
    return [
        f"{opened} the price at which the most can trade, {most} in all.",
        f"Both orders reach {price}: {_limit_of(taker, words)}; {_limit_of(maker, words)}.",
        f"{in_turn} called the maker: {words.order(event.maker_order_id)}.",
        f"They traded {words.quantity(event.quantity_lots)}: the smaller of what both showed.",
    ]


def _limit_of(order: TrackedOrder | None, words: Words) -> str:
    if order is None:
        return "an order that came during the command"
    side = "buys up to" if order.side is Side.BUY else "sells down to"
    return f"{words.order(order.order_id)} {side} {words.price(order.price_ticks)} (priority {order.priority})"
