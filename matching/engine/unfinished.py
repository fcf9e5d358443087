"""What commands have begun and later ones go on with, because one command does a bounded amount of work."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple


class Unseen(NamedTuple):
    """What the stops of a market have yet to look at; all 0 when they are up to date.

    They look at `seen_ticks`, and stops up to the priority `watched_seq` watch. `prices` come after it: of trades, with
    their `seq`.
    """

    seen_ticks: int = 0
    watched_seq: int = 0
    prices: tuple[tuple[int, int], ...] = ()


UP_TO_DATE: Final = Unseen()


class Unfinished(NamedTuple):
    """What commands have begun and later ones go on with: an auction at a price (0 = none), and prices that stops have
    yet to look at.
    """

    auction_ticks: int = 0
    unseen: Unseen = UP_TO_DATE

    def packed(self) -> list[Any]:
        """Return it as lists of numbers, to be stored; an empty one when nothing is unfinished."""
        seen_ticks, watched_seq, prices = self.unseen
        return [] if self == FINISHED else [self.auction_ticks, [seen_ticks, watched_seq, list(map(list, prices))]]

    @classmethod
    def unpacked(cls, values: Sequence[Any]) -> "Unfinished":
        """Return what `packed` gave."""
        if not values:
            return FINISHED
        auction_ticks, (seen_ticks, watched_seq, prices) = values
        return cls(auction_ticks, Unseen(seen_ticks, watched_seq, tuple((seq, price) for seq, price in prices)))


FINISHED: Final = Unfinished()
