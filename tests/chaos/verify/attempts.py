"""From diaries to attempts: one order, or group, that somebody tried to place, however it was sent."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.chaos.diary import NOTHING_DONE, REFUSED, Entry


@dataclass(slots=True)
class Attempt:
    """One try to place an order; `orders` and `trades` are what an acknowledgement said."""

    entry: Entry
    body: dict[str, Any]
    status: int
    code: str
    details: dict[str, Any]
    orders: list[dict[str, Any]]
    trades: list[dict[str, Any]]

    @property
    def user(self) -> str:
        return self.entry.client

    @property
    def client_order_id(self) -> str | None:
        return self.body.get("client_order_id")

    @property
    def is_acknowledged(self) -> bool:
        return self.status in (200, 201)

    @property
    def is_replay(self) -> bool:
        return self.status == 200

    @property
    def rejected_id(self) -> str | None:
        """The id of the order that is stored as rejected, if that is what the answer says."""
        return self.details.get("order_id") if self.status in REFUSED else None

    @property
    def left_nothing(self) -> bool:
        """Whether the answer says that nothing is stored."""
        return (
            (self.status in REFUSED and self.rejected_id is None) or self.code in NOTHING_DONE or self.entry.never_left
        )

    @property
    def is_unknown(self) -> bool:
        return not self.is_acknowledged and not self.left_nothing and self.rejected_id is None


def attempts_of(entries: Iterable[Entry]) -> Iterator[Attempt]:
    """Yield every order that the entries tried to place."""
    for entry in entries:
        if entry.what == "place":
            data = entry.data or {}
            orders = data.get("orders") or ([data["order"]] if data.get("order") else [])
            details = entry.details
            yield Attempt(entry, entry.request, entry.status, entry.code, details, orders, data.get("trades", []))
        elif entry.what == "batch":
            yield from _of_batch(entry)


def _of_batch(entry: Entry) -> Iterator[Attempt]:
    results = (entry.data or {}).get("results") or [None] * len(entry.request["orders"])
    for body, result in zip(entry.request["orders"], results, strict=True):
        if result is None:
            yield Attempt(entry, body, entry.status, entry.code, entry.details, [], [])
            continue
        error, data = result.get("error") or {}, result.get("data") or {}
        orders = [data["order"]] if data else []
        yield Attempt(
            entry, body, result["status"], error.get("code", ""), error.get("details", {}), orders,
            data.get("trades", []),
        )  # fmt: skip
