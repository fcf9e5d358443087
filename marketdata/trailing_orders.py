"""The trailing stops of one user that wait, each as it was last told."""

from collections.abc import Iterable, Iterator
from uuid import UUID

from exchange.models import Market
from marketdata.selectors import TrailingMarks
from orders.models import Order
from orders.trailing import is_trailing, keep_marks, marks_of, stop_price_now


class TrailingOrders:
    """Orders with the marks that their last message was made with."""

    def __init__(self, orders: Iterable[Order] = ()) -> None:
        self._orders: dict[UUID, Order] = {order.pk: order for order in orders if is_trailing(order)}

    @property
    def markets(self) -> set[Market]:
        return {order.market for order in self._orders.values()}

    def placed(self, order: Order) -> Order:
        """Take an order after an event and return it as it is to be told: no further back than it was."""
        before = self._orders.pop(order.pk, None)
        if is_trailing(order):
            self._orders[order.pk] = order if before is None else keep_marks(order, marks_of(before))
        return order

    def moved(self, market: Market, marks: TrailingMarks) -> Iterator[Order]:
        """Yield the orders whose stop price is another by these marks, with them; orders younger than these stay."""
        for order in self._orders.values():
            if order.market_id == market.pk and order.priority <= marks.seq:
                told = stop_price_now(order, market)
                if stop_price_now(keep_marks(order, marks.marks), market) != told:
                    yield order
