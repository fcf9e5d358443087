"""Average cost: the example of the document, and random deals against fractions and against the reference client."""

import os
import random
import re
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from trade_engine_client import Position

from base.scaling import MarketScale, fee_units, plain
from portfolio.figures import NOTHING, Deal, Figures

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "portfolio.md"
SCALE = MarketScale(Decimal("0.01"), Decimal("0.001"), 8, 8)
SEED = int(os.environ["TEST_SEED"])
_ROW = re.compile(r"\| (buys|sells) (\S+) at (\S+) \| (\S+) \| (\S+) \| (\S+) \| (\S+) \| (\S+) \|")


def deal(lots: int, price_ticks: int, fee: int = 0) -> Deal:
    return Deal(lots, price_ticks * SCALE.tick_lot_units, fee)


def test_the_example_of_the_document() -> None:
    figures, seen = NOTHING, []
    rows = _ROW.findall(DOCUMENT.read_text())
    for verb, quantity, price, *_ in rows:
        lots, ticks = SCALE.quantity_lots(Decimal(quantity)), SCALE.price_ticks(Decimal(price))
        fee = fee_units(lots * ticks * SCALE.tick_lot_units, 1_000)
        figures = figures.after(deal(lots if verb == "buys" else -lots, ticks, fee))
        seen.append(list(told(figures)))

    assert seen == [expected for _, _, _, *expected in rows]
    assert len(rows) == 5
    unrealised = figures.unrealised_units(SCALE.price_ticks(Decimal(99)) * SCALE.tick_lot_units)
    assert (SCALE.quote(unrealised), SCALE.quote(figures.profit_units)) == (1, 1)
    assert plain(SCALE.quote(figures.profit_units + unrealised - figures.fee_units)) == "1.2255"


def told(figures: Figures) -> Iterator[str]:
    cost = SCALE.quote(figures.cost_units)
    yield plain(SCALE.quantity(figures.lots))
    yield plain(cost)
    average = SCALE.average_price_text(cost, SCALE.quantity(abs(figures.lots)))
    assert average is not None
    yield plain(Decimal(average))
    yield plain(SCALE.quote(figures.profit_units))
    yield plain(SCALE.quote(figures.fee_units))


@pytest.mark.parametrize("round_", range(20))
def test_nothing_is_lost_however_a_position_is_built_and_closed(round_: int) -> None:
    rng = random.Random(f"{SEED} {round_}")
    figures, bought, sold, fees = NOTHING, 0, 0, 0
    for _ in range(300):
        one = random_deal(rng, figures)
        figures = figures.after(one)
        bought += max(one.lots, 0) * one.lot_price_units
        sold += max(-one.lots, 0) * one.lot_price_units
        fees += one.fee_units
        price = rng.randint(1, 10**7) * SCALE.tick_lot_units

        profit = figures.profit_units + figures.unrealised_units(price)
        assert profit == sold - bought + figures.lots * price
        assert (figures.bought_units, figures.sold_units, figures.fee_units) == (bought, sold, fees)
        assert figures.bought_lots - figures.sold_lots == figures.lots
        assert figures.cost_units >= 0
        assert bool(figures.cost_units) == bool(figures.lots)


@pytest.mark.parametrize("round_", range(20))
def test_the_average_is_that_of_exact_fractions_but_for_roundings(round_: int) -> None:
    """Each closing rounds by half a unit at most."""
    rng = random.Random(f"{SEED} {round_}")
    figures, lots, average, roundings = NOTHING, 0, Fraction(0), 0
    for _ in range(300):
        one = random_deal(rng, figures)
        figures = figures.after(one)
        price, after = Fraction(one.lot_price_units), lots + one.lots
        if lots * one.lots >= 0:
            average = (abs(lots) * average + abs(one.lots) * price) / abs(after)
        elif lots * after <= 0:
            average, roundings = (price if after else Fraction(0)), 0
        else:
            roundings += 1
        lots = after

        assert figures.lots == lots
        assert abs(figures.cost_units - abs(lots) * average) <= Fraction(roundings, 2)


@pytest.mark.parametrize("round_", range(10))
def test_the_reference_client_counts_the_same(round_: int) -> None:
    rng = random.Random(f"{SEED} {round_}")
    figures, position = NOTHING, Position()
    for _ in range(200):
        ticks, fee = rng.randint(1, 10**7), rng.randint(0, 10**9)
        one = deal(random_lots(rng, figures), ticks, fee)
        figures = figures.after(one)
        position.take(
            {
                "side": "buy" if one.lots > 0 else "sell",
                "price": plain(SCALE.price(ticks), 2),
                "quantity": plain(SCALE.quantity(abs(one.lots)), 3),
                "fee": plain(SCALE.quote(fee), 8),
            }
        )

        assert position.quantity == SCALE.quantity(figures.lots)
        assert position.cost == SCALE.quote(figures.cost_units)
        assert position.realised_profit == SCALE.quote(figures.profit_units)
        assert position.fees == SCALE.quote(figures.fee_units)


def random_deal(rng: random.Random, figures: Figures) -> Deal:
    return deal(random_lots(rng, figures), rng.randint(1, 10**7), rng.randint(0, 10**9))


def random_lots(rng: random.Random, figures: Figures) -> int:
    """Return lots to buy or sell; often just what closes the position."""
    if figures.lots and rng.random() < 0.1:
        return -figures.lots
    return rng.choice([-1, 1]) * rng.choice([1, rng.randint(1, 100), rng.randint(1, 10**9)])
