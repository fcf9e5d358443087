"""A market as the journal needs it: ids, integer scale, limits, fees. Read again whenever one of them changes."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property

from psycopg import Connection

from base.scaling import ZERO, MarketScale, to_units
from matching.engine import CURRENT_EDITION, Engine, TradingState
from orders.needs import FeeRates

_QUERY = """
SELECT m.id, m.symbol, m.base_id, m.quote_id, b.decimals, q.decimals, m.tick_size, m.lot_size,
       m.maker_fee_ppm, m.taker_fee_ppm, m.price_band_ppm, m.reference_price, m.trading_state,
       m.max_open_orders, m.max_stop_orders, m.fees_version, m.min_notional
FROM exchange_market m JOIN exchange_asset b ON b.code = m.base_id JOIN exchange_asset q ON q.code = m.quote_id
WHERE m.symbol = %s
"""
_USER_RATES = """
SELECT uuid_send(u.user_id), t.maker_fee_ppm, t.taker_fee_ppm
FROM exchange_userfeetier u JOIN exchange_feetier t ON t.id = u.tier_id WHERE u.market_id = %s
"""


@dataclass(frozen=True)
class MarketTerms:
    """One market's row with its assets' decimals, and the fee rates of those users who have a tier in it."""

    market_id: int
    symbol: str
    base: str
    quote: str
    base_decimals: int
    quote_decimals: int
    tick_size: Decimal
    lot_size: Decimal
    maker_fee_ppm: int
    taker_fee_ppm: int
    price_band_ppm: int
    reference_price: Decimal
    trading_state: str
    max_orders: int = 0
    max_stops: int = 0
    fees_version: int = 0
    min_notional: Decimal = ZERO
    user_rates: Mapping[bytes, FeeRates] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def read(cls, connection: Connection, symbol: str, known: "MarketTerms | None" = None) -> "MarketTerms":
        """Read the market's row, and users' rates unless `known` has them. Raises LookupError when it is gone."""
        row = connection.execute(_QUERY, [symbol]).fetchone()
        if row is None:
            raise LookupError(f"there is no market {symbol}")
        terms = cls(*row)
        if known is not None and known.fees_version == terms.fees_version:
            return replace(terms, user_rates=known.user_rates)
        rates = connection.execute(_USER_RATES, [terms.market_id], binary=True).fetchall()
        return replace(terms, user_rates={user_id: FeeRates(maker, taker) for user_id, maker, taker in rates})

    @cached_property
    def tick_lot_units(self) -> int:
        return self.scale.tick_lot_units

    @cached_property
    def min_notional_units(self) -> int:
        return to_units(self.min_notional, self.quote_decimals)

    @cached_property
    def lot_units(self) -> int:
        return self.scale.lot_units

    @cached_property
    def scale(self) -> MarketScale:
        return MarketScale(self.tick_size, self.lot_size, self.base_decimals, self.quote_decimals)

    @property
    def engine_state(self) -> TradingState:
        return TradingState[self.trading_state.upper()]

    @cached_property
    def reference_price_ticks(self) -> int:
        return int(self.reference_price / self.tick_size)

    def rates_of(self, user_id: bytes) -> FeeRates:
        """Return the fee rates of a user."""
        return self.user_rates.get(user_id) or self._rates

    @cached_property
    def _rates(self) -> FeeRates:
        return FeeRates(self.maker_fee_ppm, self.taker_fee_ppm)

    def rules_differ(self, engine: Engine) -> bool:
        """Tell whether the engine has another band, other limits, or an older edition of the rules."""
        return (
            self.price_band_ppm,
            self.reference_price_ticks,
            self.max_orders,
            self.max_stops,
            CURRENT_EDITION,
        ) != (
            engine.band_ppm,
            engine.reference_price_ticks,
            engine.max_orders,
            engine.max_stops,
            engine.edition,
        )

    def differs_from(self, engine: Engine) -> bool:
        """Tell whether the engine has another trading state, another band or other limits, or has not opened yet."""
        return self.state_differs(engine) or self.rules_differ(engine)

    def state_differs(self, engine: Engine) -> bool:
        """Tell whether the engine has another trading state, or is on its way from it."""
        return self.engine_state != engine.trading_state or engine.is_opening

    def cost_units(self, price_ticks: int, lots: int) -> int:
        """Return price x quantity in quote units, exactly."""
        return price_ticks * lots * self.tick_lot_units
