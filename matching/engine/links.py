"""Orders that belong together, and what the end of one means for the others."""

from dataclasses import dataclass

from matching.engine.digests import MASK_64, digest_of
from matching.engine.types import GroupKind


@dataclass(frozen=True, slots=True)
class Oco:
    """Two orders of which one cancels the other."""

    first_id: int
    second_id: int

    def other(self, order_id: int) -> int:
        return self.second_id if order_id == self.first_id else self.first_id

    @property
    def members(self) -> tuple[int, ...]:
        return self.first_id, self.second_id

    def digest(self) -> int:
        return digest_of((GroupKind.OCO, self.first_id, self.second_id))


@dataclass(frozen=True, slots=True)
class Bracket:
    """An entry and its two exits, which wait for it. It is armed when the entry has ended with a fill."""

    entry_id: int
    take_profit_id: int
    stop_loss_id: int
    is_armed: bool = False

    @property
    def exits(self) -> tuple[int, int]:
        return self.take_profit_id, self.stop_loss_id

    @property
    def members(self) -> tuple[int, ...]:
        return self.exits if self.is_armed else (self.entry_id, *self.exits)

    def digest(self) -> int:
        return digest_of((GroupKind.BRACKET, self.entry_id, *self.exits, self.is_armed))


Link = Oco | Bracket


class Links:
    """Which orders belong together: each order to at most one group. All operations are O(1)."""

    __slots__ = ("_digest_sum", "armed", "by_order")

    def __init__(self) -> None:
        self.by_order: dict[int, Link] = {}
        self.armed: dict[int, Bracket] = {}
        self._digest_sum = 0

    def add(self, link: Link) -> None:
        for order_id in link.members:
            self.by_order[order_id] = link
        if isinstance(link, Bracket) and link.is_armed:
            self.armed[link.entry_id] = link
        self._digest_sum += link.digest()

    def pop(self, order_id: int) -> Link | None:
        """Dissolve the group of an order and return what it was."""
        link = self.by_order.get(order_id)
        if link is not None:
            for member in link.members:
                del self.by_order[member]
            if isinstance(link, Bracket):
                self.armed.pop(link.entry_id, None)
            self._digest_sum -= link.digest()
        return link

    def digest(self) -> int:
        return self._digest_sum & MASK_64

    def check_invariants(self) -> None:
        for order_id, link in self.by_order.items():
            assert order_id in link.members, "Invariant: a linked order is a member of its group"
            assert all(self.by_order.get(member) is link for member in link.members), "Invariant: groups are whole"
