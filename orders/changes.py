"""What happened to a user's orders after a bookmark, and which trades the user made: nothing is missed or told twice.

Each market is read from the user's place up to where the market stands, by `seq`. What commits later has a higher one,
so it comes with the next page, whatever its times are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

import orjson
from django.db.models import QuerySet

from base.errors import ValidationError
from base.ids import uuid7_floor
from base.times import ms_of
from exchange.models import Market, User
from matching.timing import CLOCK_SKEW_MS
from orders.bookmarks import BEGINNING, Bookmark, Place, last_places
from orders.models import Order, Trade
from orders.trailing import keep_marks, marks_of

__all__ = ["Changes", "orders_changed", "trades_made"]

Row = TypeVar("Row", Order, Trade)

QUIET_MS: Final = 10_000
SOON_MAX: Final = 10_000  # trades of a user in a second
_AT_ONCE: Final = 3  # orders that one event can be about: a bracket

# One probe of the index on (user, market, seq) for each market, and no more rows than the page has. The maximum keeps
# each market in the order of its `seq` where an engine's clock was put back; among markets it is the order of time.
_ORDERS: Final = """
    SELECT changed.*, CASE WHEN changed.type = 'trailing_stop' AND changed.status = 'pending' THEN (
        SELECT trailing_marks FROM orders_marketsequence market WHERE market.market_id = changed.market_id
    ) END AS trailing_marks FROM unnest(%(markets)s::smallint[], %(seqs)s::bigint[], %(ends)s::bigint[])
        AS unread (market_id, seq, last_seq)
    CROSS JOIN LATERAL (
        SELECT * FROM orders_order stored
        WHERE stored.user_id = %(user_id)s AND stored.market_id = unread.market_id
            AND stored.seq > unread.seq AND stored.seq <= unread.last_seq
        ORDER BY stored.seq LIMIT %(limit)s
    ) AS changed
    ORDER BY max(changed.updated_at) OVER (PARTITION BY changed.market_id ORDER BY changed.seq),
        changed.market_id, changed.seq, changed.id
    LIMIT %(limit)s
"""
# The user's trades by the indexes on (buyer, id) and (seller, id). The range of one user is what makes the planner take
# them, as in `trades_of_market`.
_IN_ORDER: Final = "(%({})s::bigint[])[array_position(%(markets)s::smallint[], made.market_id)]"
_SIDE: Final = f"""
    (SELECT * FROM orders_trade made
     WHERE made.{{party}}_id >= %(user_id)s AND made.{{party}}_id <= %(user_id)s {{but}}
        AND made.id >= %(since)s AND made.id < %(until)s
        AND made.seq > {_IN_ORDER.format("seqs")} AND made.seq <= {_IN_ORDER.format("ends")}
     ORDER BY made.{{party}}_id, made.id LIMIT %(limit)s)
"""  # noqa: S608  (nothing from outside is formatted in)
_TRADES: Final = f"""
    SELECT * FROM ({_SIDE.format(party="buyer", but="")}
        UNION ALL {_SIDE.format(party="seller", but="AND made.buyer_id <> %(user_id)s")}) AS made
    ORDER BY id LIMIT %(limit)s
