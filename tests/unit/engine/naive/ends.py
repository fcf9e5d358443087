"""How orders end, and what that means for those linked to them."""

from matching.engine.events import BracketArmed, OrderCancelled
from matching.engine.types import CancelReason
from tests.unit.engine.naive.state import Bracket, NaiveOrder, State, Where


class Ends(State):
    def take_out(self, order: NaiveOrder) -> None:
        self.touch(order)
        self.orders.remove(order)
        order.where = Where.NOWHERE

    def cancel(self, order: NaiveOrder, reason: CancelReason) -> None:
        self.take_out(order)
        self.emit(OrderCancelled, order.order_id, reason, order.remaining)
        self.order_has_ended(order)

    def order_has_ended(self, order: NaiveOrder) -> None:
        """Let the end of an order that is not there any more have its consequences."""
        self.cancel_sibling(order)
        for bracket in list(self.brackets):
            if bracket.entry_id == order.order_id and not bracket.is_armed:
                self.entry_has_ended(bracket, order)
            elif order in (bracket.take_profit, bracket.stop_loss):
                self.brackets.remove(bracket)
                self.cancel_linked(bracket.stop_loss if order is bracket.take_profit else bracket.take_profit)

    def cancel_sibling(self, order: NaiveOrder) -> None:
        for pair in list(self.pairs):
            if order in pair:
                self.pairs.remove(pair)
                self.cancel_linked(pair[1] if order is pair[0] else pair[0])

    def cancel_linked(self, order: NaiveOrder) -> None:
        self.take_out(order)
        self.emit(OrderCancelled, order.order_id, CancelReason.LINKED, order.remaining)

    def entry_has_ended(self, bracket: Bracket, entry: NaiveOrder) -> None:
        exits = (bracket.take_profit, bracket.stop_loss)
        if entry.filled:
            bracket.is_armed = True
            self.emit(BracketArmed, entry.order_id, entry.filled)
            for leg in exits:
                leg.quantity = entry.filled
        else:
            self.brackets.remove(bracket)
            for leg in exits:
                self.cancel_linked(leg)

    def is_linked(self, order: NaiveOrder) -> bool:
        in_pair = any(order in pair for pair in self.pairs)
        in_bracket = any(
            order in (b.take_profit, b.stop_loss) or (order.order_id == b.entry_id and not b.is_armed)
            for b in self.brackets
        )
        return in_pair or in_bracket
