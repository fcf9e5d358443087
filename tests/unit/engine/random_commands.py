"""Random commands of every kind, so close together in price, size and time that everything collides often."""

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from matching.engine import (
    CURRENT_EDITION,
    PLAIN,
    TAKE_PROFIT_TYPES,
    ActivateBracket,
    AmendOrder,
    CancelAll,
    CancelOrder,
    Command,
    ExpireDue,
    GroupKind,
    Instructions,
    OrderType,
    PlaceGroup,
    PlaceOrder,
    SelfTradePrevention,
    SetCancelAfter,
    SetRules,
    SetTradingState,
    Side,
    TimeInForce,
    TradingState,
)
from tests.unit.engine.cast import asking

T = TypeVar("T")

GTC, IOC, FOK, GTD = TimeInForce
HIGH_TICKS, LOW_TICKS = 20, 3
ACCOUNTS: Final = (1, 2, 3, 4)

STOP_ORDERS: Final = (
    OrderType.STOP,
    OrderType.STOP_LIMIT,
    OrderType.TAKE_PROFIT,
    OrderType.TAKE_PROFIT_LIMIT,
    OrderType.TRAILING_STOP,
    OrderType.TRAILING_STOP,
)
SELF_TRADES: Final = (*SelfTradePrevention, SelfTradePrevention.CANCEL_NEWEST)
RESTING_TIFS: Final = (GTC, GTC, GTC, GTD)
ANY_TIFS: Final = (GTC, GTC, GTC, GTC, GTC, GTD, GTD, IOC, FOK)


