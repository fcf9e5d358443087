"""An order as a replay knows it: from commands and events alone, without holds, balances and fee rates."""

from collections.abc import Sequence
from typing import Any

from matching.engine import (
    FIRST_EDITION,
    PLAIN,
    Engine,
    Instructions,
    OrderType,
    PlaceOrder,
    RestoredOrder,
    RestoredSpecial,
    Side,
    TimeInForce,
    TradingState,
    Unfinished,
)
from orders.lifecycle import PENDING, TRANSITIONS
from orders.vocabulary import GROUP_ROLES


class TrackedOrder:
    """Everything that the journal says about one order, in ticks and lots.

    `filled_tick_lots` sums price x quantity of its fills, `maker_tick_lots` those in which it was the maker.
    `fee_units` sums the fees of its stored trades, as far as all of them were there: else `is_fee_known` is False.
    `is_whole` is False when a part of its life was not replayed.
    """

    __slots__ = (
        "account_id",
        "budget",
        "fee_units",
        "filled_lots",
        "filled_tick_lots",
        "fills",
        "group_id",
        "group_role",
        "instructions",
        "is_fee_known",
        "is_whole",
        "maker_tick_lots",
        "order_id",
        "post_only",
        "price_ticks",
        "priority",
        "quantity_lots",
        "reason",
        "side",
        "status",
        "stop_price_ticks",
        "time_in_force",
        "triggered_ms",
        "type",
        "visible_lots",
    )

    def __init__(self, command: PlaceOrder) -> None:
        (
            _,
            self.order_id,
            self.account_id,
            self.side,
            self.type,
            self.time_in_force,
            self.post_only,
            self.price_ticks,
            self.quantity_lots,
            self.budget,
            self.instructions,
        ) = command
        self.stop_price_ticks = self.instructions.stop_price_ticks
        self.status: str = PENDING
        self.reason = ""
        self.priority = 0
        self.filled_lots = 0
        self.filled_tick_lots = 0
        self.maker_tick_lots = 0
        self.fills = 0
        self.fee_units = 0
        self.is_fee_known = True
        self.is_whole = True
        self.visible_lots = 0
        self.triggered_ms = 0
        self.group_id = 0
        self.group_role = ""

    @property
    def remaining_lots(self) -> int:
        return self.quantity_lots - self.filled_lots

    @property
    def has_extras(self) -> bool:
        return self.instructions is not PLAIN or self.group_id != 0

    @property
    def present_instructions(self) -> Instructions:
        """Its instructions with the stop price as it is now; that of a trailing stop is found when it is accepted."""
        if self.instructions == PLAIN:
            return PLAIN
        return self.instructions._replace(stop_price_ticks=self.stop_price_ticks)

    def advance(self, event: str) -> None:
        """Change the status as `orders.lifecycle` says."""
        self.status = TRANSITIONS[self.status, event]

    def restored(self) -> RestoredOrder:
        """Return the order as an engine is rebuilt from it."""
        special = None
        if self.has_extras or self.post_only:
            special = RestoredSpecial(
                type=self.type,
                time_in_force=self.time_in_force,
                post_only=self.post_only,
                instructions=self.present_instructions,
                visible_lots=self.visible_lots,
                is_resting=self.status != PENDING,
                group_id=self.group_id,
                group_role=GROUP_ROLES.member_named.get(self.group_role),
            )
        return RestoredOrder(
            order_id=self.order_id,
            account_id=self.account_id,
            side=self.side,
            price_ticks=self.price_ticks,
            quantity_lots=self.quantity_lots,
            remaining_lots=self.remaining_lots,
            priority=self.priority,
            special=special,
        )

    def packed(self) -> list[Any]:
        """Return what `unpacked` makes the same order of."""
        return [
            self.order_id.to_bytes(16),
            self.account_id.to_bytes(16),
            self.side,
            self.type,
            self.time_in_force,
            self.post_only,
            self.price_ticks,
            self.quantity_lots,
            self.budget,
            None if self.instructions == PLAIN else [int(value) for value in self.instructions],
            self.stop_price_ticks,
            self.status,
            self.reason,
            self.priority,
            self.filled_lots,
            self.filled_tick_lots,
            self.maker_tick_lots,
            self.fills,
            self.fee_units,
            self.is_fee_known,
            self.is_whole,
            self.visible_lots,
            self.triggered_ms,
            self.group_id.to_bytes(16),
            self.group_role,
        ]

    @classmethod
    def unpacked(cls, fields: list[Any]) -> "TrackedOrder":
        order_id, account_id, side, kind, tif, post_only, price_ticks, lots, budget, instructions, *rest = fields
        order = cls(
            PlaceOrder(
                time_ms=0,
                order_id=int.from_bytes(order_id),
                account_id=int.from_bytes(account_id),
                side=Side(side),
                type=OrderType(kind),
                time_in_force=TimeInForce(tif),
                post_only=post_only,
                price_ticks=price_ticks,
                quantity_lots=lots,
                budget=budget,
                instructions=PLAIN if instructions is None else Instructions.of(instructions),
            )
        )
        (
            order.stop_price_ticks,
            order.status,
            order.reason,
            order.priority,
            order.filled_lots,
            order.filled_tick_lots,
            order.maker_tick_lots,
            order.fills,
            order.fee_units,
            order.is_fee_known,
            order.is_whole,
            order.visible_lots,
            order.triggered_ms,
            group_id,
            order.group_role,
        ) = rest
        order.group_id = int.from_bytes(group_id)
        return order


def rebuilt_engine(
    orders: "list[TrackedOrder]",
    *,
    seq: int,
    trading_state: int,
    band_ppm: int,
    reference_price_ticks: int,
    last_price_ticks: int,
    max_orders: int,
    max_stops: int,
    trailing_marks: list[Any],
    cancel_after: dict[int, int],
    edition: int = FIRST_EDITION,
    unfinished: Sequence[Any] = (),
) -> Engine:
    """Return an engine that goes on from open orders. Raises AssertionError when they cannot be a book.

    What was stored before there were editions, or anything unfinished, has neither.
    """
    return Engine.restore(
        [order.restored() for order in sorted(orders, key=lambda order: order.priority)],
        seq=seq,
        trading_state=TradingState(trading_state),
        band_ppm=band_ppm,
        reference_price_ticks=reference_price_ticks,
        last_price_ticks=last_price_ticks,
        max_orders=max_orders,
        max_stops=max_stops,
        trailing_marks=[(Side(side), first_priority, mark) for side, first_priority, mark in trailing_marks],
        cancel_after=cancel_after,
        edition=edition,
        unfinished=Unfinished.unpacked(unfinished),
    )
