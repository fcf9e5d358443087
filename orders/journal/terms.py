"""A market as the journal needs it: ids, integer scale, fees. Read again whenever staff change the market."""

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from psycopg import Connection

from exchange.scaling import MarketScale, fee_units
from matching.engine import Engine, TradingState

_QUERY = """
SELECT m.id, m.symbol, m.base_id, m.quote_id, b.decimals, q.decimals, m.tick_size, m.lot_size,
       m.maker_fee_ppm, m.taker_fee_ppm, m.price_band_ppm, m.reference_price, m.trading_state
FROM exchange_market m JOIN exchange_asset b ON b.code = m.base_id JOIN exchange_asset q ON q.code = m.quote_id
WHERE m.symbol = %s
"""


@dataclass(frozen=True)
class MarketTerms:
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

    @classmethod
    def read(cls, connection: Connection, symbol: str) -> "MarketTerms":
        """Read the market's row. Raises LookupError when it is gone."""
        row = connection.execute(_QUERY, [symbol]).fetchone()
        if row is None:
            raise LookupError(f"there is no market {symbol}")
        return cls(*row)

    @cached_property
    def tick_lot_units(self) -> int:
        return self.scale.tick_lot_units

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

    @property
    def worst_fee_ppm(self) -> int:
        return max(self.maker_fee_ppm, self.taker_fee_ppm)

    def differs_from(self, engine: Engine) -> bool:
        """Tell whether the engine goes by another trading state or band."""
        return self.engine_state != engine.trading_state or (
            self.price_band_ppm,
            self.reference_price_ticks,
        ) != (engine.band_ppm, engine.reference_price_ticks)

    def cost_units(self, price_ticks: int, lots: int) -> int:
        """Return price x quantity in quote units, exactly."""
        return price_ticks * lots * self.tick_lot_units

    def budget_tick_lots(self, budget_units: int) -> int:
        """Return how much price x quantity, in tick-lots, a budget buys when the taker fee is paid from it too."""
        return budget_units * 1_000_000 // (1_000_000 + self.taker_fee_ppm) // self.tick_lot_units

    def limit_hold_units(self, price_ticks: int, lots: int) -> int:
        """Return what a limit buy holds: price x quantity and the highest fee it can be charged."""
        cost = self.cost_units(price_ticks, lots)
        return cost + fee_units(cost, self.worst_fee_ppm)
