"""Under which limits the engine rejected an order: what is said of it the first time, and when it is asked again."""

from typing import NamedTuple

from exchange.models import Market
from matching.engine import Engine

__all__ = ["Limits"]


class Limits(NamedTuple):
    """The limits of a market at one moment. Travels and is stored as a list."""

    around_ticks: int
    """The last price; before the first trade the reference price."""
    band_ppm: int
    max_orders: int
    max_stops: int

    @classmethod
    def of(cls, engine: Engine) -> "Limits":
        """Return those of an engine now."""
        return cls(
            around_ticks=engine.last_price_ticks or engine.reference_price_ticks,
            band_ppm=engine.band_ppm,
            max_orders=engine.max_orders,
            max_stops=engine.max_stops,
        )

    @classmethod
    def stored(cls, market: Market, last_price_ticks: int) -> "Limits":
        """Return those of a market as it is stored."""
        return cls(
            around_ticks=last_price_ticks or market.scale.price_ticks(market.reference_price),
            band_ppm=market.price_band_ppm,
            max_orders=market.max_open_orders,
            max_stops=market.max_stop_orders,
        )
