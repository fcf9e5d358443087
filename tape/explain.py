"""Says order by order where engine and exchange differ, and what the tape has about the orders concerned."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from tape.lobster import RowType, TapeRow
from tape.plan import Fill
from tape.proof import DifferentGroup, DifferentRow, Findings

_VERBS = {RowType.REDUCE: "reduced", RowType.DELETE: "deleted", RowType.EXECUTE: "executed"}
_NAMED_MAX = 50


def explanations(findings: Findings, rows: Iterable[TapeRow]) -> Iterator[str]:
    """Yield a paragraph for each group and each order that differ, in the tape's order. One pass over the rows."""
    by_order = _by_order(findings.different_rows)
    fills = (fill for group in findings.different_groups for fill in (*group.action.fills, *group.trades))
    history = _history(rows, {*by_order, *(fill.order_id for fill in fills)})
    for group in findings.different_groups[:_NAMED_MAX]:
        yield from _group(group, history)
    for order_id, different in list(by_order.items())[:_NAMED_MAX]:
        yield from _order(order_id, different, history[order_id])
    for line in findings.refused[:_NAMED_MAX]:
        yield f"line {line:,}: the engine did not take what the exchange took"
    left_out = sum(max(0, len(kind) - _NAMED_MAX) for kind in (findings.different_groups, by_order, findings.refused))
    if left_out:
        yield f"{left_out:,} more are not named"


def _group(group: DifferentGroup, history: dict[int | None, list[TapeRow]]) -> Iterator[str]:
    action = group.action
    side = "buy" if action.is_buy else "sell"
    yield f"line {action.line:,}, {_clock(action.time_ns)}, a market {side} of {action.size:,}"
    yield f"    exchange: {_fills(action.fills)}"
    yield f"    engine:   {_fills(group.trades)}"
    tape, engine = _lots(action.fills), _lots(group.trades)
    preferred = ", ".join(f"{order_id}{_since(history[order_id])}" for order_id in tape - engine)
    for order_id in engine - tape:
        rows = history[order_id]
        yield f"    skipped:  {order_id}{_since(rows)}, older than {preferred or 'nothing'}"
        yield f"              {_fate(rows, action.line)}"


def _order(order_id: int | None, different: list[DifferentRow], rows: list[TapeRow]) -> Iterator[str]:
    first, last = different[0], different[-1]
    yield f"lines {first.line:,} to {last.line:,}, the best bid or ask after {len(different):,} of them"
    yield f"    exchange: {_quote(first.tape)} at first"
    yield f"    engine:   {_quote(first.engine)}"
    if order_id is None:
        yield "    lacking:  the engine has no order there"
    else:
        yield f"    left over: {order_id}{_since(rows)}"
        yield f"              {_fate(rows, first.line)}"


def _history(rows: Iterable[TapeRow], order_ids: Iterable[int | None]) -> dict[int | None, list[TapeRow]]:
    history: dict[int | None, list[TapeRow]] = {order_id: [] for order_id in order_ids}
    for row in rows:
        if row.order_id in history:
            history[row.order_id].append(row)
    return history


def _by_order(different: Iterable[DifferentRow]) -> dict[int | None, list[DifferentRow]]:
    by_order: dict[int | None, list[DifferentRow]] = defaultdict(list)
    for row in different:
        by_order[row.order_id].append(row)
    return by_order


def _lots(fills: Iterable[Fill]) -> Counter[int]:
    lots: Counter[int] = Counter()
    for fill in fills:
        lots[fill.order_id] += fill.size
    return lots


def _fate(rows: list[TapeRow], after_line: int) -> str:
    following = next((row for row in rows if row.line > after_line and row.type in _VERBS), None)
    if following is None:
        return "no later row has it: it ended outside the levels that the tape shows"
    return f"next on the tape: {_VERBS[following.type]} by {following.size:,}, line {following.line:,}"


def _since(rows: list[TapeRow]) -> str:
    announced = next((row for row in rows if row.type is RowType.NEW), None)
    if announced is None:
        return " (from before the tape)"
    side = "buy" if announced.is_buy else "sell"
    return f" ({side} {announced.size:,} at {_price(announced.price_e4)}, line {announced.line:,})"


def _fills(fills: Iterable[Fill]) -> str:
    return ", ".join(f"{fill.size:,} of {fill.order_id} at {_price(fill.price_e4)}" for fill in fills) or "nothing"


def _quote(quote: tuple[int, int, int, int]) -> str:
    ask_price, ask_size, bid_price, bid_size = quote
    return f"bid {bid_size:,} at {_price(bid_price)}, ask {ask_size:,} at {_price(ask_price)}"


def _price(price_e4: int) -> str:
    return f"{price_e4 // 10_000}.{price_e4 // 100 % 100:02d}"


def _clock(time_ns: int) -> str:
    seconds, fraction = divmod(time_ns, 1_000_000_000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{fraction:09d}"
