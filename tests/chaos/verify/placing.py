"""Every order that was placed is stored once and as answered, and nothing is stored that nobody placed."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from tests.chaos.verify.attempts import Attempt
from tests.chaos.verify.findings import Findings
from tests.chaos.verify.stored import FINAL, LATE_S, Row, Stored, brief, id_time

COMMAND_TIMEOUT_S = 3.0
SLACK_S = 0.25
_SAME = ("client_order_id", "side", "type", "time_in_force", "post_only", "self_trade_prevention", "symbol")
_SAME_NUMBERS = ("quote_quantity", "trailing_amount", "display_quantity")
_TRADE_NUMBERS = ("price", "quantity")
_PROGRESS = {"pending": 0, "open": 1, "partially_filled": 2}


def check_placing(attempts: Sequence[Attempt], stored: Stored, began: float, findings: Findings) -> None:
    """Compare all attempts of a round with what is stored."""
    by_client_id: dict[tuple[str, str], list[Attempt]] = defaultdict(list)
    for attempt in attempts:
        if attempt.client_order_id:
            by_client_id[attempt.user, attempt.client_order_id].append(attempt)
        else:
            _check_outcome([attempt], _unnamed(attempt, stored), findings)
    for key, tries in by_client_id.items():
        _check_outcome(tries, stored.by_client_id.get(key, []), findings)
    _check_nothing_unasked(attempts, by_client_id, stored, began, findings)
    _check_deadlines(stored, findings)


def _unnamed(attempt: Attempt, stored: Stored) -> list[Row]:
    """Return the stored order of an attempt without a client order id, as far as the answer tells which it is."""
    order_id = attempt.orders[0]["id"] if attempt.orders else attempt.details.get("order_id")
    row = stored.order(order_id) if order_id else None
    return [row] if row else []


# --- one order ------------------------------------------------------------------------------------


def _check_outcome(tries: list[Attempt], rows: list[Row], findings: Findings) -> None:
    findings.checked["orders placed"] += 1
    evidence = [*(t.entry for t in tries), *map(brief, rows)]
    if len(rows) > 1:
        findings.differ("doubled", "an order is stored more than once", *evidence)
    acknowledged = [attempt for attempt in tries if attempt.is_acknowledged]
    rejected = [attempt for attempt in tries if attempt.rejected_id]
    if acknowledged:
        _check_acknowledged(acknowledged, rows, evidence, findings)
    elif rejected:
        if not rows or rows[0]["status"] != "rejected" or str(rows[0]["id"]) != rejected[0].rejected_id:
            findings.differ("rejected", "an order that was answered as rejected is not stored so", *evidence)
    elif all(attempt.left_nothing for attempt in tries):
        if rows:
            findings.differ("refused", "an order is stored although every answer said that it is not", *evidence)
    elif any(attempt.is_unknown for attempt in tries):
        findings.facts["unknown, and stored" if rows else "unknown, and not stored"] += 1


def _check_acknowledged(tries: list[Attempt], rows: list[Row], evidence: list[Any], findings: Findings) -> None:
    ids = {attempt.orders[0]["id"] for attempt in tries}
    if len(ids) > 1:
        findings.differ("doubled", "two answers to one order name two orders", *evidence)
    if not rows:
        findings.differ("lost", "an acknowledged order is not stored", *evidence)
    elif str(rows[0]["id"]) not in ids:
        findings.differ("lost", "the stored order is not the acknowledged one", *evidence)
    if sum(attempt.status == 201 for attempt in tries) > 1:
        findings.differ("doubled", "an order was answered as new more than once", *evidence)


def check_answers(attempts: Sequence[Attempt], stored: Stored, findings: Findings) -> None:
    """Compare every order and trade of every acknowledgement with the stored one."""
    for attempt in attempts:
        for answer in attempt.orders:
            findings.checked["orders as answered"] += 1
            row = stored.order(answer["id"])
            if row is None:
                findings.differ("lost", "an order of an answer is not stored", attempt.entry)
            else:
                check_order(answer, row, attempt.entry, findings)
        check_trades(attempt.trades, stored, attempt.entry, findings)


def check_order(answer: dict[str, Any], row: Row, entry: object, findings: Findings) -> None:
    """Compare an order as answered with the stored one, which may have gone on since."""
    said = {name: answer[name] for name in _SAME}
    kept = {name: row[name] for name in said}
    said |= {name: _number(answer.get(name)) for name in _SAME_NUMBERS}
    kept |= {name: _number(row[name]) for name in _SAME_NUMBERS}
    said |= {"created_at": _moment(answer["created_at"]), "group_id": answer["group_id"]}
    kept |= {"created_at": row["created_at"], "group_id": row["group_id"] and str(row["group_id"])}
    if said != kept:
        wrong = {name: (said[name], kept[name]) for name in said if said[name] != kept[name]}
        findings.differ("as answered", f"fields of a stored order are not as answered: {wrong}", entry, brief(row))
    if not _may_follow(answer, row):
        findings.differ("as answered", "a stored order is not what an answered one can become", entry, brief(row))


def _may_follow(answer: dict[str, Any], row: Row) -> bool:
    filled = Decimal(answer["filled_quantity"])
    if answer["status"] in FINAL:
        return bool(row["status"] == answer["status"] and row["filled_quantity"] == filled)
    forward = row["status"] in FINAL or _PROGRESS[row["status"]] >= _PROGRESS[answer["status"]]
    return bool(forward and row["filled_quantity"] >= filled)


def check_trades(trades: Sequence[dict[str, Any]], stored: Stored, entry: object, findings: Findings) -> None:
    """Compare the trades of an answer with the stored ones."""
    for trade in trades:
        findings.checked["trades as answered"] += 1
        row = stored.trade(trade["id"])
        if row is None:
            findings.differ("lost", "a trade of an answer is not stored", entry)
        elif any(_number(trade[name]) != row[name] for name in _TRADE_NUMBERS) or (
            (trade["taker_side"], trade["symbol"]) != (row["taker_side"], row["symbol"])
        ):
            findings.differ("as answered", "a stored trade is not as answered", entry, brief(row))


# --- all orders -----------------------------------------------------------------------------------


def _check_nothing_unasked(
    attempts: Sequence[Attempt], named: dict[tuple[str, str], list[Attempt]], stored: Stored, began: float,
    findings: Findings,
) -> None:  # fmt: skip
    known = {order["id"] for attempt in attempts for order in attempt.orders}
    known |= {str(order_id) for attempt in attempts if (order_id := attempt.details.get("order_id"))}
    nameless = [attempt for attempt in attempts if attempt.is_unknown and not attempt.client_order_id]
    for row in stored.orders.values():
        if row["created_at"].timestamp() < began:
            continue
        findings.checked["orders stored"] += 1
        if row["client_order_id"]:
            asked = (row["username"], row["client_order_id"]) in named
        elif row["group_id"] and row["group_id"] != row["id"]:
            asked = row["group_id"] in stored.orders  # the first order of the group answers for it
        else:
            asked = str(row["id"]) in known or any(_could_be(attempt, row) for attempt in nameless)
        if not asked:
            findings.differ("unasked", "an order is stored that nobody placed", brief(row))


def _could_be(attempt: Attempt, row: Row) -> bool:
    body = attempt.body
    is_alike = (attempt.user, body["symbol"], body["side"]) == (row["username"], row["symbol"], row["side"])
    in_time = attempt.entry.sent - SLACK_S <= row["created_at"].timestamp() <= attempt.entry.sent + LATE_S
    return is_alike and in_time and body.get("type", "limit") == row["type"]


def _check_deadlines(stored: Stored, findings: Findings) -> None:
    for row in stored.orders.values():
        findings.checked["orders in time"] += 1
        late = row["created_at"].timestamp() - id_time(row["id"])
        if not -SLACK_S <= late <= COMMAND_TIMEOUT_S + SLACK_S:
            findings.differ("deadline", f"an order was executed {late:.3f} s after it was received", brief(row))


def _number(value: Any) -> Decimal | None:
    return None if value is None else Decimal(value)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
