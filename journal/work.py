"""The work of a batch: the orders it touches, their holds, and everything that is to be written and published."""

from journal.live_order import LiveOrder
from journal.open_orders import OpenOrders
from journal.terms import MarketTerms
from matching.engine import Command, Engine
from matching.messages import Reply
from orders.rejections import Limits
from orders.rows import TradeRow
from settlement.holds import Holdings


class BatchWork:
    """The one place through which admission and recorder change orders and balances."""

    __slots__ = (
        "amend_hold",
        "commands",
        "engine",
        "holdings",
        "is_state_changed",
        "levels",
        "now_ms",
        "open_orders",
        "owed",
        "rejections",
        "replies",
        "switches",
        "terms",
        "touched",
        "trades",
    )

    def __init__(
        self, *, terms: MarketTerms, engine: Engine, open_orders: OpenOrders, holdings: Holdings, now_ms: int
    ) -> None:
        self.terms = terms
        self.engine = engine
        self.open_orders = open_orders
        self.holdings = holdings
        self.now_ms = now_ms
        self.commands: list[Command] = []
        self.replies: list[Reply] = []
        self.touched: dict[int, LiveOrder] = {}
        self.trades: list[TradeRow] = []
        self.levels: dict[tuple[int, int], int] = {}
        self.switches: dict[int, int] = {}
        self.owed: list[LiveOrder] = []
        self.rejections: dict[tuple[bytes, str], Limits] = {}  # by user and client order id
        self.is_state_changed = False
        self.amend_hold = 0  # taken for the amendment that the engine is looking at

    def touch(self, order_id: int, seq: int) -> LiveOrder:
        """Return a new or open order that an event is about."""
        order = self.touched.get(order_id)
        if order is None:
            order = self.touched[order_id] = self.open_orders.by_id[order_id]
            order.updated_ms = self.now_ms
        order.seq = seq
        return order

    def hold(self, order: LiveOrder, units: int) -> bool:
        """Hold so much more for an order; return False and change nothing when its owner has too little."""
        if units and not self.holdings.hold(order.user_id, order.hold_asset(self.terms), units):
            return False
        order.held_units += units
        return True

    def fit(self, order: LiveOrder) -> None:
        """Give back what an open order holds and does not need any more.

        It stays with the order if the account is not locked.
        """
        asset = order.hold_asset(self.terms)
        if self.holdings.is_locked(order.user_id, asset):
            excess = order.fit_hold(self.open_orders.required_units(order, self.terms))
            if excess:
                self.holdings.release(order.user_id, asset, excess)

    def give_back(self, order: LiveOrder, units: int) -> None:
        """Undo a hold of this batch."""
        order.held_units -= units
        self.holdings.release(order.user_id, order.hold_asset(self.terms), units)

    def end(self, order_id: int, order: LiveOrder, event: str, reason: str = "") -> None:
        """End an order before it is filled."""
        order.advance(event)
        order.reason = reason
        self.leave(order_id, order)

    def leave(self, order_id: int, order: LiveOrder) -> None:
        """Remove an order that has ended, and its hold.

        If the other order of its OCO stays open, that one keeps what it needs of both holds.
        """
        if order.extras is None:
            self.open_orders.by_id.pop(order_id, None)
        else:
            partner = self.open_orders.partner(order)
            self.open_orders.remove(order_id, order)
            if partner is not None:
                self._hand_over(order, partner)
        if order.held_units:
            self._release_or_owe(order)

    def _release_or_owe(self, order: LiveOrder) -> None:
        asset = order.hold_asset(self.terms)
        if self.holdings.is_locked(order.user_id, asset):
            self.holdings.release(order.user_id, asset, order.held_units)
            order.held_units = 0
        else:
            self.owed.append(order)

    def _hand_over(self, ended: LiveOrder, survivor: LiveOrder) -> None:
        """Leave the survivor what it needs of what both hold, and the rest on the one that has ended."""
        both = ended.held_units + survivor.held_units
        survivor.held_units = min(both, self.open_orders.required_units(survivor, self.terms))
        ended.held_units = both - survivor.held_units
        self.touch(int.from_bytes(survivor.id), ended.seq)
