"""Explains a trade: the book right before its command, what the command did, and why these two orders matched."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple
from uuid import UUID

from psycopg import Connection

from base.times import iso_ms
from exchange.models import Market, User
from matching.engine import Command, Engine, Event, PlaceOrder, TradeExecuted
from matching.engine.band import band_limits
from orders.models import JournalBatch, Trade
from verification.explanation.money import money_section
from verification.explanation.reasons import Queues, reasons
from verification.explanation.sections import Section
from verification.explanation.words import Words
from verification.replay.checkpoints import (
    Beginning,
    CheckpointError,
    beginning_from,
    checkpoints_of,
    genesis,
)
from verification.replay.journal import (
    JournalBrokenError,
    StoredBatch,
    batch_commands,
    check_batch,
    execute,
    journal_beginning,
    replay,
    stored_batches,
)
from verification.replay.tracked_orders import TrackedOrder, rebuilt_engine
from verification.replay.tracker import Tracker

EVENTS_MAX: Final = 300_000  # that a page replays: some seconds
LEVELS_SHOWN: Final = 5
QUEUE_SHOWN: Final = 10
EVENTS_SHOWN: Final = 200


class ExplainError(Exception):
    """A trade cannot be explained; the message says why, for people."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What `explain` found: sections of facts, and sentences on why the orders matched."""

    trade: Trade
    sections: list[Section] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    replayed_from: int = 0
    is_proven: bool = False  # the replayed batch left the state hash that is stored


class _Moment(NamedTuple):
    """The command that made the trade, and the market right before it."""

    batch: StoredBatch
    number: int
    commands: int
    command: Command
    events: list[Event]
    engine_before: dict[str, str]
    queues: Queues
    orders: dict[int, TrackedOrder]
    replayed_from: int
    is_proven: bool


def trade_explain(*, connection: Connection, trade: Trade, events_max: int | None = None) -> Explanation:
    """Replay a trade's market up to its command and explain it. Only reads; locks nothing.

    Costs the replay from the nearest checkpoint, at most `events_max` events. Raises ExplainError when the journal or
    every checkpoint before it is gone, when it is too far, and when the journal does not give the stored trade.
    """
    market = Market.objects.select_related("base", "quote").get(pk=trade.market_id)
    batch = _batch_of(trade)
    beginning = nearest_beginning(
        connection, market, first_seq=batch.first_seq, last_seq=batch.last_seq, events_max=events_max, what="trade"
    )
    try:
        moment = _replayed(connection, market, beginning, trade, batch)
    except (JournalBrokenError, AssertionError, KeyError) as error:
        raise ExplainError(
            f"The journal up to this trade cannot be replayed, see `manage.py reconcile`: {error}"
        ) from error
    words = Words(market, _names(moment))
    return Explanation(
        trade,
        [
            _trade_section(trade, market),
            _command_section(moment, words),
            Section("The market before", ("What", "Value"), [[k, v] for k, v in moment.engine_before.items()]),
            *moment.queues.book_sections(words, LEVELS_SHOWN),
            *moment.queues.met_sections(words, moment.events, QUEUE_SHOWN),
            _events_section(moment, words),
            money_section(trade, market),
        ],
        reasons(moment.events, moment.command, moment.queues, moment.orders, trade.seq, words),
        moment.replayed_from,
        moment.is_proven,
    )


# --- where to begin --------------------------------------------------------------------------------------


def _batch_of(trade: Trade) -> JournalBatch:
    batches = JournalBatch.objects.filter(market_id=trade.market_id, last_seq__gte=trade.seq).order_by("last_seq")
    batch = batches.defer("commands").first()
    if batch is None or batch.first_seq > trade.seq:
        raise ExplainError("The journal of this trade is gone: its partition was detached, or the row is missing")
    return batch


