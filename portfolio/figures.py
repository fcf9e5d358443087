"""The figures of a user in one market, by average cost: what each trade makes of them. Pure arithmetic.

Everything is counted in whole lots and in whole units of the quote asset, so nothing is lost: at any moment the profit,
realised and not, is what was sold for, less what was bought for, plus what is left at its price.
"""

from typing import NamedTuple

from base.scaling import share_units

__all__ = ["NOTHING", "Deal", "Figures"]


class Deal(NamedTuple):
    """One trade as its user sees it: lots bought (above 0) or sold (below 0), the price of a lot, and the fee."""

    lots: int
    lot_price_units: int
    fee_units: int


class Figures(NamedTuple):
    """The position, what it cost (or, of a sold one, brought), and the sums of all trades.

    `lots` are above 0 when more was bought than sold, below 0 when more was sold; `cost_units` are never negative.
    """

    lots: int = 0
    cost_units: int = 0
    profit_units: int = 0
    bought_lots: int = 0
    bought_units: int = 0
    sold_lots: int = 0
    sold_units: int = 0
    fee_units: int = 0
    trade_count: int = 0

    def after(self, deal: Deal) -> "Figures":
        """Return the figures after one more trade: it closes as much as it can of the position and opens the rest."""
        lots, price = abs(deal.lots), deal.lot_price_units
        closed = min(lots, abs(self.lots)) if self.lots * deal.lots < 0 else 0
        released = share_units(self.cost_units, closed, abs(self.lots)) if closed else 0
        gain = closed * price - released
        is_buy = deal.lots > 0
        return Figures(
            self.lots + deal.lots,
            self.cost_units - released + (lots - closed) * price,
            self.profit_units + (-gain if is_buy else gain),
            self.bought_lots + (lots if is_buy else 0),
            self.bought_units + (lots * price if is_buy else 0),
            self.sold_lots + (0 if is_buy else lots),
            self.sold_units + (0 if is_buy else lots * price),
            self.fee_units + deal.fee_units,
            self.trade_count + 1,
        )

    def unrealised_units(self, lot_price_units: int) -> int:
        """Return what closing the whole position at a price would add to the realised profit."""
        worth = abs(self.lots) * lot_price_units
        return self.cost_units - worth if self.lots < 0 else worth - self.cost_units


NOTHING = Figures()
