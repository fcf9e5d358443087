"""What holds for a whole market: its trading state, its rules, its last price and the band around it."""

from typing import Final

from matching.engine.band import band_limits
from matching.engine.commands import PlaceOrder
from matching.engine.editions import CURRENT_EDITION, SECOND_EDITION, bounds_of
from matching.engine.levels import NO_REACH, BookSide
from matching.engine.rules import REFUSED_IN_STATE
from matching.engine.types import OrderType, RejectReason, TradingState

_LIMIT: Final = OrderType.LIMIT


class MarketState:
    """A market's trading state, rules and last price, and what follows from them.

    `refused` is why the state refuses orders that cannot wait for the opening, `halted` why it refuses stops and
    amendments as well; None = it does not. `low_ticks` and `high_ticks` are the price band. `fills_max` and `work_max`
    are how much one command may do. `auction_ticks` is the price of an auction that is under way, 0 without one. Code
    that sets `last_price_ticks` calls `renew_band` when the trades of an order or an auction are done; all else is
    read-only.
    """

    __slots__ = (
        "auction_ticks",
        "band_ppm",
        "edition",
        "fills_max",
        "halted",
        "high_ticks",
        "is_matching",
        "is_post_only",
        "last_price_ticks",
        "low_ticks",
        "max_orders",
        "max_stops",
        "reference_price_ticks",
        "refused",
        "trading_state",
        "work_max",
    )

    def __init__(
        self,
        *,
        trading_state: TradingState,
        band_ppm: int,
        reference_price_ticks: int,
        max_orders: int,
        max_stops: int,
        last_price_ticks: int,
        edition: int = CURRENT_EDITION,
        auction_ticks: int = 0,
    ) -> None:
        self.last_price_ticks = last_price_ticks
        self.auction_ticks = auction_ticks
        self.enter(trading_state)
        self.set_rules(band_ppm, reference_price_ticks, max_orders, max_stops, edition)

    @property
    def around_ticks(self) -> int:
        """The price that the band is around: the last one, before the first trade the reference; 0 without any."""
        return self.last_price_ticks or self.reference_price_ticks

    @property
    def is_continuous(self) -> bool:
        return self.trading_state is TradingState.CONTINUOUS

    def enter(self, state: TradingState) -> None:
        self.trading_state = TradingState(state)
        self.refused = REFUSED_IN_STATE.get(self.trading_state)
        self.halted = None if self.refused is RejectReason.MARKET_PRE_OPEN else self.refused
        self.is_post_only = self.trading_state is TradingState.POST_ONLY
        self.is_matching = self.trading_state is not TradingState.PRE_OPEN

    @property
    def is_bounded(self) -> bool:
        """Tell whether the rules of the second edition hold."""
        return self.edition >= SECOND_EDITION

    def set_rules(
        self, band_ppm: int, reference_price_ticks: int, max_orders: int, max_stops: int, edition: int
    ) -> None:
        self.band_ppm = band_ppm
        self.reference_price_ticks = reference_price_ticks
        self.max_orders = max_orders
        self.max_stops = max_stops
        self.edition = edition
        self.fills_max, self.work_max = bounds_of(edition)
        self.renew_band()

    def renew_band(self) -> None:
        """Put the band around the last price, after it or the rules have changed."""
        self.low_ticks, self.high_ticks = band_limits(
            self.band_ppm, self.last_price_ticks or self.reference_price_ticks
        )

    def reach_key(self, order: PlaceOrder, other: BookSide) -> int:
        """Return how far a limit or market order may reach into the other side now."""
        if not self.is_matching:
            return NO_REACH
        if order.type == _LIMIT:
            return other.sign * order.price_ticks
        # A budget does not reach a price at which it cannot buy a single lot.
        return min(self.band_key(other), order.budget) if order.budget else self.band_key(other)

    def band_key(self, other: BookSide) -> int:
        """Return how far an order without a limit reaches into the other side: to the edge of the band."""
        return self.high_ticks if other.sign == 1 else -self.low_ticks

    def check_invariants(self) -> None:
        limits = band_limits(self.band_ppm, self.around_ticks)
        assert (self.low_ticks, self.high_ticks) == limits, "Invariant: the band is around the last price"