def nearest_beginning(
    connection: Connection, market: Market, *, first_seq: int, last_seq: int, events_max: int | None, what: str
) -> Beginning:
    """Return the nearest state before a batch's `first_seq` from which the journal goes on without a gap.

    Raises ExplainError when there is none, or when a replay up to `last_seq` executes more than `events_max` events.
    """
    before = checkpoints_of(market.pk).exclude(state_hash="").filter(seq__lt=first_seq)
    checkpoint = before.defer(None).order_by("-seq", "-id").first()
    stored_from = journal_beginning(connection, market_id=market.pk) or 0
    since = checkpoint.seq if checkpoint is not None else 0
    if stored_from > since + 1:
        raise ExplainError(f"The journal between the nearest checkpoint and this {what} is gone")
    distance = last_seq - since
    if events_max is not None and distance > events_max:
        raise ExplainError(
            f"{distance:,} events would have to be replayed, which takes too long for a page: "
            "use `manage.py explain` on the command line"
        )
    try:
        return genesis(market) if checkpoint is None else beginning_from(checkpoint)
    except CheckpointError as error:
        raise ExplainError(f"The checkpoint before this {what} cannot be used: {error}") from error


# --- the replay ------------------------------------------------------------------------------------------


def _replayed(
    connection: Connection, market: Market, beginning: Beginning, trade: Trade, stored: JournalBatch
) -> _Moment:
    first_seq, last_seq = stored.first_seq, stored.last_seq
    engine, tracker, since = beginning.engine, beginning.tracker, beginning.engine.seq
    before = stored_batches(connection, market_id=market.pk, after_seq=since, until_seq=first_seq - 1)
    for _, command, events in replay(engine, before):
        _track(tracker, command, events)
    (batch,) = stored_batches(connection, market_id=market.pk, after_seq=first_seq - 1, until_seq=last_seq)
    commands = batch_commands(batch)
    number = _number_of(trade.seq, _copy(engine, tracker), batch, commands)
    for command in commands[:number]:
        _track(tracker, command, execute(engine, batch, command))
    command, queues, orders = commands[number], Queues.of(engine), dict(tracker.orders)
    facts = _market_facts(engine, market)
    events = execute(engine, batch, command)
    _add_new(orders, command)
    for later in commands[number + 1 :]:
        execute(engine, batch, later)
    check_batch(engine, batch)
    return _Moment(
        batch, number + 1, len(commands), command, events, facts, queues, orders, since, bool(batch.state_hash)
    )


def _track(tracker: Tracker, command: Command, events: Sequence[Event]) -> None:
    tracker.apply(command, events)
    tracker.trades.clear()
    tracker.placed.clear()
    tracker.ended.clear()


def _number_of(seq: int, scout: Engine, batch: StoredBatch, commands: Sequence[Command]) -> int:
    """Return which command of a batch makes an event, by executing them on a copy of the engine."""
    for number, command in enumerate(commands):
        events = execute(scout, batch, command)
        if events and events[0].seq <= seq <= events[-1].seq:
            event = next(event for event in events if event.seq == seq)
            if not isinstance(event, TradeExecuted):
                raise ExplainError(
                    f"The journal has no trade with the sequence number {seq}: see `manage.py reconcile`"
                )
            return number
    raise ExplainError(f"The journal has no event with the sequence number {seq}: see `manage.py reconcile`")


def _copy(engine: Engine, tracker: Tracker) -> Engine:
    return rebuilt_engine(
        list(tracker.orders.values()),
        seq=engine.seq,
        trading_state=engine.trading_state,
        band_ppm=engine.band_ppm,
        reference_price_ticks=engine.reference_price_ticks,
        last_price_ticks=engine.last_price_ticks,
        max_orders=engine.max_orders,
        max_stops=engine.max_stops,
        trailing_marks=list(engine.trailing_marks()),
        cancel_after=dict(engine.cancel_after),
        edition=engine.edition,
        unfinished=engine.unfinished.packed(),
    )


