"""Reads the rule book, docs/matching.md: plays its examples on a real engine, and gives its tables.

The notation is explained at the top of that page. What an example expects is compared as text with what the engine's
events say, so that a failure shows both.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NamedTuple

from matching.engine import (
    PLAIN,
    ActivateBracket,
    AmendOrder,
    AmendRejected,
    AuctionHeld,
    BracketArmed,
    CancelAfterSet,
    CancelAll,
    CancelOrder,
    CancelRejected,
    Command,
    Engine,
    Event,
    ExitPlaced,
    ExpireDue,
    GroupKind,
    IcebergRefilled,
    Instructions,
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
    SelfTradePrevention,
    SetCancelAfter,
    SetRules,
    SetTradingState,
    Side,
    StopMoved,
    StopPlaced,
    StopTriggered,
    TimeInForce,
    TradeExecuted,
    TradingState,
)
from matching.engine.editions import WORK_MAX

RULE_BOOK: Final = Path(__file__).parents[3] / "docs" / "matching.md"


# --- the page -----------------------------------------------------------------------------------


class Step(NamedTuple):
    """A line that stands at the margin, and those indented beneath it."""

    line: int
    text: str
    beneath: list[str]


class Example(NamedTuple):
    """`title` is the heading it stands under."""

    title: str
    steps: list[Step]


def read_examples(text: str) -> Iterator[Example]:
    """Iterate over the blocks marked `example`."""
    title, steps = "", list[Step]()
    is_inside = False
    for number, line in enumerate(text.splitlines(), start=1):
        if not is_inside:
            title = line.lstrip("# ") if line.startswith("#") else title
            is_inside = line == "```example"
        elif line == "```":
            yield Example(title, steps)
            steps, is_inside = [], False
        elif line.startswith("  "):
            steps[-1].beneath.append(line.strip())
        elif line:
            steps.append(Step(number, line, []))


def cells(heading: str, *columns: int) -> list[tuple[str, ...]]:
    """Return some columns of the first table under a heading of the page, without its head and without backticks."""
    section = RULE_BOOK.read_text().split(f"\n{heading}\n", 1)[1].split("\n#", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    rows = [[cell.strip().replace("`", "") for cell in line.strip("|").split("|")] for line in lines[2:]]
    return [tuple(row[column] for column in columns) for row in rows]


# --- commands -----------------------------------------------------------------------------------

_AMEND: Final = re.compile(r"(\w+) amends (\w+) to ?(\d+)?(?: ?@ (\d+))?(?:,? ?stop (\d+))?")
_SWITCH: Final = re.compile(r"(\w+) cancels all after (\d+)")
_CANCEL: Final = re.compile(r"(\w+) cancels (\w+)")
_SETTLED: Final = re.compile(r"settled: (\w+)(, not funded)?")
_CLOCK: Final = re.compile(r"clock: (\d+)")
_MARKET: Final = re.compile(r"market: (.+)")
_BRACKET: Final = re.compile(r"((\w+) \w+ (\d+) .+), then (sells|buys) (.+) or (.+) = (.+)")
_OCO: Final = re.compile(r"(\w+ \w+ \d+) (.+) or ([^,]+)(, .+)? = (.+)")
_ORDER: Final = re.compile(
    r"(\w+) (buys|sells) (for )?(\d+) (@|at market|stop|take-profit|trailing)"
    r"(?: ([\d.]+)( %)?)?(?: limit (\d+))?((?:, [\w -]+)*) = (\w+)"
)
_TYPES: Final = {
    "@": OrderType.LIMIT,
    "at market": OrderType.MARKET,
    "stop": OrderType.STOP,
    "stop limit": OrderType.STOP_LIMIT,
    "take-profit": OrderType.TAKE_PROFIT,
    "take-profit limit": OrderType.TAKE_PROFIT_LIMIT,
    "trailing": OrderType.TRAILING_STOP,
}
_SIDES: Final = {"buys": Side.BUY, "sells": Side.SELL}
_TIMES: Final = {"ioc": TimeInForce.IOC, "fok": TimeInForce.FOK, "until": TimeInForce.GTD}
_NUMBERED: Final = {"until": "expire_ms", "showing": "display_lots"}
_MODES: Final = {mode.name.lower().replace("_", "-"): mode for mode in SelfTradePrevention}
_STATES: Final = {state.name.lower().replace("_", "-"): state for state in TradingState}
_RULES: Final = {
    "reference": "reference_price_ticks",
    "last": "last_price_ticks",
    "orders": "max_orders",
    "stops": "max_stops",
    "work": "work_max",
}

# --- events -------------------------------------------------------------------------------------

_SAID: Final[dict[type[Event], str]] = {
    OrderAccepted: "{order_id} accepted",
    OrderRejected: "{order_id} rejected, {reason}",
    OrderRepriced: "{order_id} repriced @ {price_ticks}",
    StopPlaced: "{order_id} waits for {stop_price_ticks}, {towards} {price_ticks}",
    StopMoved: "{order_id} waits for {stop_price_ticks}",
    ExitPlaced: "{order_id} waits for its entry",
    StopTriggered: "{order_id} triggered, {stop_price_ticks} reached by {last_price_ticks}",
    BracketArmed: "{entry_id} ended, its exits are for {quantity_lots}",
    TradeExecuted: "trade {quantity_lots} @ {price_ticks}, maker {maker_order_id}, taker {taker_order_id}",
    IcebergRefilled: "{order_id} shows {visible_lots} again",
    OrderDecremented: "{order_id} decremented by {lots}, {remaining_lots} left",
    OrderAmended: "{order_id} now {quantity_lots}{limit}, {remaining_lots} left, {place}",
    AmendRejected: "amend of {order_id} rejected, {reason}",
    OrderCancelled: "{order_id} cancelled, {remaining_lots} left, {reason}",
    OrderExpired: "{order_id} expired, {remaining_lots} left",
    CancelRejected: "cancel of {order_id} rejected, {reason}",
    CancelAfterSet: "{account_id}'s switch {due}",
    AuctionHeld: "auction of {quantity_lots} @ {price_ticks}",
}
"""How the examples say an event. Those that are not here, about levels, rules and states, are left out."""


class Play:
    """An example on the stage: its engine, its clock, and what its names mean. Orders and accounts get ids in turn."""

    def __init__(self) -> None:
        self.engine = Engine()
        self._work_max = WORK_MAX
        self.commands: list[Command] = []
        self._now_ms = 0
        self._ids: dict[str, int] = {}
        self._sides: dict[int, Side] = {}
        self._readers: dict[re.Pattern[str], Callable[..., Command]] = {
            _AMEND: self._amend,
            _SWITCH: lambda who, ms: SetCancelAfter(self._now_ms, self._id(who), int(ms)),
            _CANCEL: self._cancel,
            _SETTLED: lambda entry, unfunded: ActivateBracket(self._now_ms, self._id(entry), not unfunded),
            _CLOCK: self._clock,
            _MARKET: self._market,
            _BRACKET: self._bracket,
            _OCO: self._oco,
            _ORDER: self._order,
        }

    def perform(self, step: Step) -> tuple[list[str], list[str]]:
        """Carry out a step; return what the page says and what the engine says."""
        if step.text.startswith("book: "):
            return [step.text], [self._book()]
        if step.text.startswith("market: ") and not self.commands:
            rules = _rules(step.text.removeprefix("market: "))
            self._work_max = rules.pop("work_max", WORK_MAX)
            self.engine = Engine(**rules)
            return step.beneath, []
        command = self._read(step.text)
        self.commands.append(command)
        market = self.engine._market  # its bounds are smaller than they ever are, or examples would be long
        market.work_max = market.fills_max = self._work_max
        said = [self._say(event) for event in self.engine.execute(command) if type(event) in _SAID]
        if isinstance(command, PlaceOrder) and not step.beneath:
            return [self._say(OrderAccepted(0, command.order_id))], said
        return step.beneath, said

    # --- reading commands ---------------------------------------------------------------------------

    def _read(self, text: str) -> Command:
        for pattern, reader in self._readers.items():
            if (match := pattern.fullmatch(text)) is not None:
                return reader(*match.groups())
        raise ValueError(f"the rule book's notation does not know: {text}")

    def _id(self, name: str) -> int:
        return self._ids.setdefault(name, len(self._ids) + 1)

    def _order(self, *parts: str | None) -> PlaceOrder:
        who, side, is_budget, size, kind, number, percent, limit, asked, name = (part or "" for part in parts)
        order_type, words = _TYPES[f"{kind} limit" if limit else kind], asked.split(", ")[1:]
        tif = TimeInForce.IOC if order_type == OrderType.MARKET else TimeInForce.GTC
        for word in words:
            tif = _TIMES.get(word.split()[0], tif)
        account_id, order_id = self._id(who), self._id(name)
        self._sides[order_id] = _SIDES[side]
        return PlaceOrder(
            self._now_ms,
            order_id,
            account_id,
            _SIDES[side],
            order_type,
            tif,
            "post-only" in words,
            int(limit or (number if kind == "@" else 0)),
            0 if is_budget else int(size),
            int(size) if is_budget else 0,
            _instructions(kind, number, percent, words),
        )

    def _oco(self, who: str, limit: str, stop: str, asked: str | None, names: str) -> PlaceGroup:
        return self._group(GroupKind.OCO, names, (f"{who} {leg}{asked or ''}" for leg in (limit, stop)))

    def _bracket(self, entry: str, who: str, size: str, side: str, profit: str, loss: str, names: str) -> PlaceGroup:
        exits = [f"{who} {side} {size} {leg}" for leg in (profit, loss)]
        return self._group(GroupKind.BRACKET, names, (entry, *exits))

    def _group(self, kind: GroupKind, names: str, legs: Iterable[str]) -> PlaceGroup:
        orders = [self._read(f"{leg} = {name}") for leg, name in zip(legs, names.split(", "), strict=True)]
        return PlaceGroup(self._now_ms, kind, tuple(order for order in orders if isinstance(order, PlaceOrder)))

    def _amend(self, who: str, name: str, *asked: str | None) -> AmendOrder:
        lots, price, stop = (int(number or 0) for number in asked)
        return AmendOrder(self._now_ms, self._id(name), self._id(who), price, lots, stop)

    def _cancel(self, who: str, name: str) -> Command:
        if name == "all":
            return CancelAll(self._now_ms, self._id(who))
        return CancelOrder(self._now_ms, self._id(name), self._id(who))

    def _clock(self, ms: str) -> ExpireDue:
        self._now_ms = int(ms)
        return ExpireDue(self._now_ms)

    def _market(self, parts: str) -> Command:
        rules = _rules(parts)
        if "trading_state" in rules:
            return SetTradingState(self._now_ms, rules["trading_state"])
        known = {name: getattr(self.engine, name) for name in SetRules._fields[1:]}
        return SetRules(self._now_ms, **(known | rules))

    # --- saying what happened -----------------------------------------------------------------------

    def _say(self, event: Event) -> str:
        fields = event._asdict()
        names = {number: name for name, number in self._ids.items()}
        said = {field: names[fields[field]] for field in fields if field.endswith("_id")}
        if "reason" in fields:
            said["reason"] = fields["reason"].name
        if isinstance(event, StopPlaced):
            said["towards"] = "up to" if self._sides[event.order_id] == Side.BUY else "down to"
        if isinstance(event, OrderAmended):
            said["place"] = "at the end" if event.priority == event.seq else "in its place"
            said["limit"] = f" @ {event.price_ticks}" if event.price_ticks else ""
        if isinstance(event, CancelAfterSet):
            said["due"] = f"falls at {event.due_ms}" if event.due_ms else "is off"
        return _SAID[type(event)].format(**(fields | said))

    def _book(self) -> str:
        shown = []
        for name, side in (("bids", Side.BUY), ("asks", Side.SELL)):
            levels = [f"{level.quantity_lots} @ {level.price_ticks}" for level in self.engine.depth(side)]
            shown += [f"{name} {', '.join(levels)}"] if levels else []
        return f"book: {'; '.join(shown) or 'empty'}"


def _instructions(kind: str, number: str, percent: str, words: list[str]) -> Instructions:
    asked: dict[str, Any] = {"reprice": True} if "reprice" in words else {}
    if kind in ("stop", "take-profit"):
        asked["stop_price_ticks"] = int(number)
    elif kind == "trailing":
        asked |= {"trail_ppm": int(Decimal(number) * 10_000)} if percent else {"trail_ticks": int(number)}
    for word in words:
        name, _, value = word.partition(" ")
        if name in _NUMBERED:
            asked[_NUMBERED[name]] = int(value)
        elif name in _MODES:
            asked["self_trade_prevention"] = _MODES[name]
        assert name in ("reprice", "post-only", *_TIMES, *_NUMBERED, *_MODES), f"no such instruction: {word}"
    return Instructions(**asked) if asked else PLAIN


def _rules(parts: str) -> dict[str, Any]:
    """Return what a `market:` line sets, by the engine's names."""
    rules: dict[str, Any] = {}
    for part in parts.split(", "):
        name, _, number = part.partition(" ")
        if part in _STATES:
            rules["trading_state"] = _STATES[part]
        elif name == "band":
            rules["band_ppm"] = int(Decimal(number.removesuffix(" %")) * 10_000)
        else:
            rules[_RULES[name]] = int(number)
    return rules
