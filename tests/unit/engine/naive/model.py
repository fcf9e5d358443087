"""The commands, each as the rules tell it."""

from copy import copy

from matching.engine.commands import (
    ActivateBracket,
    AmendOrder,
    CancelAll,
    CancelOrder,
    Command,
    ExpireDue,
    PlaceGroup,
    PlaceOrder,
    SetCancelAfter,
    SetRules,
    SetTradingState,
)
from matching.engine.events import (
    AmendRejected,
    CancelAfterSet,
    CancelRejected,
    Event,
    ExitPlaced,
    OrderAccepted,
    OrderAmended,
    OrderCancelled,
    OrderExpired,
    OrderRejected,
    OrderRepriced,
    RulesChanged,
    StopMoved,
    StopPlaced,
    TradingStateChanged,
)
from matching.engine.types import CancelReason, GroupKind, RejectReason, Side, TradingState
from tests.unit.engine.naive.refusals import Refusals, has_stop_price, is_moved, waits_anew
from tests.unit.engine.naive.state import PROTECTION_PPM, Bracket, NaiveOrder, Where, order_of


class NaiveModel(Refusals):
    def execute(self, command: Command) -> list[Event]:
        self.events = []
        if isinstance(command, PlaceOrder):
            self.place(command)
        elif isinstance(command, PlaceGroup) and command.kind == GroupKind.OCO:
            self.place_oco(command)
        elif isinstance(command, PlaceGroup):
            self.place_bracket(command)
        elif isinstance(command, CancelOrder):
            self.cancel_order(command)
        elif isinstance(command, AmendOrder):
            self.amend(command)
        elif isinstance(command, CancelAll):
            self.cancel_all(command.account_id, CancelReason.REQUESTED)
        elif isinstance(command, SetCancelAfter):
            self.set_cancel_after(command)
        elif isinstance(command, ExpireDue):
            self.expire_due(command.time_ms)
        elif isinstance(command, ActivateBracket):
            self.activate_bracket(command)
        elif isinstance(command, SetTradingState):
            self.set_trading_state(command)
        else:
            self.set_rules(command)
        self.run_queue(goes_on=isinstance(command, ExpireDue))
        self.report_levels()
        return self.events

    def place(self, command: PlaceOrder) -> None:
        order = order_of(command)
        self.start_trailing(order)
        counted = order.is_stop or order.may_rest
        reasons = self.of_order(order, command.time_ms)
        reasons |= self.of_counts(order.account_id, int(counted), int(order.is_stop))
        if reasons:
            self.emit(OrderRejected, order.order_id, min(reasons))
        elif order.is_stop:
            self.place_stop(order)
        else:
            order.priority = self.emit(OrderAccepted, order.order_id)
            self.reprice_and_take(order)

    def start_trailing(self, order: NaiveOrder) -> None:
        order.first_mark, order.first_print = self.last_price, len(self.prints)

    def place_stop(self, order: NaiveOrder) -> None:
        """Have an order, which may be there already as an exit, wait for its trigger."""
        stop_price = self.stop_price(order)
        if not order.has_limit:
            order.price = self.protection_price(order.side, stop_price)
        order.priority = self.emit(StopPlaced, order.order_id, stop_price, order.price)
        order.where = Where.STOPS
        if order not in self.orders:
            self.orders.append(order)

    def protection_price(self, side: Side, stop_price: int) -> int:
        low, high = self.band(self.band_ppm or PROTECTION_PPM, stop_price)
        return high if side == Side.BUY else low

    def reprice_and_take(self, order: NaiveOrder) -> None:
        price = self.price_behind(order)
        if price:
            order.price = price
            self.emit(OrderRepriced, order.order_id, price)
        self.take(order, self.reach(order))

    def place_oco(self, command: PlaceGroup) -> None:
        limit, stop = map(order_of, command.orders)
        as_post_only = copy(limit)
        as_post_only.post_only = True
        reasons = self.of_order(as_post_only, command.time_ms) - {RejectReason.MARKET_PRE_OPEN}
        reasons |= self.of_order(stop, command.time_ms) | self.of_counts(limit.account_id, 2, 1)
        if reasons:
            self.reject_group(command, min(reasons))
            return
        limit.priority = self.emit(OrderAccepted, limit.order_id)
        self.rest(limit)
        self.place_stop(stop)
        self.pairs.append((limit, stop))

    def reject_group(self, command: PlaceGroup, reason: RejectReason) -> None:
        for order in command.orders:
            self.emit(OrderRejected, order.order_id, reason)

    def place_bracket(self, command: PlaceGroup) -> None:
        entry, *exits = map(order_of, command.orders)
        take_profit, stop_loss = exits
        reasons = self.of_order(entry, command.time_ms) | self.of_counts(entry.account_id, 3, 1)
        reasons |= self.of_stop_prices(stop_loss)
        if any(self.find(order.order_id) for order in exits):
            reasons.add(RejectReason.DUPLICATE_ORDER_ID)
        if reasons:
            self.reject_group(command, min(reasons))
            return
        entry.priority = self.emit(OrderAccepted, entry.order_id)
        for order in exits:
            order.priority = self.emit(ExitPlaced, order.order_id)
            order.where = Where.EXITS
            self.orders.append(order)
        self.brackets.append(Bracket(entry.order_id, take_profit, stop_loss))
        self.take(entry, self.reach(entry))

    def cancel_order(self, command: CancelOrder) -> None:
        order = self.find(command.order_id)
        if order is None or order.account_id != command.account_id:
            self.emit(CancelRejected, command.order_id, RejectReason.ORDER_NOT_FOUND)
        else:
            self.cancel(order, CancelReason.REQUESTED)

    def cancel_all(self, account_id: int, reason: CancelReason) -> None:
        for order in sorted(self.orders, key=lambda o: o.priority):
            if order.account_id == account_id and order in self.orders and self.may_go_on:
                self.cancel(order, reason)

    def set_cancel_after(self, command: SetCancelAfter) -> None:
        due = command.time_ms + command.timeout_ms if command.timeout_ms else 0
        self.set_switch(command.account_id, due)

    def set_switch(self, account_id: int, due: int) -> None:
        self.switches = [switch for switch in self.switches if switch[0] != account_id]
        if due:
            self.switches.append((account_id, due))
        self.emit(CancelAfterSet, account_id, due)

    def expire_due(self, time_ms: int) -> None:
        for order in sorted(self.orders, key=lambda o: (o.instructions.expire_ms, o.order_id)):
            is_due = 0 < order.instructions.expire_ms <= time_ms and order.where is not Where.EXITS
            if is_due and order in self.orders and self.may_go_on:
                self.take_out(order)
                self.emit(OrderExpired, order.order_id, order.remaining)
                self.order_has_ended(order)
        for account_id, due in sorted(self.switches, key=lambda switch: (switch[1], switch[0])):
            if due <= time_ms and self.may_go_on:
                mine = [order for order in self.orders if order.account_id == account_id]
                if 2 * len(mine) < self.most - len(self.events):
                    self.set_switch(account_id, 0)
                self.cancel_all(account_id, CancelReason.CANCEL_AFTER)

    def amend(self, command: AmendOrder) -> None:
        order = self.find(command.order_id)
        reasons = self.of_state()
        if order is None or order.account_id != command.account_id:
            self.emit(AmendRejected, command.order_id, min(reasons | {RejectReason.ORDER_NOT_FOUND}))
            return
        wishes = [(mate, self.wish(mate, 0, command.quantity_lots, 0)) for mate in self.mates_of(order, command)]
        wishes.append((order, self.wish(order, command.price_ticks, command.quantity_lots, command.stop_price_ticks)))
        reasons |= self.of_asking(command, order)
        for amended, wish in wishes:
            reasons |= self.of_amendment(amended, wish)
        if reasons:
            self.emit(AmendRejected, command.order_id, min(reasons))
            return
        for amended, wish in wishes:
            self.become(amended, wish)

    def mates_of(self, order: NaiveOrder, command: AmendOrder) -> list[NaiveOrder]:
        """Return the others of its group that get the same quantity: the other leg, or the exits of an entry."""
        pairs = [pair for pair in self.pairs if order in pair]
        mates = [mate for pair in pairs for mate in pair if mate is not order]
        for bracket in self.brackets:
            if bracket.entry_id == order.order_id and not bracket.is_armed:
                mates += [bracket.take_profit, bracket.stop_loss]
        may_follow = self.edition > 1 and command.quantity_lots
        return [mate for mate in mates if may_follow and mate.quantity != command.quantity_lots]

    def wish(self, order: NaiveOrder, price: int, lots: int, stop_price: int) -> NaiveOrder:
        wish = copy(order)
        wish.price, wish.quantity = price or order.price, lots or order.quantity
        if stop_price and has_stop_price(order):
            wish.instructions = order.instructions._replace(stop_price_ticks=stop_price)
        if waits_anew(order, wish) and not order.has_limit and order.where is not Where.EXITS:
            wish.price = self.protection_price(order.side, stop_price)
        return wish

    def become(self, order: NaiveOrder, wish: NaiveOrder) -> None:
        if order.where is Where.BOOK and is_moved(order, wish):
            self.move(order, wish)
        elif waits_anew(order, wish):
            self.wait_anew(order, wish)
        else:
            self.amend_in_place(order, wish)

    def wait_anew(self, order: NaiveOrder, wish: NaiveOrder) -> None:
        order.price, order.quantity, order.instructions = wish.price, wish.quantity, wish.instructions
        order.priority = self.seq + 1
        self.report_amendment(order, order.priority)
        self.emit(StopMoved, order.order_id, order.instructions.stop_price_ticks)
        if order.where is Where.QUEUE:  # its turn is not for the price it waits for now
            order.where = Where.STOPS
            self.queue = [turn for turn in self.queue if turn[0] is not order]

    def amend_in_place(self, order: NaiveOrder, wish: NaiveOrder) -> None:
        order.price, order.quantity = wish.price, wish.quantity
        order.visible = min(order.visible, order.remaining)
        self.touch(order)
        self.report_amendment(order, order.priority)

    def report_amendment(self, order: NaiveOrder, priority: int) -> None:
        self.emit(OrderAmended, order.order_id, order.price, order.quantity, order.remaining, priority)

    def move(self, order: NaiveOrder, wish: NaiveOrder) -> None:
        self.take_out(order)
        order.price, order.quantity = self.price_behind(wish) or wish.price, wish.quantity
        order.priority = self.seq + 1
        self.report_amendment(order, order.priority)
        self.take(order, order.price)

    def activate_bracket(self, command: ActivateBracket) -> None:
        for bracket in list(self.brackets):
            if bracket.entry_id == command.entry_id and bracket.is_armed:
                self.brackets.remove(bracket)
                if command.funded:
                    self.work(bracket.take_profit, bracket.stop_loss)
                else:
                    self.give_up(bracket)

    def give_up(self, bracket: Bracket) -> None:
        for order in (bracket.take_profit, bracket.stop_loss):
            self.take_out(order)
            self.emit(OrderCancelled, order.order_id, CancelReason.NO_FUNDS, order.remaining)

    def work(self, take_profit: NaiveOrder, stop_loss: NaiveOrder) -> None:
        self.pairs.append((take_profit, stop_loss))
        is_continuous = self.trading_state == TradingState.CONTINUOUS
        self.place_stop(stop_loss)
        self.take_out(take_profit)
        take_profit.priority = self.emit(OrderAccepted, take_profit.order_id)
        is_reached = self.is_reached(stop_loss, self.last_price)
        if is_continuous and not is_reached:
            self.take(take_profit, take_profit.price)
            return
        self.rest(take_profit)
        if is_continuous:
            self.late = stop_loss, self.stop_price(stop_loss), self.last_price
        elif is_reached and self.queue:
            self.put_in_queue(stop_loss, self.last_price)

    def set_trading_state(self, command: SetTradingState) -> None:
        begins = command.state == TradingState.CONTINUOUS
        if begins and self.edition > 1:
            self.hold_auctions()
        if not begins or self.edition == 1 or not self.is_crossed():
            self.trading_state, self.auction = command.state, 0
            self.emit(TradingStateChanged, command.state)
        if begins and self.edition == 1:
            self.hold_auctions()

    def set_rules(self, command: SetRules) -> None:
        _, self.band_ppm, self.reference, self.max_orders, self.max_stops, self.edition = command
        self.emit(RulesChanged, *command[1:])
