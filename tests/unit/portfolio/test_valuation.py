"""Which markets give an asset its value, and what it is."""

from decimal import Decimal
from fractions import Fraction

import pytest

from exchange.models import Market
from portfolio.valuation import Rate, Unvalued, Valuation, quote_asset

SYMBOLS = ("BTC/USDT", "ETH/BTC", "ETH/USDT", "SOL/ETH", "USDT/EUR", "DOGE/BTC", "XRP/SOL", "BTC/EUR")
MARKETS = [
    Market(pk=number, symbol=symbol, base_id=symbol.split("/")[0], quote_id=symbol.split("/")[1])
    for number, symbol in enumerate(SYMBOLS, start=1)
]


def valuation(quote: str, **prices: str) -> Valuation:
    """Return a valuation; a market without a price has not traded."""
    known = {market.symbol.replace("/", "_"): market.pk for market in MARKETS}
    return Valuation(quote, MARKETS, {known[name]: Decimal(price) for name, price in prices.items()})


ALL = {
    "BTC_USDT": "60000",
    "ETH_BTC": "0.05",
    "ETH_USDT": "3010",
    "SOL_ETH": "0.06",
    "USDT_EUR": "0.9",
    "BTC_EUR": "54300",
}


@pytest.mark.parametrize(
    ("asset", "quote", "expected"),
    [
        ("USDT", "USDT", Rate(Fraction(1), [])),
        ("BTC", "USDT", Rate(Fraction(60_000), ["BTC/USDT"])),
        ("ETH", "USDT", Rate(Fraction(3_010), ["ETH/USDT"])),  # one market, though an older pair leads there as well
        ("SOL", "USDT", Rate(Fraction("180.6"), ["SOL/ETH", "ETH/USDT"])),
        ("USDT", "BTC", Rate(Fraction(1, 60_000), ["BTC/USDT"])),
        ("EUR", "BTC", Rate(Fraction(1, 54_300), ["BTC/EUR"])),
        ("EUR", "ETH", Rate(1 / Fraction("2709"), ["USDT/EUR", "ETH/USDT"])),
        ("DOGE", "USDT", Unvalued.NO_LAST_PRICE),
        ("XRP", "USDT", Unvalued.NO_MARKET),  # three markets
        ("GOLD", "USDT", Unvalued.NO_MARKET),
        ("BTC", "GOLD", Unvalued.NO_MARKET),
    ],
)
def test_an_asset_is_valued_over_at_most_two_markets(asset: str, quote: str, expected: Rate | Unvalued) -> None:
    assert valuation(quote, **ALL).rate(asset) == expected


def test_a_market_that_has_not_traded_is_gone_round() -> None:
    prices = {name: price for name, price in ALL.items() if name != "ETH_USDT"}

    assert valuation("USDT", **prices).rate("ETH") == Rate(Fraction(3_000), ["ETH/BTC", "BTC/USDT"])


def test_of_two_ways_of_two_markets_the_older_counts() -> None:
    prices = {name: price for name, price in ALL.items() if name != "BTC_EUR"}

    assert valuation("EUR", **prices).rate("ETH") == Rate(Fraction("2709"), ["ETH/USDT", "USDT/EUR"])
    assert valuation("EUR", **ALL).rate("ETH") == Rate(Fraction("2715"), ["ETH/BTC", "BTC/EUR"])


def test_without_a_name_the_asset_of_most_markets_counts_and_of_several_the_oldest_markets() -> None:
    assert quote_asset(None, MARKETS) == "USDT"  # two, as BTC and EUR have
    assert quote_asset(None, MARKETS[1:]) == "BTC"
