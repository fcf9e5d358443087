"""The assets and markets that a new exchange starts with.

Tick x lot is always a whole number of the quote asset's smallest units, so price x quantity needs no rounding.
"""

from decimal import Decimal
from typing import NamedTuple


class AssetSeed(NamedTuple):
    code: str
    name: str
    decimals: int


class MarketSeed(NamedTuple):
    symbol: str
    tick_size: Decimal
    lot_size: Decimal
    min_notional: Decimal
    max_quantity: Decimal
    reference_price: Decimal


ASSETS = (
    AssetSeed("USDT", "Tether", 8),
    AssetSeed("BTC", "Bitcoin", 8),
    AssetSeed("ETH", "Ether", 8),
    AssetSeed("BNB", "BNB", 8),
    AssetSeed("SOL", "Solana", 8),
    AssetSeed("XRP", "XRP", 6),
    AssetSeed("ADA", "Cardano", 6),
    AssetSeed("DOGE", "Dogecoin", 8),
    AssetSeed("DOT", "Polkadot", 8),
    AssetSeed("LTC", "Litecoin", 8),
)


def _market(symbol: str, tick: str, lot: str, minimum: str, maximum: str, reference: str) -> MarketSeed:
    return MarketSeed(symbol, *(Decimal(number) for number in (tick, lot, minimum, maximum, reference)))


MARKETS = (
    _market("BTC/USDT", "0.01", "0.00001", "5", "1000", "65000"),
    _market("ETH/USDT", "0.01", "0.0001", "5", "10000", "3500"),
    _market("BNB/USDT", "0.01", "0.001", "5", "50000", "600"),
    _market("SOL/USDT", "0.01", "0.001", "5", "100000", "150"),
    _market("XRP/USDT", "0.0001", "0.1", "5", "10000000", "0.6"),
    _market("ADA/USDT", "0.0001", "0.1", "5", "10000000", "0.45"),
    _market("DOGE/USDT", "0.00001", "1", "5", "50000000", "0.15"),
    _market("DOT/USDT", "0.001", "0.01", "5", "1000000", "6.5"),
    _market("LTC/USDT", "0.01", "0.001", "5", "100000", "85"),
    _market("ETH/BTC", "0.00001", "0.001", "0.0001", "10000", "0.054"),
)

MAKER_FEE_PPM = 800
TAKER_FEE_PPM = 1_000
PRICE_BAND_PPM = 100_000