def _add_new(orders: dict[int, TrackedOrder], command: Command) -> None:
    placed: Iterable[PlaceOrder] = (command,) if isinstance(command, PlaceOrder) else getattr(command, "orders", ())
    for order in placed:
        orders[order.order_id] = TrackedOrder(order)


# --- sections --------------------------------------------------------------------------------------------


def _market_facts(engine: Engine, market: Market) -> dict[str, str]:
    price = Words(market, {}).price
    around = engine.last_price_ticks or engine.reference_price_ticks
    low, high = band_limits(engine.band_ppm, around)
    band = (
        f"{price(low)} to {price(high)} ({engine.band_ppm} ppm around {price(around)})" if engine.band_ppm else "none"
    )
    return {
        "trading state": engine.trading_state.name.lower(),
        "last price": price(engine.last_price_ticks) if engine.last_price_ticks else "none yet",
        "price band": band,
        "open orders": f"{engine.open_order_count:,}",
        "sequence number": f"{engine.seq:,}",
    }


def _trade_section(trade: Trade, market: Market) -> Section:
    rows = [
        ["trade", str(trade.pk)],
        ["market", market.symbol],
        ["sequence number", f"{trade.seq:,}"],
        ["time", iso_ms(trade.executed_at)],
        [
            "quantity and price",
            f"{trade.quantity.normalize():f} {market.base_id} at {trade.price.normalize():f} {market.quote_id}",
        ],
        ["buyer's order", str(trade.buyer_order_id)],
        ["seller's order", str(trade.seller_order_id)],
        ["taker", trade.taker_side],
    ]
    return Section("The trade", ("What", "Value"), rows)


def _command_section(moment: _Moment, words: Words) -> Section:
    rows = [
        ["command", words.command(moment.command)],
        ["batch", f"{UUID(bytes=moment.batch.id)}, command {moment.number} of {moment.commands}"],
        ["sequence numbers", f"{moment.events[0].seq:,} to {moment.events[-1].seq:,}"],
    ]
    return Section("The command", ("What", "Value"), rows)


def _events_section(moment: _Moment, words: Words) -> Section:
    rows = [[str(event.seq), words.event(event)] for event in moment.events[:EVENTS_SHOWN]]
    if len(moment.events) > EVENTS_SHOWN:
        rows.append(["...", f"and {len(moment.events) - EVENTS_SHOWN:,} more"])
    return Section("What the command did", ("Seq", "Event"), rows)


def _names(moment: _Moment) -> dict[int, str]:
    """Return the names of the accounts that are shown. One query."""
    ids = {order.account_id for order in moment.orders.values() if moment.queues.has(order.order_id)}
    for event in moment.events:
        if isinstance(event, TradeExecuted):
            ids.update((event.maker_account_id, event.taker_account_id))
    ids.add(getattr(moment.command, "account_id", 0))
    ids.update(order.account_id for order in getattr(moment.command, "orders", ()))
    users = User.objects.filter(pk__in=[UUID(int=account_id) for account_id in ids])
    return {user_id.int: name for user_id, name in users.values_list("id", "username")}


def text_of(explanation: Explanation) -> Iterable[str]:
    """Yield an explanation as lines of text."""
    for section in explanation.sections[:-1]:
        yield from section.lines()
    yield "WHY THESE TWO ORDERS MATCHED"
    yield from (f"  {number}. {reason}" for number, reason in enumerate(explanation.reasons, start=1))
    yield ""
    yield from explanation.sections[-1].lines()
    proof = "after the batch the state hash was the stored one" if explanation.is_proven else "no state hash is stored"
    yield f"Replayed from sequence number {explanation.replayed_from:,}; {proof}."


def as_json(explanation: Explanation) -> dict[str, Any]:
    """Return an explanation as JSON values."""
    return {
        "trade_id": str(explanation.trade.pk),
        "sections": [section._asdict() for section in explanation.sections],
        "reasons": explanation.reasons,
        "replayed_from": explanation.replayed_from,
        "is_proven": explanation.is_proven,
    }
