"""What staff decide for a whole market, and the auctions with which its trading begins."""

from matching.engine.auction import find_auction_price
from matching.engine.cancellation import Cancellation
from matching.engine.commands import SetRules, SetTradingState, are_whole
from matching.engine.event_log import EventLog
from matching.engine.events import AuctionHeld, RulesChanged, TradingStateChanged
from matching.engine.market import MarketState
from matching.engine.matcher import Matcher
from matching.engine.open_orders import OpenOrders
from matching.engine.orders import RestingOrder
from matching.engine.types import CancelReason, TradingState


class MarketControl:
    """Changes a market's trading state and rules; opens a crossed book with auctions."""

    __slots__ = ("_cancellation", "_log", "_market", "_matcher", "_orders")

    def __init__(
        self, log: EventLog, market: MarketState, orders: OpenOrders, cancellation: Cancellation, matcher: Matcher
    ) -> None:
        self._log = log
        self._market = market
        self._orders = orders
        self._cancellation = cancellation
        self._matcher = matcher

    def set_trading_state(self, command: SetTradingState) -> None:
        """Enter a state; trading begins when the book is uncrossed, which may take several of these commands."""
        begins = command.state is TradingState.CONTINUOUS
        if begins and self._market.is_bounded:
            self._hold_auctions()
        if not (begins and self._market.is_bounded and self._orders.book.is_crossed):
            self._enter(command.state)
        if begins and not self._market.is_bounded:
            self._hold_auctions()

    def _enter(self, state: TradingState) -> None:
        self._market.enter(state)
        self._market.auction_ticks = 0
        self._log.emit(TradingStateChanged, self._market.trading_state)

    def set_rules(self, command: SetRules) -> None:
        assert are_whole(command), "Invariant: rules have 64 bits"
        _, band_ppm, reference_price_ticks, max_orders, max_stops, edition = command
        self._market.set_rules(band_ppm, reference_price_ticks, max_orders, max_stops, edition)
        self._log.emit(RulesChanged, band_ppm, reference_price_ticks, max_orders, max_stops, edition)

    # --- auctions -----------------------------------------------------------------------------------

    def _hold_auctions(self) -> None:
        """Uncross the book, as far as one command may: the next one goes on with the auction that is under way.

        Ends: each auction trades, or cancels one of two orders of the same account.
        """
        book, market, is_over = self._orders.book, self._market, True
        while is_over and book.is_crossed:
            if not market.auction_ticks:
                market.auction_ticks, lots = find_auction_price(book.bids, book.asks, market.around_ticks)
                self._log.emit(AuctionHeld, market.auction_ticks, lots)
            is_over = self._hold_auction(market.auction_ticks)
        market.renew_band()

    def _hold_auction(self, price_ticks: int) -> bool:
        """Trade at a price; tell whether nothing is left to trade at it."""
        book, most = self._orders.book, self._market.work_max
        while book.bids.best_key <= -price_ticks and book.asks.best_key <= price_ticks:
            if self._log.count >= most:
                return False
            self._cross_best(price_ticks)
        self._market.auction_ticks = 0
        return True

    def _cross_best(self, price_ticks: int) -> None:
        bid, ask = self._orders.book.bids.best_level.head, self._orders.book.asks.best_level.head
        assert bid is not None and ask is not None, "Invariant: a price level in the book has orders"
        older, newer = (bid, ask) if bid.priority < ask.priority else (ask, bid)
        if older.account_id == newer.account_id:
            self._cancellation.cancel(newer, CancelReason.SELF_TRADE)
        else:
            self._cross(older, newer, price_ticks)

    def _cross(self, maker: RestingOrder, taker: RestingOrder, price_ticks: int) -> None:
        """Trade two resting orders at the auction's price."""
        lots = min(maker.remaining_lots, taker.remaining_lots)
        for order in (maker, taker):
            self._orders.book.fill(order, lots)
        self._log.trade(
            price_ticks,
            lots,
            maker.order_id,
            taker.order_id,
            maker.account_id,
            taker.account_id,
            taker.side,
            maker.total_lots,
        )
        self._market.last_price_ticks = price_ticks
        self._orders.stops.observe(price_ticks, self._log.seq)
        for order in (maker, taker):
            if order.is_special:
                self._matcher.after_fill(order)
