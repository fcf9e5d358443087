"""The life of an order: every event about it, by executing the journal over the time in which it changed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from psycopg import Connection

from base.ids import uuid7_floor, uuid7_time
from base.times import iso_ms, ms_of
from exchange.models import Market, User
from matching.engine import AmendOrder, CancelAll, CancelOrder, Command, Event, ExpireDue, LevelChanged, PlaceOrder
from orders.models import JournalBatch, Order
from verification.explanation.sections import Section
from verification.explanation.trades import ExplainError, nearest_beginning
from verification.explanation.words import Words
from verification.replay.journal import JournalBrokenError, StoredBatch, replay, stored_batches

EVENTS_SHOWN: Final = 500
_CLOCK_SKEW: Final = timedelta(minutes=1)  # between an engine's clock and the one that gives batches their ids
_IDS: Final = ("order_id", "maker_order_id", "taker_order_id", "entry_id")


@dataclass(frozen=True, slots=True)
class OrderLife:
    """What the engine said about an order, as sections of text; `remark` says what was replayed."""

    sections: list[Section]
    remark: str

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {"sections": [section._asdict() for section in self.sections], "remark": self.remark}

    def lines(self) -> Iterator[str]:
        """Yield it as lines of text."""
        for section in self.sections:
            yield from section.lines()
        yield self.remark


@dataclass(frozen=True, slots=True)
class _Step:
    batch: StoredBatch
    command: Command
    events: list[Event]


def order_life(*, connection: Connection, order: Order, events_max: int | None = None) -> OrderLife:
    """Replay an order's market over its life and return what happened to it. Only reads; locks nothing.

    Costs the replay from the nearest checkpoint, at most `events_max` events. Raises ExplainError when the journal or
    every checkpoint before it is gone, when it is too far, and when the journal cannot be replayed.
    """
    market = Market.objects.select_related("base", "quote").get(pk=order.market_id)
    first_seq, last_seq = _batches_of(order)
    beginning = nearest_beginning(
        connection, market, first_seq=first_seq, last_seq=last_seq, events_max=events_max, what="order"
    )
    since = beginning.engine.seq
    batches = stored_batches(connection, market_id=market.pk, after_seq=since, until_seq=last_seq)
    try:
        steps = list(_steps(replay(beginning.engine, batches), order.pk.int))
    except (JournalBrokenError, AssertionError, KeyError) as error:
        raise ExplainError(
            f"The journal of this order cannot be replayed, see `manage.py reconcile`: {error}"
        ) from error
    words = Words(market, _names(steps))
    remark = (
        f"Replayed from sequence number {since:,} to {last_seq:,}; after each batch the state hash was the stored one."
    )
    return OrderLife([_commands_section(steps, words), _events_section(steps, words)], remark)


def _batches_of(order: Order) -> tuple[int, int]:
    """Return the first number of the batch that placed an order and the last of the one that changed it last."""
    batches = JournalBatch.objects.filter(market_id=order.market_id).defer("commands")
    first = batches.filter(id__gte=_floor(order.created_at), created_at__gte=order.created_at).order_by("id").first()
    until = _floor(order.updated_at + 2 * _CLOCK_SKEW)
    last = batches.filter(id__lt=until, created_at__lte=order.updated_at).order_by("-id").first()
    if first is None or last is None or last.last_seq < first.first_seq or first.created_at != order.created_at:
        raise ExplainError("The journal of this order is gone: its partition was detached, or the row is missing")
    return first.first_seq, last.last_seq


def _floor(moment: Any) -> UUID:
    return uuid7_floor(ms_of(moment - _CLOCK_SKEW))


def _steps(replayed: Iterable[tuple[StoredBatch, Command, list[Event]]], order_id: int) -> Iterator[_Step]:
    for batch, command, events in replayed:
        about = [event for event in events if _is_about(event, order_id)]
        if about:
            yield _Step(batch, command, about)


def _is_about(event: Event, order_id: int) -> bool:
    return not isinstance(event, LevelChanged) and any(getattr(event, name, 0) == order_id for name in _IDS)


def _names(steps: Iterable[_Step]) -> dict[int, str]:
    """Return the names of the accounts whose commands these are. One query."""
    commands = [command for step in steps for command in (step.command, *getattr(step.command, "orders", ()))]
    ids = {getattr(command, "account_id", 0) for command in commands}
    users = User.objects.filter(pk__in=[UUID(int=account_id) for account_id in ids if account_id])
    return {user_id.int: name for user_id, name in users.values_list("id", "username")}


def _commands_section(steps: list[_Step], words: Words) -> Section:
    """Return the commands about it: its owner's, those of staff and clock, and those of others that met the order."""
    rows = [
        [_time(step.batch), f"{step.events[0].seq:,}", words.command(step.command)]
        for step in steps
        if isinstance(step.command, PlaceOrder | AmendOrder | CancelOrder | CancelAll | ExpireDue)
        or hasattr(step.command, "orders")
    ]
    return Section("The commands it took part in", ("Time", "From seq", "Command"), _bounded(rows))


def _events_section(steps: list[_Step], words: Words) -> Section:
    rows = [[_time(step.batch), f"{event.seq:,}", words.event(event)] for step in steps for event in step.events]
    return Section("What the engine said about it", ("Time", "Seq", "Event"), _bounded(rows))


def _bounded(rows: list[list[str]]) -> list[list[str]]:
    more = len(rows) - EVENTS_SHOWN
    return rows if more <= 0 else [*rows[:EVENTS_SHOWN], ["...", "", f"and {more:,} more"]]


def _time(batch: StoredBatch) -> str:
    return iso_ms(uuid7_time(UUID(bytes=batch.id)))
