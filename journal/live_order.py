"""An order while the journal works on it, and the arithmetic of its hold.

A buy order holds quote: at most price x remaining quantity (`reserved`) plus a budget for fees. Each trade takes its
cost, its fee and whatever the order need not hold any longer; settlement pays from that share and gives back the
rest. So a hold is never less than what is owed, and no maker's balance is touched by the batch that fills it.

All fees of an order together are rounded up once: many small fills never cost more than one big one.
"""

from dataclasses import dataclass
from typing import Any, Final

from base.scaling import fee_from, fee_units
from journal.terms import MarketTerms
from matching.engine import Side
from orders.lifecycle import FILL, FILL_PARTLY, TRANSITIONS
from orders.needs import open_need
from orders.rows import NO_EXTRAS, OrderExtras, OrderRow

# Enum members as plain numbers: every fill compares with them.
_BUY: Final = Side.BUY.value


@dataclass(slots=True, eq=False)
class LiveOrder(OrderRow):
    """An open or new order in the journal's memory: its row, which changes, and what of it is stored.

    Lots and ticks of its market, units of the quote asset for `*_units`; a sell holds units of the base asset.
    `is_reshaped` tells that more than fills changed since the order was stored: its price, its quantity or its extras.
    """

    is_stored: bool = False
    is_reshaped: bool = False

    @property
    def remaining_lots(self) -> int:
        """What is not filled; of no use for a market buy by budget."""
        return self.quantity_lots - self.filled_lots

    def reshape(self, **changes: Any) -> None:
        """Change the order itself, by the names of its fields or of its extras; the next write has all of it."""
        extras = {name: changes.pop(name) for name in tuple(changes) if name in OrderExtras._fields}
        for name, value in changes.items():
            setattr(self, name, value)
        if extras:
            self.extras = (self.extras or NO_EXTRAS)._replace(**extras)
        self.is_reshaped = True

    def advance(self, event: str) -> None:
        """Change the status as `orders.lifecycle` says."""
        self.status = TRANSITIONS[self.status, event]

    def hold_asset(self, terms: MarketTerms) -> str:
        return terms.quote if self.side == _BUY else terms.base

    def need_units(self, terms: MarketTerms) -> int:
        """Return what the open rest of an order with a price needs, were it new: price x quantity and the highest fee.

        For a sell its quantity.
        """
        return self.need_for(self.price_ticks, self.remaining_lots, terms)

    def need_for(self, price_ticks: int, lots: int, terms: MarketTerms) -> int:
        """Return what an order of this side, with these fees, would need."""
        highest_fee_ppm = max(self.maker_fee_ppm, self.taker_fee_ppm)
        return open_need(self.side, price_ticks, lots, highest_fee_ppm=highest_fee_ppm, scale=terms.scale)

    def fit_hold(self, need_units: int) -> int:
        """Lower the hold to what is needed; return what was held beyond it."""
        excess = max(0, self.held_units - need_units)
        self.held_units -= excess
        return excess

    def buy(self, price_ticks: int, lots: int, *, rate_ppm: int, terms: MarketTerms) -> tuple[int, int]:
        """Fill a buy order; return the fee and the share of the hold that goes over to the trade, in quote units."""
        cost = terms.cost_units(price_ticks, lots)
        self._fill(lots, cost)
        if self.price_ticks:
            return self._pay_from_limit_hold(cost, lots, rate_ppm, terms)
        fee = self._charge(cost, rate_ppm)  # a market order has no limit price to reserve by
        return self._take(fee, cost + fee)

    def _pay_from_limit_hold(self, cost: int, lots: int, rate_ppm: int, terms: MarketTerms) -> tuple[int, int]:
        reserved = terms.cost_units(self.price_ticks, self.remaining_lots)
        fee_budget = self.held_units - reserved - terms.cost_units(self.price_ticks, lots)
        fee = min(self._charge(cost, rate_ppm), fee_budget)
        rest_fee, _ = fee_from(self.fee_fraction_ppm, reserved, max(self.maker_fee_ppm, self.taker_fee_ppm))
        still_needed = reserved + min(fee_budget - fee, rest_fee)
        return self._take(fee, self.held_units - still_needed)

    def _charge(self, cost: int, rate_ppm: int) -> int:
        """Return the fee of a fill: what it adds to the order's fees in all, which are rounded up."""
        if self.fee_units and not self.fee_fraction_ppm:  # begun under a release that rounded each fill
            return fee_units(cost, rate_ppm)
        fee, self.fee_fraction_ppm = fee_from(self.fee_fraction_ppm, cost, rate_ppm)
        return fee

    def sell(self, price_ticks: int, lots: int, *, rate_ppm: int, terms: MarketTerms) -> int:
        """Fill a sell order; return the fee in quote units. The trade's share of the hold is its quantity."""
        cost = terms.cost_units(price_ticks, lots)
        self._fill(lots, cost)
        return self._take(self._charge(cost, rate_ppm), lots * terms.lot_units)[0]

    def _fill(self, lots: int, cost: int) -> None:
        self.filled_lots += lots
        self.filled_units += cost
        whole = self.quantity_lots and self.filled_lots == self.quantity_lots
        self.status = TRANSITIONS[self.status, FILL if whole else FILL_PARTLY]
        assert not self.quantity_lots or self.filled_lots <= self.quantity_lots, "Invariant: an order is not overfilled"

    def _take(self, fee: int, share: int) -> tuple[int, int]:
        self.fee_units += fee
        self.held_units -= share
        assert self.held_units >= 0 and fee >= 0, "Invariant: a hold covers its fills and fees"
        return fee, share
