"""The price of an auction: the one at which most can trade."""

from typing import NamedTuple

from matching.engine.levels import BookSide


class AuctionPrice(NamedTuple):
    price_ticks: int
    quantity_lots: int


class _Stretch(NamedTuple):
    """Neighbouring prices at which the same lots are bid and offered."""

    low_ticks: int
    high_ticks: int
    bid_lots: int
    ask_lots: int

    @property
    def volume(self) -> int:
        return min(self.bid_lots, self.ask_lots)

    @property
    def imbalance(self) -> int:
        return abs(self.bid_lots - self.ask_lots)


def find_auction_price(bids: BookSide, asks: BookSide, around_ticks: int) -> AuctionPrice:
    """Return the price at which most lots trade, hidden ones too, of two sides that cross.

    Ties go to the least imbalance, then to the price nearest to `around_ticks`; if that is 0 to the middle of the
    best prices, rounded down. O(levels between the best ask and the best bid, times their logarithm).
    """
    stretches = _stretches(bids, asks)
    most = max(stretch.volume for stretch in stretches)
    widest = [stretch for stretch in stretches if stretch.volume == most]
    least = min(stretch.imbalance for stretch in widest)
    best = [stretch for stretch in widest if stretch.imbalance == least]
    # Imbalance falls and then rises with the price, so the best stretches are neighbours: one interval.
    low, high = best[0].low_ticks, best[-1].high_ticks
    price = min(max(around_ticks, low), high) if around_ticks else (low + high) // 2
    return AuctionPrice(price, most)


def _stretches(bids: BookSide, asks: BookSide) -> list[_Stretch]:
    lowest, highest = asks.best_key, -bids.best_key
    bid_at = {level.price_ticks: level.total_lots for level in bids.within(-lowest)}
    ask_at = {level.price_ticks: level.total_lots for level in asks.within(highest)}
    bid_lots, ask_lots, before, stretches = sum(bid_at.values()), 0, 0, list[_Stretch]()
    for price in sorted(bid_at.keys() | ask_at.keys()):
        if before and price - before > 1:
            stretches.append(_Stretch(before + 1, price - 1, bid_lots, ask_lots))
        ask_lots += ask_at.get(price, 0)
        stretches.append(_Stretch(price, price, bid_lots, ask_lots))
        bid_lots -= bid_at.get(price, 0)
        before = price
    return stretches
