"""Prices that walk, and what takers make of them."""

import os
import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from statistics import fmean

from demo.flow.crowd import crowd_order, crowd_pair
from demo.flow.ladder import Pair
from demo.flow.world import World
from exchange import seeds
from tests.unit.demo.test_ladder import BTC, PAIRS

REFERENCES = {seed.symbol: float(seed.reference_price) for seed in seeds.MARKETS}
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def world() -> World:
    return World(random.Random(int(os.environ.get("TEST_SEED", "1"))), REFERENCES)


def test_a_month_of_prices_stays_near_the_reference_and_moves_every_day() -> None:
    place = world()
    prices: list[float] = []
    now_s = 0.0
    for _ in range(30 * 24 * 60):
        now_s += 60
        place.advance(now_s)
        prices.append(place.price("BTC/USDT"))

    assert min(prices) > 0.75 * 65_000 and max(prices) < 1.3 * 65_000
    days = [prices[i : i + 1440] for i in range(0, len(prices), 1440)]
    assert all(max(day) / min(day) > 1.005 for day in days)


def test_a_pause_is_not_made_up_for() -> None:
    place = world()
    place.advance(0.0)
    before = place.price("BTC/USDT")

    place.advance(1_000_000.0)

    assert abs(place.price("BTC/USDT") / before - 1) < 0.02


def test_a_market_between_two_follows_from_them() -> None:
    place = world()
    for second in range(0, 600, 7):
        place.advance(float(second))

    assert place.price("ETH/BTC") == place.price("ETH/USDT") / place.price("BTC/USDT")


def test_a_walk_goes_on_from_where_the_market_is() -> None:
    place = world()

    place.go_on_from("BTC/USDT", 60_000.0)

    assert abs(place.price("BTC/USDT") - 60_000) < 0.01


def orders(pair: Pair, surplus: float, how_many: int = 400) -> list[dict[str, str]]:
    rng = random.Random(int(os.environ.get("TEST_SEED", "1")))
    place = world()
    return [crowd_order(pair, place, surplus=surplus, now=NOW, rng=rng) for _ in range(how_many)]


def test_takers_keep_the_rules_of_every_market_and_leave_nothing_behind() -> None:
    for seed, pair in zip(seeds.MARKETS, PAIRS, strict=True):
        for order in orders(pair, 0.0):
            price = Decimal(order.get("price", str(seed.reference_price)))
            assert Decimal(order["quantity"]) % seed.lot_size == 0 and price % seed.tick_size == 0
            assert Decimal(order["quantity"]) * price >= seed.min_notional
            assert order["type"] == "market" or order["time_in_force"] == "gtd"


def test_takers_lean_against_what_they_have_too_much_of() -> None:
    buys = [Counter(order["side"] for order in orders(BTC, surplus))["buy"] / 400 for surplus in (-1.0, 0.0, 1.0)]

    assert buys[0] > buys[1] + 0.15 > buys[2] + 0.3


def test_most_orders_are_small_and_busy_markets_get_more() -> None:
    dollars = [float(Decimal(order["quantity"])) * 65_000 for order in orders(BTC, 0.0)]
    assert sorted(dollars)[200] < fmean(dollars) < 1_000
    rng = random.Random(int(os.environ.get("TEST_SEED", "1")))
    heavy = BTC.style._replace(weight=30)
    pairs = [replace(BTC, style=heavy), *PAIRS[1:]]
    chosen = Counter(crowd_pair(pairs, rng).symbol for _ in range(2_000))
    assert chosen.most_common(1)[0][0] == "BTC/USDT"
