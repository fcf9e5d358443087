"""Rebuilding an engine's orders from how they were stored."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from matching.engine.book import Book
from matching.engine.commands import PlaceOrder
from matching.engine.links import Bracket, Links, Oco
from matching.engine.orders import RestingOrder, RestoredOrder, RestoredSpecial, SpecialOrder, WaitingOrder
from matching.engine.schedule import Schedule
from matching.engine.stops import Stops
from matching.engine.trailing import Mark
from matching.engine.types import GroupRole, Side


@dataclass(slots=True)
class Restoring:
    """Puts stored orders back where they were."""

    book: Book
    stops: Stops
    links: Links
    schedule: Schedule

    def restore(
        self,
        orders: Iterable[RestoredOrder | tuple[Any, ...]],
        seq: int,
        trailing_marks: Iterable[Mark | tuple[Side, int, int]],
    ) -> None:
        """Add orders in ascending priority, then let the stops among them wait for their trigger."""
        priority = 0
        groups: dict[int, dict[GroupRole, RestoredOrder]] = defaultdict(dict)
        bids, asks = self.book.bids, self.book.asks
        for fields in orders:
            stored = fields if isinstance(fields, RestoredOrder) else RestoredOrder(*fields)
            order_id, account_id, side, price_ticks, quantity_lots, remaining_lots, newer, special = stored
            assert priority < newer <= seq, "Invariant: orders are restored in order of priority"
            priority = newer
            if special is None:
                order = RestingOrder(order_id, account_id, side, price_ticks, quantity_lots, remaining_lots, priority)
                self.book.add(order, bids if side is Side.BUY else asks)
            else:
                self._add_special(stored, special)
                if special.group_id and special.group_role:
                    groups[special.group_id][special.group_role] = stored
        self.book.touched.clear()
        for group_id, members in groups.items():
            self._link(group_id, members)
        exits = [order_id for order_id, link in self.links.by_order.items() if isinstance(link, Bracket)]
        waiting = [order for order in self.stops.orders.values() if order.order_id not in exits]
        self.stops.restore(waiting, trailing_marks)

    def _add_special(self, stored: RestoredOrder, special: RestoredSpecial) -> None:
        order_id, account_id, side, price_ticks, quantity_lots, remaining_lots, priority, _ = stored
        order = PlaceOrder(
            0,
            order_id,
            account_id,
            side,
            special.type,
            special.time_in_force,
            special.post_only,
            price_ticks,
            quantity_lots,
            0,
            special.instructions,
        )
        self.schedule.add(order_id, special.instructions.expire_ms)
        if not special.is_resting:
            self.stops.add(WaitingOrder(order, priority))
            return
        resting = SpecialOrder(order, remaining_lots, priority)
        if special.instructions.display_lots:
            resting.show(special.visible_lots)
        self.book.add(resting, self.book.side(side))

    def _link(self, group_id: int, members: dict[GroupRole, RestoredOrder]) -> None:
        legs = [members.get(role) for role in (GroupRole.OCO_LIMIT, GroupRole.OCO_STOP)]
        take_profit, stop_loss = members.get(GroupRole.TAKE_PROFIT), members.get(GroupRole.STOP_LOSS)
        if legs[0] and legs[1]:
            self.links.add(Oco(legs[0].order_id, legs[1].order_id))
        elif take_profit and stop_loss and take_profit.special and take_profit.special.is_resting:
            self.links.add(Oco(take_profit.order_id, stop_loss.order_id))
        elif take_profit and stop_loss:
            is_armed = GroupRole.ENTRY not in members
            self.links.add(Bracket(group_id, take_profit.order_id, stop_loss.order_id, is_armed))
