"""Every cancel and amendment that was acknowledged is stored as answered; nothing changed that nobody asked for."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from tests.chaos.diary import Entry
from tests.chaos.verify.attempts import Attempt
from tests.chaos.verify.findings import Findings
from tests.chaos.verify.placing import check_order, check_trades
from tests.chaos.verify.stored import FINAL, Row, Stored, brief

IN_FLIGHT_S = 8.0  # so long after it was sent, a request without an answer may still take effect
EXPIRY_SLACK_S = 2.0
_CLIENT_PRICED = ("limit", "stop_limit", "take_profit_limit")


def check_cancels(
    entries: Sequence[Entry], switches: Sequence[Entry], stored: Stored, findings: Findings
) -> None:  # fmt: skip
    """Check what was answered to cancels, and that nothing was cancelled without one.

    `switches` are the entries of all rounds that have orders cancelled later.
    """
    for entry in entries:
        if entry.what == "cancel":
            _check_cancel(entry, stored, findings)
        elif entry.what == "cancel_all" and entry.is_acknowledged:
            _check_cancel_all(entry, stored, findings)
    _check_reasons(entries, switches, stored, findings)


def _check_cancel(entry: Entry, stored: Stored, findings: Findings) -> None:
    findings.checked["cancels"] += 1
    row = stored.order(entry.request["order_id"])
    if row is None or entry.status == 404:
        findings.differ("not found", "an order that its owner knows is not found", entry, brief(row))
    elif entry.is_acknowledged:
        check_order(entry.data["order"], row, entry, findings)
        if row["status"] != "cancelled":
            findings.differ("cancel", "an order whose cancel was acknowledged is not cancelled", entry, brief(row))
    elif entry.code == "ORDER_NOT_CANCELLABLE" and row["status"] not in FINAL:
        findings.differ("cancel", "an order is open that was answered as ended", entry, brief(row))


def _check_cancel_all(entry: Entry, stored: Stored, findings: Findings) -> None:
    """What existed when it was sent has ended. What it counted was cancelled between question and answer."""
    findings.checked["cancels of all"] += 1
    symbol, cancelled = entry.request["symbol"], 0
    for row in stored.orders.values():
        if row["username"] != entry.client or (symbol and row["symbol"] != symbol):
            continue
        if row["created_at"].timestamp() < entry.sent - IN_FLIGHT_S and row["status"] not in FINAL:
            findings.differ("cancel", "an order is open that was cancelled with all others", entry, brief(row))
        ended = row["updated_at"].timestamp()
        is_asked = row["status"] == "cancelled" and row["reason"] in ("", "LINKED")
        cancelled += is_asked and entry.sent - 0.01 <= ended <= entry.answered + 0.01
    if cancelled < entry.data["cancelled"]:
        said = entry.data["cancelled"]
        findings.differ("cancel", f"{said} orders were answered as cancelled and {cancelled} are stored so", entry)


def _check_reasons(
    entries: Sequence[Entry], switches: Sequence[Entry], stored: Stored, findings: Findings
) -> None:  # fmt: skip
    cancelled = {entry.request["order_id"] for entry in entries if entry.what == "cancel"}
    wide = {(e.client, e.request.get("symbol")) for e in entries if e.what == "cancel_all"}
    wide |= {(e.client, None) for e in switches if e.what == "session"}
    later = {(e.client, e.request.get("symbol")) for e in switches}
    began = min((entry.sent for entry in entries), default=0.0)
    for row in stored.orders.values():
        if row["status"] != "cancelled" or row["updated_at"].timestamp() < began:
            continue
        findings.checked["reasons of cancels"] += 1
        asked = wide if row["reason"] == "" else later
        if row["reason"] not in ("", "CANCEL_AFTER") or str(row["id"]) in cancelled:
            continue
        if not {(row["username"], row["symbol"]), (row["username"], None)} & asked:
            findings.differ("cancel", "an order is cancelled and nobody asked for it", brief(row))


def check_amends(entries: Sequence[Entry], attempts: Sequence[Attempt], stored: Stored, findings: Findings) -> None:
    """Check that prices and quantity are those last acknowledged, or those of a later request without an answer."""
    amends: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.what == "amend":
            findings.checked["amendments"] += 1
            amends[entry.request["order_id"]].append(entry)
            if entry.is_acknowledged:
                _check_amend(entry, stored, findings)
            elif entry.status == 404:
                findings.differ("not found", "an order that its owner knows is not found", entry)
    placed = {order["id"]: order for attempt in attempts for order in attempt.orders if not attempt.is_replay}
    for order_id in amends.keys() | placed.keys():
        row = stored.order(order_id)
        if row is not None and row["type"] in _CLIENT_PRICED:
            _check_shape(row, placed.get(order_id), amends[order_id], findings)


def _check_amend(entry: Entry, stored: Stored, findings: Findings) -> None:
    row = stored.order(entry.data["order"]["id"])
    if row is None:
        findings.differ("lost", "an amended order is not stored", entry)
        return
    check_order(entry.data["order"], row, entry, findings)
    check_trades(entry.data["trades"], stored, entry, findings)


def _check_shape(row: Row, placed: dict[str, Any] | None, amends: list[Entry], findings: Findings) -> None:
    acknowledged = [entry for entry in amends if entry.is_acknowledged]
    last = acknowledged[-1] if acknowledged else None
    known = last.data["order"] if last else placed
    since = last.sent - IN_FLIGHT_S if last else 0.0
    maybe = [entry.request for entry in amends if entry.is_unknown and entry.sent >= since]
    names = ["price", *(["stop_price"] if row["stop_price"] is not None else [])]
    names += [] if row["group_role"] else ["quantity"]  # that of a group is amended with any of its orders
    for name in names:
        allowed = {Decimal(wish[name]) for wish in maybe if name in wish} | ({Decimal(known[name])} if known else set())
        if known and row[name] not in allowed and not (name == "price" and _is_repriced(row, maybe)):
            text = f"{name} is {row[name]} and may be {sorted(map(str, allowed))}"
            findings.differ("amend", text, placed, *amends, brief(row))


def _is_repriced(row: Row, maybe: list[dict[str, Any]]) -> bool:
    """Tell whether an amendment without an answer may have left this price: behind the other side, as asked for."""
    if not row["reprice"]:
        return False
    asked = [Decimal(wish["price"]) for wish in maybe if "price" in wish]
    return any(row["price"] < price if row["side"] == "buy" else row["price"] > price for price in asked)


def check_expiries(stored: Stored, now: float, findings: Findings) -> None:
    """Check that orders ended in their time, and not before."""
    for row in stored.orders.values():
        if row["expire_at"] is None:
            continue
        findings.checked["expiries"] += 1
        expire_at = row["expire_at"].timestamp()
        if row["status"] not in FINAL and expire_at < now - EXPIRY_SLACK_S:
            findings.differ("expiry", "an order is open after its time", brief(row))
        if row["status"] == "expired" and row["updated_at"].timestamp() < expire_at:
            findings.differ("expiry", "an order expired before its time", brief(row))


def check_looks(entries: Sequence[Entry], attempts: Sequence[Attempt], stored: Stored, findings: Findings) -> None:
    """Check that what was not there after its time was over did not appear later."""
    retried: dict[str | None, int] = defaultdict(int)
    ids: dict[str, Attempt] = {}
    for attempt in attempts:
        retried[attempt.client_order_id] += 1
        if order_id := attempt.details.get("order_id"):
            ids[order_id] = attempt
    for entry in entries:
        if entry.what != "look" or entry.status not in (200, 404):
            continue
        findings.checked["looks after a timeout"] += 1
        row, order_id = stored.order(entry.request["order_id"]), entry.request["order_id"]
        if (entry.status == 404) != (row is None):
            findings.differ("timeout", "an order looked for after its timeout", ids[order_id].entry, entry, brief(row))
