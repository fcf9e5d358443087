"""Decimals at the edges, integers inside: the one place that converts, and the owner of every rounding.

Worked example, BTC/USDT with tick 0.01, lot 0.00001 and USDT kept to 8 decimals: a price of 65000.50 is 6,500,050
ticks, a quantity of 0.002 is 200 lots, and price x quantity = 1,300,010,000 tick-lots of 0.0000001 USDT each, which is
10 units (10^-8 USDT): 130.00100000 USDT.
"""

from dataclasses import dataclass
from decimal import ROUND_DOWN, Context, Decimal, Inexact, InvalidOperation
from fractions import Fraction
from functools import cached_property
from math import floor

PPM = 1_000_000
ZERO = Decimal(0)
AMOUNT_LIMIT = Decimal("1e20")  # every amount is less: NUMERIC(38, 18) has 20 digits before the point
MOVE_LIMIT = Decimal("1e15")  # what is moved by hand at once is less: a hundred thousand such moves fit into an amount
# NUMERIC(38, 18) times NUMERIC(38, 18) fits; anything that would be rounded raises.
EXACT = Context(prec=76, traps=[Inexact, InvalidOperation])
_CUT = Context(prec=76, rounding=ROUND_DOWN, traps=[InvalidOperation])
_NEAREST = Context(prec=76, traps=[InvalidOperation])


class NotAMultipleError(ValueError):
    """A price is not on a tick, or a quantity not on a lot."""


def decimals_of(step: Decimal) -> int:
    """Return how many decimals a step such as 0.0100 needs: 2."""
    exponent = step.normalize().as_tuple().exponent
    assert isinstance(exponent, int), "Invariant: a step is a finite number"
    return max(0, -exponent)


def to_steps(value: Decimal, step: Decimal) -> int:
    """Return value / step; raise NotAMultipleError when it is not a whole number. Nothing is rounded."""
    steps, rest = EXACT.divmod(value, step)
    if rest:
        raise NotAMultipleError(f"{value} is not a multiple of {step.normalize():f}")
    return int(steps)


def to_units(value: Decimal, decimals: int) -> int:
    """Return a decimal amount as whole units of 10^-decimals; raise NotAMultipleError when it is finer."""
    return to_steps(value, Decimal(1).scaleb(-decimals))


def from_units(units: int, decimals: int) -> Decimal:
    """Return whole units of 10^-decimals as a decimal amount, exactly."""
    return EXACT.scaleb(Decimal(units), -decimals)


def plain(value: Decimal, decimals: int | None = None) -> str:
    """Return a number in plain decimal notation, with a fixed number of decimals where given.

    A number with more decimals than asked is cut, not rounded up.
    """
    if decimals is None:
        return _trimmed(f"{value:f}")
    return f"{_CUT.quantize(value, Decimal(1).scaleb(-decimals)):f}"


def grouped(value: Decimal | int) -> str:
    """Return a number as people read it, its thousands separated.

    >>> grouped(Decimal("1234567.1230")), grouped(-1_000), grouped(Decimal("0.0001"))
    ('1,234,567.123', '-1,000', '0.0001')
    """
    return _trimmed(f"{Decimal(value):,f}")


def _trimmed(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def fee_units(notional_units: int, rate_ppm: int) -> int:
    """Return the fee on an amount, in the same units, rounded up: in the exchange's favour.

    >>> fee_units(1_000_001, 1_000), fee_units(1_000_000, 1_000), fee_units(1, 1_000)
    (1001, 1000, 1)
    """
    return -(-notional_units * rate_ppm // PPM)


def fee_from(fraction_ppm: int, notional_units: int, rate_ppm: int) -> tuple[int, int]:
    """Return the fee on one amount of several whose fees together are rounded up once, and the new fraction.

    The fraction is what the amounts so far have used up of the last unit that was charged, in millionths; 0 before the
    first.

    >>> fee_from(0, 1_500, 1_000), fee_from(500_000, 1_500, 1_000), fee_units(3_000, 1_000)
    ((2, 500000), (1, 1000000), 3)
    """
    owed_ppm = notional_units * rate_ppm + fraction_ppm
    units = -(-owed_ppm // PPM)
    return units - (fraction_ppm > 0), owed_ppm - (units - 1) * PPM if units else 0


def share_units(units: int, part: int, whole: int) -> int:
    """Return the share part / whole of an amount in whole units, rounded to the nearest one, a half up.

    >>> share_units(100, 1, 3), share_units(100, 2, 3), share_units(1, 1, 2), share_units(100, 3, 3)
    (33, 67, 1, 100)
    """
    return (2 * units * part + whole) // (2 * whole)


def units_in(amount: Fraction, decimals: int) -> int:
    """Return how many whole units of 10^-decimals are in an amount, rounded down.

    >>> units_in(Fraction(2, 3), 2)
    66
    """
    return floor(amount * Fraction(10) ** decimals)


@dataclass(frozen=True)
class MarketScale:
    """The sizes of one market: how large a tick and a lot are, and to how many decimals its assets are kept."""

    tick_size: Decimal
    lot_size: Decimal
    base_decimals: int
    quote_decimals: int

    @cached_property
    def price_decimals(self) -> int:
        return decimals_of(self.tick_size)

    @cached_property
    def quantity_decimals(self) -> int:
        return decimals_of(self.lot_size)

    @cached_property
    def tick_digits(self) -> int:
        """One tick as a whole number at the price's fixed decimals: 1 for 0.01, 5 for 0.05."""
        return int(self.tick_size.scaleb(self.price_decimals))

    @cached_property
    def lot_digits(self) -> int:
        return int(self.lot_size.scaleb(self.quantity_decimals))

    @cached_property
    def tick_lot_units(self) -> int:
        """Quote units in one tick x one lot. Raises NotAMultipleError when the quote asset is too coarse for it."""
        return to_units(EXACT.multiply(self.tick_size, self.lot_size), self.quote_decimals)

    @cached_property
    def lot_units(self) -> int:
        """Base units in one lot."""
        return to_units(self.lot_size, self.base_decimals)

    def price_ticks(self, price: Decimal) -> int:
        return to_steps(price, self.tick_size)

    def quantity_lots(self, quantity: Decimal) -> int:
        return to_steps(quantity, self.lot_size)

    def price(self, ticks: int) -> Decimal:
        return EXACT.multiply(self.tick_size, ticks)

    def quantity(self, lots: int) -> Decimal:
        return EXACT.multiply(self.lot_size, lots)

    def quote(self, units: int) -> Decimal:
        return from_units(units, self.quote_decimals)

    def base(self, units: int) -> Decimal:
        return from_units(units, self.base_decimals)

    def average_price_text(self, quote: Decimal, quantity: Decimal) -> str | None:
        """Return quote / quantity, which times the quantity rounds to the quote again; None for nothing.

        It has the decimals that this takes, and at least those of a price: 10 / 3 is 3.333333333.
        """
        if not quantity:
            return None
        enough = self.quote_decimals + max(0, quantity.adjusted() + 1)
        average = _NEAREST.quantize(
            _NEAREST.divide(quote, quantity), Decimal(1).scaleb(-max(enough, self.price_decimals))
        )
        whole, _, fraction = f"{average:f}".partition(".")
        fraction = fraction.rstrip("0").ljust(self.price_decimals, "0")
        return f"{whole}.{fraction}" if fraction else whole