"""  # noqa: S608  (as above)


@dataclass(frozen=True, slots=True)
class Changes(Generic[Row]):
    """A page of what came after a bookmark, and the bookmark after it."""

    rows: Sequence[Row]
    has_more: bool
    bookmark: Bookmark


def orders_changed(user: User, after: Bookmark | None, *, at_most: int, market: Market | None = None) -> Changes[Order]:
    """Return the user's orders whose last event came after a bookmark, as they are now; None stands for now.

    Orders of one event are not torn apart, so a page may have two more than `at_most`. Two queries. Raises
    VALIDATION_ERROR when the exchange is not as far as the bookmark.
    """
    reading = _Reading.begin(after, market)
    if not reading.unread:
        return Changes([], False, reading.whole)
    parameters = reading.parameters() | {"user_id": user.pk, "limit": at_most + _AT_ONCE}
    found = [_with_marks(order) for order in Order.objects.raw(_ORDERS, parameters)]
    end = _end_of_event(found, at_most)
    if end == len(found):
        return Changes(found, False, reading.whole)
    read = {order.market_id: Place(order.seq, ms_of(order.updated_at)) for order in found[:end]}
    return Changes(found[:end], True, {**reading.after, **read})


def trades_made(user: User, after: Bookmark | None, *, at_most: int, market: Market | None = None) -> Changes[Trade]:
    """Return the trades that the user made after a bookmark; None stands for now.

    Two queries, one more if there is another page, and one if markets have moved that had long been quiet. A page has
    more than `at_most` where an engine's clock was put back. Raises as `orders_changed` does.
    """
    reading = _Reading.begin(after, market)
    if not reading.unread:
        return Changes([], False, reading.whole)
    parameters = reading.parameters() | reading.range_of_trades() | {"user_id": user.pk, "limit": at_most + 1}
    found = list(Trade.objects.raw(_TRADES, parameters))
    if len(found) <= at_most:
        return Changes(found, False, reading.whole)
    page = found[:at_most]
    return Changes([*page, *_overtaken(page, parameters)], True, reading.up_to(page))


def _overtaken(page: Sequence[Trade], parameters: Mapping[str, Any]) -> list[Trade]:
    """Return the trades after a page that were made before one in it, by another clock; nearly always there are none.

    They belong to it, for it is left behind by `seq`.
    """
    last, seqs = page[-1], _last_seqs(page)
    soon = {
        "since": UUID(int=last.pk.int + 1),
        "until": uuid7_floor(ms_of(last.executed_at) + CLOCK_SKEW_MS + 1),
        "limit": SOON_MAX,
    }
    later = Trade.objects.raw(_TRADES, {**parameters, **soon})
    return [trade for trade in later if trade.seq < seqs.get(trade.market_id, 0)]


def _last_seqs(trades: Sequence[Trade]) -> dict[int, int]:
    seqs: dict[int, int] = {}
    for trade in trades:
        seqs[trade.market_id] = max(trade.seq, seqs.get(trade.market_id, 0))
    return seqs


@dataclass(frozen=True, slots=True)
class _Reading:
    """What is to be read: the markets that have moved since a bookmark, each up to where it stands now."""

    after: Bookmark
    ends: Mapping[int, Place]
    unread: Sequence[int]

    @classmethod
    def begin(cls, after: Bookmark | None, market: Market | None) -> "_Reading":
        places = last_places()
        if after is None:
            return cls(places, places, ())
        if any(place.seq > places.get(market_id, BEGINNING).seq for market_id, place in after.items()):
            raise ValidationError({"after": ["This bookmark is ahead of the exchange, which was restored: begin anew"]})
        ends = places if market is None else {pk: place for pk, place in places.items() if pk == market.pk}
        return cls(after, ends, [pk for pk, place in ends.items() if place.seq > after.get(pk, BEGINNING).seq])

    @property
    def whole(self) -> Bookmark:
        """The bookmark when all of it was read."""
        return {**self.after, **self.ends}

    def parameters(self) -> dict[str, Any]:
        seqs = [self.after.get(market_id, BEGINNING).seq for market_id in self.unread]
        return {
            "markets": list(self.unread),
            "seqs": seqs,
            "ends": [self.ends[market_id].seq for market_id in self.unread],
        }

    def range_of_trades(self) -> dict[str, UUID]:
        """Return the ids between which the trades are that were not read. A query if markets have long been quiet.

        From such a market's place on, all that the user traded elsewhere since then would be read again. So it is asked
        where its own trades begin.
        """
        times = {market_id: self.after.get(market_id, BEGINNING).time_ms for market_id in self.unread}
        awake_ms = max(times.values()) - QUIET_MS
        starts = [_floor(time_ms) for time_ms in times.values() if time_ms >= awake_ms]
        starts += self._first_trades([market_id for market_id, time_ms in times.items() if time_ms < awake_ms])
        end_ms = max(self.ends[market_id].time_ms for market_id in self.unread)
        return {"since": min(starts), "until": uuid7_floor(end_ms + CLOCK_SKEW_MS + 1)}

    def _first_trades(self, market_ids: Sequence[int]) -> list[UUID]:
        firsts = [self._unread_trades(market_id)[:1] for market_id in market_ids]
        return list(firsts[0].union(*firsts[1:], all=True)) if firsts else []

    def _unread_trades(self, market_id: int) -> QuerySet[Trade, UUID]:
        place, end = self.after.get(market_id, BEGINNING), self.ends[market_id]
        numbers = {"id__gte": _floor(place.time_ms), "seq__gt": place.seq, "seq__lte": end.seq}
        trades = Trade.objects.filter(market_id__gte=market_id, market_id__lte=market_id, **numbers)
        return trades.order_by("market_id", "id").values_list("id", flat=True)

    def up_to(self, page: Sequence[Trade]) -> Bookmark:
        """Return the bookmark after a page of trades that does not end the reading.

        Trades are read in the order of their ids, all markets at once. So each market was read up to the last one's
        time, unless the market does not stand there yet.
        """
        seqs, last_ms = _last_seqs(page), ms_of(page[-1].executed_at)
        return {**self.after, **{market_id: self._place(market_id, seqs, last_ms) for market_id in self.unread}}

    def _place(self, market_id: int, seqs: Mapping[int, int], last_ms: int) -> Place:
        before = self.after.get(market_id, BEGINNING)
        time_ms = max(before.time_ms, min(last_ms, self.ends[market_id].time_ms))
        return Place(seqs.get(market_id, before.seq), time_ms)


def _floor(time_ms: int) -> UUID:
    """Return an id that is below those of all trades after a place, for it tells the time by another host's clock."""
    return uuid7_floor(max(0, time_ms - CLOCK_SKEW_MS))


def _with_marks(order: Order) -> Order:
    marks = marks_of(order)
    return order if marks is None else keep_marks(order, orjson.loads(marks))


def _end_of_event(orders: Sequence[Order], at_most: int) -> int:
    """Return where a page ends: after so many orders, or a little later, when they are of one event."""
    end = min(at_most, len(orders))
    while end < len(orders) and _event_of(orders[end]) == _event_of(orders[end - 1]):
        end += 1
    return end


def _event_of(order: Order) -> tuple[int, int]:
    return order.market_id, order.seq
