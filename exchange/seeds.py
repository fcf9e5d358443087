"""The assets and markets that a new exchange starts with.

Tick x lot is always a whole number of the quote asset's smallest units, so price x quantity needs no rounding.
"""

from decimal import Decimal
from typing import NamedTuple
from uuid import NAMESPACE_URL, UUID, uuid5


class AssetSeed(NamedTuple):
    code: str
    name: str
    decimals: int
    hand_limit: Decimal  # what one member of staff may move by hand in a day


class MarketSeed(NamedTuple):
    symbol: str
    tick_size: Decimal
    lot_size: Decimal
    min_notional: Decimal
    min_quantity: Decimal
    max_quantity: Decimal
    reference_price: Decimal


class TierSeed(NamedTuple):
    level: int
    min_volume: Decimal
    maker_fee_ppm: int
    taker_fee_ppm: int


ASSETS = (
    AssetSeed("USDT", "Tether", 8, Decimal(1_000_000)),
    AssetSeed("BTC", "Bitcoin", 8, Decimal(20)),
    AssetSeed("ETH", "Ether", 8, Decimal(300)),
    AssetSeed("BNB", "BNB", 8, Decimal(2_000)),
    AssetSeed("SOL", "Solana", 8, Decimal(10_000)),
    AssetSeed("XRP", "XRP", 6, Decimal(2_000_000)),
    AssetSeed("ADA", "Cardano", 6, Decimal(2_000_000)),
    AssetSeed("DOGE", "Dogecoin", 8, Decimal(10_000_000)),
    AssetSeed("DOT", "Polkadot", 8, Decimal(200_000)),
    AssetSeed("LTC", "Litecoin", 8, Decimal(10_000)),
)


def _market(symbol: str, *numbers: str) -> MarketSeed:
    return MarketSeed(symbol, *(Decimal(number) for number in numbers))


def _tiers(unit: str) -> tuple[TierSeed, ...]:
    return (
        TierSeed(1, Decimal(unit), 600, 900),
        TierSeed(2, Decimal(unit) * 10, 400, 800),
        TierSeed(3, Decimal(unit) * 100, 200, 600),
    )


MARKETS = (
    _market("BTC/USDT", "0.01", "0.00001", "5", "0.00005", "1000", "65000"),
    _market("ETH/USDT", "0.01", "0.0001", "5", "0.001", "10000", "3500"),
    _market("BNB/USDT", "0.01", "0.001", "5", "0.005", "50000", "600"),
    _market("SOL/USDT", "0.01", "0.001", "5", "0.02", "100000", "150"),
    _market("XRP/USDT", "0.0001", "0.1", "5", "5", "10000000", "0.6"),
    _market("ADA/USDT", "0.0001", "0.1", "5", "5", "10000000", "0.45"),
    _market("DOGE/USDT", "0.00001", "1", "5", "20", "50000000", "0.15"),
    _market("DOT/USDT", "0.001", "0.01", "5", "0.5", "1000000", "6.5"),
    _market("LTC/USDT", "0.01", "0.001", "5", "0.05", "100000", "85"),
    _market("ETH/BTC", "0.00001", "0.001", "0.0001", "0.001", "10000", "0.054"),
)

# What a demo account that a visitor opens begins with.
VISITOR_FUNDS = {
    code: Decimal(amount)
    for code, amount in {
        "USDT": 100_000,
        "BTC": 1,
        "ETH": 20,
        "BNB": 50,
        "SOL": 200,
        "XRP": 20_000,
        "ADA": 20_000,
        "DOGE": 100_000,
        "DOT": 2_000,
        "LTC": 200,
    }.items()
}

# Accounts of a demo copy: for people to log in with, and those that keep its markets moving (demo/flow).
DEMO_TRADERS = ("maker", "taker", "outsider")
DEMO_STAFF = "staff"
# A second member of staff who may decide what another one in Settlement has proposed.
DEMO_SECOND_CLERK = "settlement2"
# One member of staff for each role, in the order of exchange.roles.StaffRole.
DEMO_ROLES = ("viewer", "support", "settlement", "operator", "admin")
FLOW_MAKER = "flow-maker"
FLOW_TAKERS = ("flow-taker-1", "flow-taker-2", "flow-taker-3")


def demo_user_id(username: str) -> UUID:
    """Return the id of a demo account, the same in every copy: so exchange and wallet can be tried together."""
    return uuid5(NAMESPACE_URL, f"trade-engine:demo:{username}")


def demo_funds(asset: str) -> Decimal:
    """Return what the accounts of a demo copy begin with, other than visitors' own."""
    return _GENEROUS.get(asset, _GENEROUS_OTHERWISE)


_GENEROUS = {"USDT": Decimal(1_000_000_000), "BTC": Decimal(10_000), "ETH": Decimal(100_000)}
_GENEROUS_OTHERWISE = Decimal(100_000_000)

MAKER_FEE_PPM = 800
TAKER_FEE_PPM = 1_000
PRICE_BAND_PPM = 100_000
OPEN_ORDERS_MAX = 1_000
STOP_ORDERS_MAX = 100
# By quote asset, in which volume is measured.
FEE_TIERS = {"USDT": _tiers("100000"), "BTC": _tiers("2")}
