"""Feeds a tape straight into the matching engine: are its fills and its book those of the exchange?

Each execution of the tape, all its rows of one moment and side, is fed as ONE market order of their total size, and the
trades are compared with the rows in order id, size and price. The best bid and ask are compared after every row. Only
after a comparison the book is brought back in step with the tape where it differs. Partial cancels are amendments.

Queue priority follows the order id: where the tape announces an order late, those of a higher id at its price stand
behind it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import accumulate, chain, zip_longest
from typing import Final, NamedTuple

from matching.engine import (
    AmendOrder,
    CancelOrder,
    DepthLevel,
    Engine,
    OrderAccepted,
    OrderAmended,
    OrderType,
    PlaceOrder,
    RestingOrder,
    Side,
    TimeInForce,
    TradeExecuted,
)
from tape.lobster import PRICE_STEPS, Quote, TapeRow
from tape.plan import Action, ActionKind, Fill, Plan

_MAKER: Final = 1
_TAKER: Final = 2
_TAKER_ID: Final = 1
_ID_SHIFT: Final = 1 << 64  # the rest of the first book's levels has ids below zero, which no engine takes


class DifferentGroup(NamedTuple):
    """An execution that the engine filled differently; the trades' line is the group's."""

    action: Action
    trades: tuple[Fill, ...]


class DifferentRow(NamedTuple):
    """A row after which the engine's best bid or ask differs; `order_id` is the first order of its level."""

    line: int
    tape: Quote
    engine: Quote
    order_id: int | None


@dataclass(slots=True)
class Findings:
    """What a proof found. `refused` are the lines of what the engine did not take as the exchange did."""

    rows: int = 0
    rows_alike: int = 0
    prices_alike: int = 0
    groups: int = 0
    groups_alike: int = 0
    fills: int = 0
    fills_alike: int = 0
    seeds: int = 0
    unknown: int = 0
    amended: int = 0
    different_groups: list[DifferentGroup] = field(default_factory=list)
    different_rows: list[DifferentRow] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)


