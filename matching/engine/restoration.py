"""Rebuilding an engine's orders from how they were stored."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from matching.engine.commands import PlaceOrder
from matching.engine.links import Bracket, Oco
from matching.engine.open_orders import OpenOrders
from matching.engine.orders import RestingOrder, RestoredOrder, RestoredSpecial, SpecialOrder, WaitingOrder
from matching.engine.trailing_stops import Mark
from matching.engine.types import GroupRole, Side
from matching.engine.unfinished import Unseen


@dataclass(slots=True)
class Restoration:
    """Puts stored orders back where they were, among the open orders of a new engine."""

    orders: OpenOrders

    def restore(
        self,
        stored_orders: Iterable[RestoredOrder | tuple[Any, ...]],
        seq: int,
        trailing_marks: Iterable[Mark | tuple[Side, int, int]],
        unseen: Unseen,
    ) -> None:
        """Add orders in ascending priority, then let the stops among them wait for their trigger."""
        priority = 0
        groups: dict[int, dict[GroupRole, RestoredOrder]] = defaultdict(dict)
        book, links, stops = self.orders.book, self.orders.links, self.orders.stops
        bids, asks = book.bids, book.asks
        for fields in stored_orders:
            stored = fields if isinstance(fields, RestoredOrder) else RestoredOrder(*fields)
            order_id, account_id, side, price_ticks, quantity_lots, remaining_lots, newer, special = stored
            assert priority < newer <= seq, "Invariant: orders are restored in order of priority"
            priority = newer
            if special is None:
                order = RestingOrder(order_id, account_id, side, price_ticks, quantity_lots, remaining_lots, priority)
                book.add(order, bids if side is Side.BUY else asks)
            else:
                self._add_special(stored, special)
                if special.group_id and special.group_role:
                    groups[special.group_id][special.group_role] = stored
        book.touched.clear()
        for group_id, members in groups.items():
            self._link(group_id, members)
        exits = {order_id for order_id, link in links.by_order.items() if isinstance(link, Bracket)}
        waiting = [order for order in stops.orders.values() if order.order_id not in exits]
        stops.restore(waiting, trailing_marks, unseen)

    def _add_special(self, stored: RestoredOrder, special: RestoredSpecial) -> None:
        order = PlaceOrder(
            time_ms=0,
            order_id=stored.order_id,
            account_id=stored.account_id,
            side=stored.side,
            type=special.type,
            time_in_force=special.time_in_force,
            post_only=special.post_only,
            price_ticks=stored.price_ticks,
            quantity_lots=stored.quantity_lots,
            budget=0,
            instructions=special.instructions,
        )
        self.orders.schedule.add(order.order_id, special.instructions.expire_ms)
        if not special.is_resting:
            self.orders.stops.add(WaitingOrder(order, stored.priority))
            return
        resting = SpecialOrder(order, stored.remaining_lots, stored.priority)
        if special.instructions.display_lots:
            resting.show(special.visible_lots)
        self.orders.book.add(resting, self.orders.book.side(order.side))

    def _link(self, group_id: int, members: dict[GroupRole, RestoredOrder]) -> None:
        legs = [members.get(role) for role in (GroupRole.OCO_LIMIT, GroupRole.OCO_STOP)]
        links = self.orders.links
        take_profit, stop_loss = members.get(GroupRole.TAKE_PROFIT), members.get(GroupRole.STOP_LOSS)
        if legs[0] and legs[1]:
            links.add(Oco(legs[0].order_id, legs[1].order_id))
        elif take_profit and stop_loss and take_profit.special and take_profit.special.is_resting:
            links.add(Oco(take_profit.order_id, stop_loss.order_id))
        elif take_profit and stop_loss:
            is_armed = GroupRole.ENTRY not in members
            links.add(Bracket(group_id, take_profit.order_id, stop_loss.order_id, is_armed))
