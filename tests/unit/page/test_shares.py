"""`100 %` of the order form against the rule by which the exchange holds funds: one lot more would be refused."""

import json
import random
import subprocess
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from base.scaling import PPM, MarketScale, plain
from matching.engine import Instructions, OrderType, PlaceOrder, Side, TimeInForce
from matching.engine.rules import hold_price_ticks
from orders.needs import FeeRates, first_need
from tests.node import node_program

PAGE = Path(__file__).parents[3] / "trading_page/static/trading"
SCRIPT = f"""
    import {{ readFileSync }} from "node:fs";
    const {{ shareOf }} = await import({json.dumps((PAGE / "shares.js").as_uri())});
    const {{ BLANK }} = await import({json.dumps((PAGE / "ticket.js").as_uri())});
    const found = JSON.parse(readFileSync(0, "utf8")).map(({{ form, market, available, last }}) =>
        shareOf(100, {{ ...BLANK, ...form }}, market, {{ balances: new Map(available), last }}));
    console.log(JSON.stringify(found));
"""
CASES = 400
SCALES = [
    MarketScale(Decimal("0.01"), Decimal("0.00001"), 8, 8),
    MarketScale(Decimal("0.05"), Decimal("0.001"), 8, 6),
    MarketScale(Decimal("10"), Decimal("0.5"), 6, 2),
    MarketScale(Decimal("0.000001"), Decimal("100"), 2, 8),
]
TYPES = {
    "limit": OrderType.LIMIT,
    "stop": OrderType.STOP,
    "stop_limit": OrderType.STOP_LIMIT,
    "take_profit": OrderType.TAKE_PROFIT,
    "take_profit_limit": OrderType.TAKE_PROFIT_LIMIT,
    "trailing_stop": OrderType.TRAILING_STOP,
}
WITHOUT_LIMIT = {OrderType.STOP, OrderType.TAKE_PROFIT, OrderType.TRAILING_STOP}


class Case(NamedTuple):
    """A random order of a random market; amounts are whole units."""

    type: str
    side: Side
    scale: MarketScale
    rates: FeeRates
    band_ppm: int
    last_ticks: int
    price_ticks: int
    stop_ticks: int
    trail_ticks: int
    trail_ppm: int
    available_units: int

    def need(self, lots: int) -> int:
        """Return what the exchange would hold."""
        kind = TYPES[self.type]
        instructions = Instructions(
            stop_price_ticks=0 if kind in (OrderType.LIMIT, OrderType.TRAILING_STOP) else self.stop_ticks,
            trail_ticks=self.trail_ticks if kind == OrderType.TRAILING_STOP else 0,
            trail_ppm=self.trail_ppm if kind == OrderType.TRAILING_STOP else 0,
        )
        order = PlaceOrder(
            time_ms=0,
            order_id=1,
            account_id=1,
            side=self.side,
            type=kind,
            time_in_force=TimeInForce.GTC,
            post_only=False,
            price_ticks=0 if kind in WITHOUT_LIMIT else self.price_ticks,
            quantity_lots=lots,
            budget=0,
            instructions=instructions,
        )
        return first_need(order, 0, self.rates, self.scale, self)

    def hold_price_ticks(self, order: PlaceOrder) -> int:
        return hold_price_ticks(order, self.last_ticks, self.band_ppm)

    def sweep_cost(self, order: PlaceOrder) -> tuple[int, int]:
        raise AssertionError("market orders are not asked about")

    def question(self) -> dict[str, Any]:
        """Return the same as the page has it."""
        scale = self.scale
        asset, decimals = ("Q", scale.quote_decimals) if self.side == Side.BUY else ("B", scale.base_decimals)
        form = {
            "side": self.side.name.lower(),
            "type": self.type,
            "price": plain(scale.price(self.price_ticks)),
            "stop_price": plain(scale.price(self.stop_ticks)),
            "trailing_amount": plain(scale.price(self.trail_ticks)),
            "trailing_percent": plain(Decimal(self.trail_ppm).scaleb(-4)),
            "trailBy": "trailing_amount" if self.trail_ticks else "trailing_percent",
        }
        market = {
            "base": "B",
            "quote": "Q",
            "base_decimals": scale.base_decimals,
            "quote_decimals": scale.quote_decimals,
            "tick_size": plain(scale.tick_size),
            "lot_size": plain(scale.lot_size),
            "price_decimals": scale.price_decimals,
            "quantity_decimals": scale.quantity_decimals,
            "max_quantity": str(10**19),
            "price_band": rate(self.band_ppm),
            "maker_fee_rate": rate(self.rates.maker_ppm),
            "taker_fee_rate": rate(self.rates.taker_ppm),
        }
        available = plain(Decimal(self.available_units).scaleb(-decimals), decimals)
        last = plain(scale.price(self.last_ticks), scale.price_decimals)
        return {"form": form, "market": market, "available": [[asset, {"available": available}]], "last": last}


def rate(ppm: int) -> str:
    return plain(Decimal(ppm) / PPM)


def random_case(rng: random.Random) -> Case:
    def price_ticks() -> int:
        return rng.randint(1, 10 ** rng.randint(1, 8))

    by_amount = rng.random() < 0.5
    return Case(
        type=rng.choice(list(TYPES)),
        side=rng.choice(list(Side)),
        scale=rng.choice(SCALES),
        rates=FeeRates(rng.choice([0, 1, 800, 33_333]), rng.choice([0, 1, 1_000, 500_000])),
        band_ppm=rng.choice([0, 1, 49_999, 100_000, 1_000_000]),
        last_ticks=price_ticks(),
        price_ticks=price_ticks(),
        stop_ticks=price_ticks(),
        trail_ticks=price_ticks() if by_amount else 0,
        trail_ppm=0 if by_amount else rng.randint(1, 900_000),
        available_units=rng.randint(0, 10 ** rng.randint(1, 18)),
    )


def ask_the_page(cases: list[Case]) -> list[dict[str, str]]:
    questions = json.dumps([case.question() for case in cases])
    command = [node_program(), "--input-type=module", "--eval", SCRIPT]
    finished = subprocess.run(command, input=questions, capture_output=True, text=True, timeout=60)
    assert finished.returncode == 0, finished.stderr
    answers: list[dict[str, str]] = json.loads(finished.stdout)
    return answers


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_all_of_a_balance_is_the_most_that_the_exchange_accepts(seed: int) -> None:
    rng = random.Random(seed)
    cases = [random_case(rng) for _ in range(CASES)]

    answers = ask_the_page(cases)

    for case, answer in zip(cases, answers, strict=True):
        lots = case.scale.quantity_lots(Decimal(answer["quantity"]))
        assert case.need(lots) <= case.available_units, (case, lots)
        assert case.need(lots + 1) > case.available_units, (case, lots)