class Proof:
    """One tape and one engine."""

    def __init__(self, quotes: Iterator[Quote]) -> None:
        self.findings = Findings()
        self._quotes = enumerate(quotes, start=1)
        self._compared = 0  # lines
        self._plan = Plan()
        self._engine = Engine()
        self._newest_id = 0

    def run(self, seeds: list[TapeRow], rows: Iterable[TapeRow]) -> Findings:
        """Feed everything and compare. Linear in the rows."""
        for action in self._plan.actions(chain(seeds, rows)):
            self._compare_rows(action.line - 1, self._quote())
            self._do(action)
        self._compare_rows(None, self._quote())
        self.findings.seeds = len(seeds)
        self.findings.unknown = self._plan.skipped["unknown order"]
        return self.findings

    def _do(self, action: Action) -> None:
        if action.kind is ActionKind.EXECUTE:
            self._execute(action)
        elif action.kind is ActionKind.PLACE:
            self._place(action.line, action.order_id, action.is_buy, action.price_e4, action.size)
        elif action.kind is ActionKind.REDUCE:
            self._reduce(action.line, action.order_id, action.size)
            self.findings.amended += 1
        else:
            self._engine.execute(CancelOrder(time_ms=0, order_id=_engine_id(action.order_id), account_id=_MAKER))

    # --- executions -----------------------------------------------------------------------------------

    def _execute(self, action: Action) -> None:
        before = self._quote()
        queue = self._engine.depth(_side(not action.is_buy))
        order = PlaceOrder(
            time_ms=0,
            order_id=_TAKER_ID,
            account_id=_TAKER,
            side=_side(action.is_buy),
            type=OrderType.MARKET,
            time_in_force=TimeInForce.IOC,
            post_only=False,
            price_ticks=0,
            quantity_lots=action.size,
            budget=0,
        )
        trades = tuple(
            Fill(action.line, _tape_id(event.maker_order_id), event.price_ticks * PRICE_STEPS, event.quantity_lots)
            for event in self._engine.execute(order)
            if isinstance(event, TradeExecuted)
        )
        self._compare_within(action, before, queue)
        self._compare_rows(action.fills[-1].line, self._quote())
        self._compare_fills(action, trades)

    def _compare_within(self, action: Action, before: Quote, queue: list[DepthLevel]) -> None:
        """Compare the rows of a group but the last: the engine reports levels once the whole order is done."""
        taken = accumulate(fill.size for fill in action.fills)
        for lots, following in zip(taken, action.fills[1:], strict=False):
            best = _best(_after(queue, lots))
            quote = before._replace(ask_price_e4=best[0], ask_size=best[1])
            if not action.is_buy:
                quote = before._replace(bid_price_e4=best[0], bid_size=best[1])
            self._compare_rows(following.line - 1, quote)

    def _compare_fills(self, action: Action, trades: tuple[Fill, ...]) -> None:
        found = self.findings
        alike = [
            tape is not None and trade is not None and tape[1:] == trade[1:]
            for tape, trade in zip_longest(action.fills, trades)
        ]
        found.groups += 1
        found.fills += len(action.fills)
        found.fills_alike += sum(alike)
        if all(alike):
            found.groups_alike += 1
        else:
            found.different_groups.append(DifferentGroup(action, trades))
            self._bring_in_step(action, trades)

    def _bring_in_step(self, action: Action, trades: tuple[Fill, ...]) -> None:
        """Give each order concerned what the tape has left of it, at its place in the queue."""
        concerned = {fill.order_id: fill for fill in chain(action.fills, trades)}
        for order_id, fill in sorted(concerned.items()):
            order = self._engine.find(_engine_id(order_id))
            there, wanted = (order.remaining_lots if order else 0), self._plan.size_of(order_id)
            if 0 < wanted < there:
                self._reduce(action.line, order_id, there - wanted)
            elif wanted != there:
                self._engine.execute(CancelOrder(time_ms=0, order_id=_engine_id(order_id), account_id=_MAKER))
                if wanted:
                    self._place(action.line, order_id, not action.is_buy, fill.price_e4, wanted)

    # --- the book -------------------------------------------------------------------------------------

    def _place(self, line: int, order_id: int, is_buy: bool, price_e4: int, size: int) -> None:
        """Place an order before those of a higher id at its price, which leave and come back; seeds come in order."""
        side, price_ticks = _side(is_buy), price_e4 // PRICE_STEPS
        younger = self._younger(order_id, side, price_ticks) if line and order_id < self._newest_id else []
        self._newest_id = max(self._newest_id, order_id)
        for order in younger:
            self._engine.execute(CancelOrder(time_ms=0, order_id=order.order_id, account_id=_MAKER))
        for placed_id, lots in [(_engine_id(order_id), size), *((o.order_id, o.remaining_lots) for o in younger)]:
            command = PlaceOrder(
                time_ms=0,
                order_id=placed_id,
                account_id=_MAKER,
                side=side,
                type=OrderType.LIMIT,
                time_in_force=TimeInForce.GTC,
                post_only=True,
                price_ticks=price_ticks,
                quantity_lots=lots,
                budget=0,
            )
            if not isinstance(self._engine.execute(command)[0], OrderAccepted):
                self.findings.refused.append(line)

    def _reduce(self, line: int, order_id: int, size: int) -> None:
        order = self._engine.find(_engine_id(order_id))
        quantity = order.quantity_lots - size if order else 0
        command = AmendOrder(
            time_ms=0, order_id=_engine_id(order_id), account_id=_MAKER, price_ticks=0, quantity_lots=quantity
        )
        amended = self._engine.execute(command)[0]
        if not isinstance(amended, OrderAmended):
            self.findings.refused.append(line)

    def _younger(self, order_id: int, side: Side, price_ticks: int) -> list[RestingOrder]:
        return [order for order in self._queue(side, price_ticks) if order.order_id > _engine_id(order_id)]

    def _queue(self, side: Side, price_ticks: int) -> list[RestingOrder]:
        orders = self._engine.open_orders()
        return [order for order in orders if (order.side, order.price_ticks) == (side, price_ticks)]

    # --- best bid and ask -----------------------------------------------------------------------------

    def _quote(self) -> Quote:
        asks, bids = (self._engine.depth(side, 1) for side in (Side.SELL, Side.BUY))
        return Quote(*_best(asks), *_best(bids))

    def _compare_rows(self, last_line: int | None, engine: Quote) -> None:
        """Compare the rows up to a line, all without one, that were not compared yet: all left the same book."""
        while last_line is None or self._compared < last_line:
            self._compared, tape = next(self._quotes, (self._compared, None))
            if tape is None:
                return
            found = self.findings
            found.rows += 1
            found.rows_alike += tape == engine
            found.prices_alike += tape[::2] == engine[::2]
            if tape != engine:
                found.different_rows.append(self._different_row(tape, engine))

    def _different_row(self, tape: Quote, engine: Quote) -> DifferentRow:
        side, price_e4 = (Side.BUY, engine.bid_price_e4) if tape[:2] == engine[:2] else (Side.SELL, engine.ask_price_e4)
        first = next(iter(self._queue(side, price_e4 // PRICE_STEPS)), None)
        return DifferentRow(self._compared, tape, engine, _tape_id(first.order_id) if first else None)


def _after(queue: Iterable[DepthLevel], lots: int) -> Iterator[DepthLevel]:
    """Yield what is left of levels when so many lots were taken from the first ones."""
    for level in queue:
        taken = min(lots, level.quantity_lots)
        lots -= taken
        if taken < level.quantity_lots:
            yield level._replace(quantity_lots=level.quantity_lots - taken)


def _best(levels: Iterable[DepthLevel]) -> tuple[int, int]:
    return next(((level.price_ticks * PRICE_STEPS, level.quantity_lots) for level in levels), (0, 0))


def _side(is_buy: bool) -> Side:
    return Side.BUY if is_buy else Side.SELL


def _engine_id(order_id: int) -> int:
    return order_id + _ID_SHIFT


def _tape_id(engine_id: int) -> int:
    return engine_id - _ID_SHIFT
