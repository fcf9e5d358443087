"""What earlier rounds saw: an order that has ended never changes again, and none disappears."""

from typing import Any
from uuid import UUID

from psycopg import Connection

from tests.chaos.verify.findings import Findings
from tests.chaos.verify.stored import FINAL, Row, Stored, brief

_Ended = tuple[str, Any, Any, Any]


class Memory:
    """All orders that were seen, for those that have ended how."""

    def __init__(self) -> None:
        self.still_open: list[UUID] = []
        self._ended: dict[UUID, _Ended] = {}

    def check(self, stored: Stored, findings: Findings) -> None:
        """Compare with what is stored now, then remember that."""
        for order_id in self.still_open:
            if order_id not in stored.orders:
                findings.differ("lost", f"order {order_id} was stored after an earlier round, and is not now")
        for order_id, row in stored.orders.items():
            before = self._ended.get(order_id)
            if before is not None and before != _ending(row):
                findings.differ("final", f"an order had ended as {before}", brief(row))
            if row["status"] in FINAL:
                self._ended[order_id] = _ending(row)
        self.still_open = stored.still_open()

    def check_all(self, connection: Connection, findings: Findings) -> None:
        """Compare every order that ever ended with what is stored."""
        now = {}
        for order_id, *ending in connection.execute(
            "SELECT id, status, filled_quantity, price, quantity FROM orders_order"
        ):
            now[order_id] = tuple(ending)
        for order_id, before in self._ended.items():
            findings.checked["ended orders at the end"] += 1
            if now.get(order_id) != before:
                findings.differ("final", f"order {order_id} had ended as {before} and is {now.get(order_id)}")


def _ending(row: Row) -> _Ended:
    return row["status"], row["filled_quantity"], row["price"], row["quantity"]
