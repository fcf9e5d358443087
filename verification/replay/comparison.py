"""Compares what a replay gives with what is stored: trades one by one, orders when they end, and nothing extra."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from base.ids import uuid7_floor
from base.scaling import PPM, plain
from exchange.models import Market
from matching.engine import Instructions, SelfTradePrevention
from matching.timing import HORIZON_MS
from orders.models import Mismatch
from orders.vocabulary import ORDER_TYPES, SIDES, TIMES_IN_FORCE
from verification.replay.findings import Finding, Findings
from verification.replay.stored_rows import END, EXTRA_COLUMNS, NO_EXTRAS, MarketRows, StoredOrder, StoredTrade
from verification.replay.tracked_orders import TrackedOrder
from verification.replay.tracker import ReplayedTrade, Tracker

_Check = Mismatch.Check
_MISSING: Final = {"row": "missing"}
_ORDER_FIELDS: Final = (
    "id",
    "user",
    "side",
    "type",
    "time_in_force",
    "post_only",
    "price",
    "quantity",
    "filled_quantity",
    "filled_quote",
    "status",
    "reason",
    "priority",
    "extras",
)
_TRADE_FIELDS: Final = (
    "id",
    "seq",
    "price",
    "quantity",
    "buyer",
    "seller",
    "buyer_order",
    "seller_order",
    "taker_side",
)
_PRICES: Final = ("price", "stop_price", "trailing_amount")
_QUANTITIES: Final = ("quantity", "filled_quantity", "display_quantity", "visible_quantity")
_IDS: Final = ("id", "user", "buyer", "seller", "buyer_order", "seller_order")


class Comparison:
    """Compares a tracker's output with a market's rows, page by page, in bounded memory.

    Trades and orders are read in the order of their ids, and so nearly in the order of the journal. What is stored and
    was not replayed yet waits in `_early`; what stays there when the journal ends is extra.
    """

    def __init__(
        self, market: Market, rows: MarketRows, findings: Findings, *, trades_since: UUID, orders_since: UUID
    ) -> None:
        self.trades_compared = 0
        self.orders_compared = 0
        self._market = market
        self._rows = rows
        self._findings = findings
        self._trades_floor = rows.beginning_of("orders_trade")
        self._orders_floor = rows.beginning_of("orders_order").bytes
        self._trades_since = max(trades_since, self._trades_floor)
        self._orders_since = max(orders_since, UUID(bytes=self._orders_floor))
        self._early_trades: dict[bytes, StoredTrade] = {}
        self._early_orders: set[bytes] = set()
        self._placed: set[bytes] = set()  # and not met among the stored ids so far

    def compare(self, tracker: Tracker) -> None:
        """Compare what the tracker gathered, and let it forget that."""
        self._compare_trades(tracker.trades, uuid7_floor(tracker.time_ms + 1))
        self._note_placed(tracker.placed, uuid7_floor(tracker.time_ms + HORIZON_MS + 1))
        self.compare_orders(tracker.ended)
        tracker.trades, tracker.placed, tracker.ended = [], [], []

    def finish(self) -> None:
        """Read what lies beyond the journal's end: rows that were not replayed are extra."""
        self._compare_trades([], END)
        self._note_placed([], END)
        for trade in self._early_trades.values():
            self._add_trade(trade.id, {"row": "none"}, self._trade_text(trade))
        for order_id in sorted(self._early_orders):
            self._add(_Check.ORDER, order_id, {"row": "none"}, {"row": "stored, and never placed"})

    # --- trades ---------------------------------------------------------------------------------------

    def _compare_trades(self, replayed: list[ReplayedTrade], until: UUID) -> None:
        floor = self._trades_floor.bytes
        waiting = {trade.id: trade for trade in replayed if trade.id >= floor}
        self._meet_trades(waiting, self._early_trades)
        if until > self._trades_since:
            for stored in self._rows.trades(self._trades_since, until):
                match = waiting.pop(stored.id, None)
                if match is None:
                    self._early_trades[stored.id] = stored
                else:
                    self._compare_trade(match, stored)
            self._trades_since = until
        if waiting:  # the clock went back, or the row is gone
            found = {trade.id: trade for trade in self._rows.trades_called(list(waiting))}
            self._meet_trades(waiting, found)
            for trade in waiting.values():
                trade.buyer_order.is_fee_known = trade.seller_order.is_fee_known = False
                self._add_trade(trade.id, self._trade_text(trade), _MISSING)
        self.trades_compared += len(replayed)

    def _meet_trades(self, waiting: dict[bytes, ReplayedTrade], stored: dict[bytes, StoredTrade]) -> None:
        for trade_id in [trade_id for trade_id in waiting if trade_id in stored]:
            self._compare_trade(waiting.pop(trade_id), stored.pop(trade_id))

    def _compare_trade(self, replayed: ReplayedTrade, stored: StoredTrade) -> None:
        buyer, seller = replayed.buyer_order, replayed.seller_order
        buyer.fee_units += stored.buyer_fee_units
        seller.fee_units += stored.seller_fee_units
        if replayed[:9] != stored[:9] or not stored.is_whole:
            expected, found = self._trade_text(replayed), self._trade_text(stored)
            self._add_differences(_Check.TRADE, stored.id, expected, found, is_whole=stored.is_whole)
        cost = replayed.price_ticks * replayed.quantity_lots * self._market.scale.tick_lot_units
        if stored.buyer_hold_units < cost + stored.buyer_fee_units or min(stored[10:12]) < 0:
            scale = self._market.scale
            expected = {"buyer_hold": f"at least {plain(scale.quote(cost + stored.buyer_fee_units))}"}
            self._add(_Check.FEE, stored.id, expected, {"buyer_hold": plain(scale.quote(stored.buyer_hold_units))})

    def _trade_text(self, trade: ReplayedTrade | StoredTrade) -> dict[str, str]:
        texts = self._texts(_TRADE_FIELDS, trade[:9])
        return texts | {"taker_side": SIDES.name.get(trade.taker_side, "?")}

    # --- orders ---------------------------------------------------------------------------------------

    def _note_placed(self, placed: Iterable[bytes], until: UUID) -> None:
        since = self._orders_since.bytes
        for order_id in placed:
            if order_id in self._early_orders:
                self._early_orders.discard(order_id)
            elif order_id >= since:
                self._placed.add(order_id)
        if until > self._orders_since:
            for order_id in self._rows.order_ids(self._orders_since, until):
                if order_id in self._placed:
                    self._placed.discard(order_id)
                else:
                    self._early_orders.add(order_id)
            self._orders_since = until

    def compare_orders(self, tracked: list[TrackedOrder]) -> dict[bytes, StoredOrder]:
        """Compare orders with their rows and return the rows. One query."""
        by_id = {order.order_id.to_bytes(16): order for order in tracked}
        by_id = {order_id: order for order_id, order in by_id.items() if order_id >= self._orders_floor}
        stored = self._rows.orders(list(by_id)) if by_id else {}
        for order_id, order in by_id.items():
            row = stored.get(order_id)
            if row is None:
                self._add(_Check.ORDER, order_id, self._order_text(self._expected(order)), _MISSING)
            else:
                self.compare_order(order, row)
        return stored

    def compare_order(self, order: TrackedOrder, row: StoredOrder) -> None:
        """Compare one order with its row."""
        self.orders_compared += 1
        expected = self._expected(order)
        if expected != row[:14] or not row.is_whole:
            sides = self._order_text(expected), self._order_text(row[:14])
            self._add_differences(_Check.ORDER, row.id, *sides, is_whole=row.is_whole)
        self._compare_fees(order, row)

    def _expected(self, order: TrackedOrder) -> tuple[Any, ...]:
        return (
            order.order_id.to_bytes(16),
            order.account_id.to_bytes(16),
            SIDES.name[order.side],
            ORDER_TYPES.name[order.type],
            TIMES_IN_FORCE.name[order.time_in_force],
            order.post_only,
            order.price_ticks,
            order.quantity_lots,
            order.filled_lots,
            order.filled_tick_lots * self._market.scale.tick_lot_units,
            order.status,
            order.reason,
            order.priority,
            _extras(order),
        )

    def _order_text(self, fields: tuple[Any, ...]) -> dict[str, str]:
        return self._texts((*_ORDER_FIELDS[:13], *EXTRA_COLUMNS), (*fields[:13], *(fields[13] or NO_EXTRAS)))

    # --- fees -----------------------------------------------------------------------------------------

    def _compare_fees(self, order: TrackedOrder, row: StoredOrder) -> None:
        scale = self._market.scale
        if order.is_fee_known and order.fee_units != row.fee_units:
            expected = {"fee_paid": plain(scale.quote(order.fee_units))}
            self._add(_Check.FEE, row.id, expected, {"fee_paid": plain(scale.quote(row.fee_units))})
        elif order.is_whole and order.is_fee_known and order.fills:
            self._compare_rates(order, row)
        budget = row.budget_units * PPM // (PPM + row.taker_fee_ppm) // scale.tick_lot_units
        if order.budget != budget:
            self._add(_Check.FEE, row.id, {"budget": f"{order.budget} tick-lots"}, {"budget": f"{budget} tick-lots"})

    def _compare_rates(self, order: TrackedOrder, row: StoredOrder) -> None:
        """Compare the fees of all fills with the order's rates on its total, rounded up once, or long ago each time."""
        unit = self._market.scale.tick_lot_units
        maker, taker = order.maker_tick_lots * unit, (order.filled_tick_lots - order.maker_tick_lots) * unit
        exact = -(-(maker * row.maker_fee_ppm + taker * row.taker_fee_ppm) // PPM)
        most = exact if row.is_fee_rounded_once else exact + order.fills
        least = 0 if row.side == "buy" else exact
        if not least <= row.fee_units <= most:
            quote = self._market.scale.quote
            expected = {"fee_paid": f"{plain(quote(least))} to {plain(quote(most))}"}
            self._add(_Check.FEE, row.id, expected, {"fee_paid": plain(quote(row.fee_units))})

    # --- findings --------------------------------------------------------------------------------------

    def _texts(self, names: Iterable[str], values: Iterable[Any]) -> dict[str, str]:
        return {name: self._text(name, value) for name, value in zip(names, values, strict=True)}

    def _text(self, name: str, value: Any) -> str:
        scale = self._market.scale
        if name in _IDS:
            return str(UUID(bytes=value))
        if name in _PRICES:
            return _plain_or_none(scale.price(value))
        if name in _QUANTITIES:
            return _plain_or_none(scale.quantity(value))
        return plain(scale.quote(value)) if name == "filled_quote" else str(value)

    def _add_differences(
        self, check: Mismatch.Check, row_id: bytes, expected: dict[str, str], found: dict[str, str], *, is_whole: bool
    ) -> None:
        names = [name for name in expected if expected[name] != found[name]]
        both = [{name: side[name] for name in names} for side in (expected, found)]
        if not is_whole:
            both[0]["amounts"], both[1]["amounts"] = "whole ticks, lots and units", "a fraction of one"
        self._add(check, row_id, *both)

    def _add_trade(self, trade_id: bytes, expected: dict[str, str], found: dict[str, str]) -> None:
        self._add(_Check.TRADE, trade_id, expected, found)

    def _add(self, check: Mismatch.Check, row_id: bytes, expected: dict[str, str], found: dict[str, str]) -> None:
        self._findings.add(Finding(check, str(UUID(bytes=row_id)), expected, found, market=self._market))


def _plain_or_none(value: Decimal) -> str:
    return plain(value) if value else "none"


def _extras(order: TrackedOrder) -> list[Any] | None:
    """Return what the row of an order has as its extras."""
    if not order.has_extras:
        return None
    extras = [
        *(value.name.lower() if isinstance(value, SelfTradePrevention) else value for value in _instructions(order)),
        order.visible_lots,
        f"{order.group_id:032x}" if order.group_id else "",
        order.group_role,
        order.triggered_ms,
    ]
    return None if extras == NO_EXTRAS else extras


def _instructions(order: TrackedOrder) -> Instructions:
    return order.instructions._replace(stop_price_ticks=order.stop_price_ticks)
