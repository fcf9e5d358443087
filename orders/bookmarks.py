"""Bookmarks: how far somebody has read, in all markets at once.

A market commits its batches one after the other and numbers their events by `seq`, so one number for each market says
exactly what was read, whatever else was late and whatever a clock said. A bookmark is these numbers as a text that
clients keep and give back. Bookmarks that are joined by points are one: of each market the furthest place counts.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import msgpack

from base.pagination import START
from base.times import ms_of
from orders.models import MarketSequence

__all__ = ["BEGINNING", "Bookmark", "Place", "bookmark_of", "bookmark_text", "last_places"]

_JOINT: Final = "."
_PARTS_MAX: Final = 1_000
_TEXT_MAX: Final = 32_768
_MARKET_MAX, _SEQ_MAX, _TIME_MAX = (1 << 15) - 1, (1 << 58) - 1, (1 << 47) - 1


class Place(NamedTuple):
    """A place in one market: everything up to event `seq` was read, and nothing unread is older than `time_ms`.

    Older by the clock of the market's engine, which may be followed by one that is CLOCK_SKEW_MS behind.
    """

    seq: int
    time_ms: int


BEGINNING: Final = Place(0, 0)
Bookmark = Mapping[int, Place]
"""Places by market id; a market that is missing is at its beginning."""


def bookmark_text(bookmark: Bookmark) -> str:
    """Return a bookmark as clients keep it: some eleven characters for each market."""
    begun = sorted((market_id, place) for market_id, place in bookmark.items() if place != BEGINNING)
    if not begun:
        return START
    latest_ms = max(place.time_ms for _, place in begun)
    numbers = [latest_ms]
    for market_id, place in begun:
        numbers += (market_id, place.seq, latest_ms - place.time_ms)
    packed: bytes = msgpack.packb(numbers)
    return urlsafe_b64encode(packed).decode().rstrip("=")


def bookmark_of(text: str) -> Bookmark:
    """Return the bookmark that a text is. Raises ValueError."""
    parts = text.split(_JOINT, _PARTS_MAX)
    if len(text) > _TEXT_MAX or len(parts) > _PARTS_MAX:
        raise ValueError("too long for a bookmark")
    furthest: dict[int, Place] = {}
    for part in parts:
        for market_id, place in () if part == START else _places(part):
            furthest[market_id] = max(place, furthest.get(market_id, place))
    return furthest


def _places(text: str) -> Iterator[tuple[int, Place]]:
    try:
        latest_ms, *numbers = _whole_numbers(msgpack.unpackb(urlsafe_b64decode(text + "=" * (-len(text) % 4))))
        for market_id, seq, behind_ms in zip(numbers[::3], numbers[1::3], numbers[2::3], strict=True):
            place = Place(seq, latest_ms - behind_ms)
            if market_id > _MARKET_MAX or seq > _SEQ_MAX or not 0 <= place.time_ms <= _TIME_MAX:
                raise ValueError("out of range")
            yield market_id, place
    except (ValueError, msgpack.UnpackException) as error:
        raise ValueError(f"no bookmark: {error}") from error


def _whole_numbers(unpacked: Any) -> list[int]:
    if not isinstance(unpacked, list) or not all(type(number) is int and number >= 0 for number in unpacked):
        raise ValueError("not a list of whole numbers")
    return unpacked


def last_places() -> dict[int, Place]:
    """Return where each market that was ever served stands, by market id. One query."""
    rows = MarketSequence.objects.values_list("market_id", "last_seq", "updated_at")
    return {market_id: Place(seq, ms_of(moment) if moment else 0) for market_id, seq, moment in rows}
