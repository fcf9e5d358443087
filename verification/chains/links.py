"""What both chains have in common: places whose hash is known, and breaks."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

GENESIS: Final = bytes(32)
# By number in the chain: of an entry of the audit trail its own, of a batch its last sequence number.
Known = Mapping[int, bytes]


class Place(NamedTuple):
    """A number in a chain, and the hash there."""

    number: int
    hash: bytes

    def as_json(self) -> list[object]:
        return [self.number, self.hash.hex()]


BEGINNING: Final = Place(0, GENESIS)


class Break(NamedTuple):
    """Where a chain is not what it should be: both sides, by the names of what differs."""

    subject: str
    expected: dict[str, str]
    found: dict[str, str]


@dataclass(slots=True)
class Walk:
    """A walk along a chain: where it stands, how many links it has seen, and what it has found.

    After a break it goes on from what is stored, so that each break is told once.
    """

    place: Place
    known: Known = field(default_factory=dict)
    count: int = 0
    breaks: list[Break] = field(default_factory=list)

    def add(self, subject: str, expected: dict[str, object], found: dict[str, object]) -> None:
        sides = ({name: str(value) for name, value in side.items()} for side in (expected, found))
        self.breaks.append(Break(subject, *sides))

    def step(self, subject: str, place: Place, expected: bytes, extra: Iterator[tuple[str, object, object]]) -> None:
        """Go to the next link, whose hash should be `expected`; `extra` has what else differs."""
        differing = list(extra)
        if place.hash != expected:
            differing.append(("hash", expected.hex(), place.hash.hex()))
        elif self.known.get(place.number, place.hash) != place.hash:
            differing.append(("hash", f"{self.known[place.number].hex()} (kept elsewhere)", place.hash.hex()))
        if differing:
            self.add(
                subject, {name: value for name, value, _ in differing}, {name: value for name, _, value in differing}
            )
        self.place = place
        self.count += 1

    def check_end(self, subject: str) -> None:
        """Compare where the chain ends with what is known to have been there."""
        beyond = [number for number in self.known if number > self.place.number]
        if beyond:
            self.add(subject, {"last": max(beyond)}, {"last": self.place.number})
