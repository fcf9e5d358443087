"""Triggered stops and auctions: what makes takers of orders that the model has already."""

from matching.engine.events import AuctionHeld, OrderCancelled, StopTriggered
from matching.engine.types import CancelReason, Side, TradingState
from tests.unit.engine.naive.matching import Matching
from tests.unit.engine.naive.state import NaiveOrder


class Triggers(Matching):
    def run_queue(self, goes_on: bool) -> None:
        """Give turns, unless some were left and this command does not go on with them."""
        if self.late is not None:
            late, self.late = self.late, None
            self.trigger(*late)
        may_run = self.trading_state == TradingState.CONTINUOUS and (goes_on or not self.is_behind)
        self.forget_ended()
        while may_run and self.queue and self.may_go_on:
            self.trigger(*self.queue.pop(0))
            self.forget_ended()
        self.is_behind = bool(self.queue)

    def forget_ended(self) -> None:
        self.queue = [turn for turn in self.queue if turn[0] in self.orders]

    def trigger(self, order: NaiveOrder, stop_price: int, reached_by: int) -> None:
        self.take_out(order)
        self.cancel_sibling(order)
        order.priority = self.emit(StopTriggered, order.order_id, stop_price, reached_by)
        if not order.has_limit:
            low, high = self.band(self.band_ppm, self.around)
            self.take(order, min(order.price, high) if order.side == Side.BUY else max(order.price, low))
        elif self.is_in_band(order.price, self.around):
            self.take(order, order.price)
        else:
            self.emit(OrderCancelled, order.order_id, CancelReason.PRICE_OUT_OF_BAND, order.remaining)

    def hold_auctions(self) -> None:
        is_over = True
        while is_over and self.is_crossed():
            if not self.auction:
                self.auction = self.auction_price()
                self.emit(AuctionHeld, self.auction, min(self.bid_and_offered(self.auction)))
            is_over = self.hold_auction(self.auction)

    def is_crossed(self) -> bool:
        bid, ask = self.head(Side.BUY), self.head(Side.SELL)
        return bid is not None and ask is not None and bid.price >= ask.price

    def bid_and_offered(self, price: int) -> tuple[int, int]:
        bid = sum(o.remaining for o in self.resting(Side.BUY) if o.price >= price)
        offered = sum(o.remaining for o in self.resting(Side.SELL) if o.price <= price)
        return bid, offered

    def auction_price(self) -> int:
        """Try every tick from the best ask to the best bid; nothing trades at any other."""
        bids, asks = ([o.price for o in self.resting(side)] for side in Side)
        most: list[int] = []
        best = (0, 0)
        for price in range(min(asks), max(bids) + 1):
            bid, offered = self.bid_and_offered(price)
            merit = min(bid, offered), -abs(bid - offered)
            if not most or merit > best:
                most, best = [], merit
            if merit == best:
                most.append(price)
        around = self.around or (most[0] + most[-1]) // 2
        return min(most, key=lambda price: abs(price - around))

    def hold_auction(self, price: int) -> bool:
        """Trade at a price; tell whether nothing crosses it any more."""
        while (
            (bid := self.head(Side.BUY)) is not None
            and (ask := self.head(Side.SELL)) is not None
            and bid.price >= price >= ask.price
        ):
            if not self.may_go_on:
                return False
            older, newer = sorted((bid, ask), key=lambda order: order.priority)
            if older.account_id == newer.account_id:
                self.cancel(newer, CancelReason.SELF_TRADE)
            else:
                self.cross(older, newer, price)
        self.auction = 0
        return True

    def cross(self, older: NaiveOrder, newer: NaiveOrder, price: int) -> None:
        lots = min(older.visible, newer.visible)
        self.trade(older, newer, price, lots)
        newer.visible -= lots
        self.touch(newer)
        self.after_fill(older)
        self.after_fill(newer)