class CommandMaker:
    """Makes commands out of choices: `below(n)` chooses a whole number from 0 to n - 1.

    The first of equally likely choices is the simplest, which is what a shrinking chooser tends to. Each maker has
    its own mixture: kinds of commands that are frequent in one are missing in another, so that none drowns the rest.
    """

    def __init__(self, below: Callable[[int], int]) -> None:
        self.below = below
        self.time_ms = 0
        self.owners: dict[int, int] = {}
        self.lasting: list[int] = []
        self.brackets: list[int] = []
        self.stops: list[int] = []
        self.is_continuous, self.is_ruled = True, False
        self.accounts = self.pick((ACCOUNTS, ACCOUNTS[:2]))
        self.middle_ticks = self.pick((HIGH_TICKS, HIGH_TICKS, HIGH_TICKS, LOW_TICKS))
        self.reach_ticks = self.pick((6, 6, 2))
        self.makers = [make for make, weight in _WEIGHTS.items() for _ in range(weight * self.pick((1, 1, 5, 0)))]

    def commands(self, size: int) -> list[Command]:
        """Return so many commands, their times in order, for a market without any orders."""
        return [self.command() for _ in range(size)]

    def command(self) -> Command:
        self.time_ms += self.below(3)
        # A state and rules last for a few commands, or else most of a sequence would be refused.
        if not self.is_continuous and self.one_in(8):
            return self.set_state(TradingState.CONTINUOUS)
        if self.is_ruled and self.one_in(20):
            return self.set_rules(is_none=True)
        return self.pick((CommandMaker.plain_limit, *self.makers))(self)

    def pick(self, choices: Sequence[T]) -> T:
        return choices[self.below(len(choices))]

    def one_in(self, n: int) -> bool:
        return self.below(n) == n - 1

    def price(self) -> int:
        return max(1, self.middle_ticks - self.reach_ticks + self.below(2 * self.reach_ticks + 1))

    def limit_price(self, side: Side) -> int:
        """Return any price, or one behind the middle, so that books get deep, too."""
        if self.one_in(2):
            return self.price()
        behind = self.below(self.reach_ticks + 1)
        return max(1, self.middle_ticks - behind) if side == Side.BUY else self.middle_ticks + behind

    def lots(self) -> int:
        return 1 + self.below(12)

    def new_id(self) -> int:
        """Return an id: now and then one that was used before, but for those of brackets."""
        if self.one_in(25):
            used = [order_id for order_id in list(self.owners)[-12:] if order_id not in self.brackets]
            if used:
                return self.pick(used)
        return len(self.owners) + 1

    def placed_id(self) -> int:
        """Return the id of an order placed lately that may have stayed, or one that never was."""
        return self.pick([999, *self.lasting[-12:]])

    def owner(self, order_id: int) -> int:
        return self.pick(self.accounts) if self.one_in(20) else self.owners.get(order_id, 1)

    def order(self, order_type: OrderType, tif: TimeInForce, side: Side | None = None) -> PlaceOrder:
        order_id, account_id = self.new_id(), self.pick(self.accounts)
        self.owners[order_id] = account_id
        if tif in RESTING_TIFS and order_type != OrderType.MARKET:
            self.lasting.append(order_id)
        side = side or self.pick(tuple(Side))
        order = PlaceOrder(self.time_ms, order_id, account_id, side, order_type, tif, False, 0, self.lots(), 0)
        asked = Instructions(self_trade_prevention=self.pick(SELF_TRADES), expire_ms=self.expiry() if tif == GTD else 0)
        return order._replace(instructions=asked)

    def expiry(self) -> int:
        return max(1, self.time_ms if self.one_in(12) else self.time_ms + 1 + self.below(20))

    def limit(self) -> PlaceOrder:
        order = self.order(OrderType.LIMIT, self.pick(ANY_TIFS))
        order = order._replace(price_ticks=self.limit_price(order.side))
        if order.time_in_force not in RESTING_TIFS:
            return order
        if self.one_in(4):
            return asking(order, display_lots=1 + self.below(4))
        return self.post_only(order) if self.one_in(6) else order

    def post_only(self, order: PlaceOrder) -> PlaceOrder:
        display_lots = 1 + self.below(4) if self.one_in(5) else 0
        reprice = not self.one_in(2)
        # A market that takes post-only orders alone moves those, too, that only ask to be moved.
        post_only = not (reprice and self.one_in(5))
        return asking(order._replace(post_only=post_only), reprice=reprice, display_lots=display_lots)

    def plain_limit(self) -> PlaceOrder:
        order = self.order(OrderType.LIMIT, GTC)
        return order._replace(price_ticks=self.limit_price(order.side), instructions=PLAIN)

    def market(self) -> PlaceOrder:
        return self.order(OrderType.MARKET, self.pick((IOC, GTC, FOK)))

    def budget(self) -> PlaceOrder:
        order = self.order(OrderType.MARKET, self.pick((IOC, GTC, FOK)), Side.BUY)
        return order._replace(quantity_lots=0, budget=self.middle_ticks + self.below(300))

    def stop(self) -> PlaceOrder:
        order = self.order(self.pick(STOP_ORDERS), self.pick(ANY_TIFS))
        if order.type == OrderType.TRAILING_STOP:
            return self.trailing(order)
        return self.with_stop_price(order)

    def with_stop_price(self, order: PlaceOrder) -> PlaceOrder:
        has_limit = order.type in (OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT_LIMIT)
        order = order._replace(price_ticks=self.price() if has_limit else 0)
        self.stops.append(order.order_id)
        waits_for_rise = (order.side == Side.BUY) != (order.type in TAKE_PROFIT_TYPES)
        return asking(order, stop_price_ticks=self.limit_price(Side.SELL if waits_for_rise else Side.BUY))

    def trailing(self, order: PlaceOrder) -> PlaceOrder:
        if self.one_in(2):
            return asking(order, trail_ppm=self.pick((10_000, 70_000, 150_000, 300_000)))
        return asking(order, trail_ticks=30 if self.one_in(10) else 1 + self.below(5))

    def oco(self) -> PlaceGroup:
        leg = self.order(OrderType.LIMIT, self.pick(RESTING_TIFS))
        stop = self.sibling(leg, self.pick((OrderType.STOP, OrderType.STOP_LIMIT)), leg.side, leg.time_in_force)
        stop = asking(self.with_stop_price(stop), expire_ms=leg.instructions.expire_ms)
        return PlaceGroup(self.time_ms, GroupKind.OCO, (leg._replace(price_ticks=self.price()), stop))

    def bracket(self) -> PlaceGroup:
        entry = self.order(self.pick((OrderType.LIMIT, OrderType.LIMIT, OrderType.MARKET)), self.pick(ANY_TIFS))
        if entry.type == OrderType.LIMIT:
            entry = entry._replace(price_ticks=self.limit_price(entry.side))
        elif entry.time_in_force == GTD:
            entry = asking(entry._replace(time_in_force=GTC), expire_ms=0)
        self.brackets.append(entry.order_id)
        exit_side = entry.side.opposite
        take_profit = self.sibling(entry, OrderType.LIMIT, exit_side, GTC)._replace(price_ticks=self.price())
        self.brackets.append(take_profit.order_id)
        stop = self.sibling(
            entry, self.pick((OrderType.STOP, OrderType.STOP_LIMIT)), exit_side, self.pick((GTC, GTC, IOC, FOK))
        )
        self.brackets.append(stop.order_id)
        return PlaceGroup(self.time_ms, GroupKind.BRACKET, (entry, take_profit, self.with_stop_price(stop)))

    def sibling(self, first: PlaceOrder, order_type: OrderType, side: Side, tif: TimeInForce) -> PlaceOrder:
        order_id = self.new_id()
        while order_id == first.order_id or order_id in self.brackets:
            order_id = len(self.owners) + 1
        self.owners[order_id] = first.account_id
        self.lasting.append(order_id)
        asked = Instructions(self_trade_prevention=self.pick(SELF_TRADES))
        return first._replace(
            order_id=order_id, type=order_type, side=side, time_in_force=tif, price_ticks=0, instructions=asked
        )

    def cancel(self) -> CancelOrder:
        order_id = self.placed_id()
        return CancelOrder(self.time_ms, order_id, self.owner(order_id))

    def amend(self) -> AmendOrder:
        price, lots = self.price(), 1 + self.below(14)
        price, lots = self.pick(((0, lots), (price, 0), (price, lots), (0, 0)))
        if (price or lots) and not self.one_in(4):
            order_id = self.placed_id()
            return AmendOrder(self.time_ms, order_id, self.owner(order_id), price, lots)
        order_id = self.pick([*self.stops[-8:], self.placed_id()])
        return AmendOrder(self.time_ms, order_id, self.owner(order_id), price, lots, self.price())

    def cancel_all(self) -> CancelAll:
        return CancelAll(self.time_ms, self.pick(self.accounts))

    def cancel_after(self) -> SetCancelAfter:
        return SetCancelAfter(self.time_ms, self.pick(self.accounts), self.pick((0, 3, 10, 20)))

    def expire(self) -> ExpireDue:
        return ExpireDue(self.time_ms)

    def activate(self) -> Command:
        lately = self.brackets[-6::3] * 3
        return ActivateBracket(self.time_ms, self.pick([999, *lately]), not self.one_in(6))

    def set_state(self, state: TradingState | None = None) -> SetTradingState:
        state = state or self.pick((TradingState.CONTINUOUS, *[TradingState.PRE_OPEN] * 5, *TradingState))
        self.is_continuous = state == TradingState.CONTINUOUS
        return SetTradingState(self.time_ms, state)

    def set_rules(self, *, is_none: bool = False) -> SetRules:
        self.is_ruled = not is_none
        if is_none:
            return SetRules(self.time_ms, 0, self.pick((0, self.price())), edition=CURRENT_EDITION)
        band_ppm = self.pick((0, 100_000, 100_000, 333_333, 2_000_000))
        limits = self.pick((0, 0, 1, 5)), self.pick((0, 1, 3))
        return SetRules(self.time_ms, band_ppm, self.price(), *limits, edition=CURRENT_EDITION)


_WEIGHTS: Final[dict[Callable[[CommandMaker], Command], int]] = {
    CommandMaker.plain_limit: 14,
    CommandMaker.limit: 20,
    CommandMaker.market: 3,
    CommandMaker.budget: 2,
    CommandMaker.stop: 12,
    CommandMaker.oco: 4,
    CommandMaker.bracket: 5,
    CommandMaker.activate: 7,
    CommandMaker.amend: 14,
    CommandMaker.cancel: 6,
    CommandMaker.expire: 3,
    CommandMaker.cancel_all: 1,
    CommandMaker.cancel_after: 1,
    CommandMaker.set_state: 2,
    CommandMaker.set_rules: 2,
}
