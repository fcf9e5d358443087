"""The order form offers what the exchange takes: `static/trading/ticket.js` against `orders/api/`."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from rest_framework.serializers import ChoiceField, Serializer

from orders.api.inputs import BracketInput, OcoInput, OrderInput
from orders.api.rules import TYPES
from tests.node import node_program

TICKET = Path(__file__).parents[3] / "trading_page/static/trading/ticket.js"
SCRIPT = f"""
    const {{ TYPES, OPTIONAL, TIMES, PREVENTIONS }} = await import({json.dumps(TICKET.as_uri())});
    console.log(JSON.stringify({{ TYPES, OPTIONAL: [...OPTIONAL], TIMES, PREVENTIONS }}));
"""
# Every order has a size; the form asks for it apart from the fields of its type.
SIZES = {"quantity", "quote_quantity"}
# One field of the form, with a choice of its unit.
TRAILING = {"trailing_amount", "trailing_percent"}
# What trades at market once it is triggered: the form asks only how long it waits.
ASKED_HOW_LONG_THEY_WAIT = {"stop", "take_profit", "trailing_stop"}


@pytest.fixture(scope="module")
def page() -> dict[str, Any]:
    """Return the tables of the form."""
    command = [node_program(), "--input-type=module", "--eval", SCRIPT]
    finished = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert finished.returncode == 0, finished.stderr
    tables: dict[str, Any] = json.loads(finished.stdout)
    return tables


def test_the_form_has_every_type_and_both_groups(page: dict[str, Any]) -> None:
    assert page["TYPES"].keys() == {*TYPES, "oco", "bracket"}


@pytest.mark.parametrize("order_type", TYPES)
def test_a_type_has_the_fields_that_the_exchange_asks_for(page: dict[str, Any], order_type: str) -> None:
    rule = TYPES[order_type]

    fields = set(page["TYPES"][order_type]["fields"])

    asked = fields - {"trailing"} | (TRAILING if "trailing" in fields else set())
    assert asked == {*rule.needs, *rule.one_of} - SIZES
    assert page["TYPES"][order_type]["options"] == list(rule.allows)


@pytest.mark.parametrize("order_type", TYPES)
def test_a_type_has_the_times_of_the_exchange_or_those_that_say_how_long_it_waits(
    page: dict[str, Any], order_type: str
) -> None:
    taken = TYPES[order_type].times_in_force

    offered = page["TYPES"][order_type]["times"]

    assert set(offered) == ({"gtc", "gtd"} if order_type in ASKED_HOW_LONG_THEY_WAIT else set(taken))
    assert set(offered) <= set(taken)
    assert offered[0] == taken[0]  # the default of both


def test_groups_have_the_fields_and_times_of_the_exchange(page: dict[str, Any]) -> None:
    oco, bracket = page["TYPES"]["oco"], page["TYPES"]["bracket"]

    assert set(oco["fields"]) == set(prices_of(OcoInput()))
    assert oco["times"] == choices(OcoInput(), "time_in_force")
    assert set(bracket["fields"]) == set(prices_of(BracketInput()))
    assert bracket["times"] == list(TYPES["limit"].times_in_force)


def test_the_words_are_those_of_the_exchange(page: dict[str, Any]) -> None:
    assert page["TIMES"].keys() == set(choices(OrderInput(), "time_in_force"))
    assert page["PREVENTIONS"].keys() == set(choices(OrderInput(), "self_trade_prevention"))


def choices(serializer: Serializer[Any], name: str) -> list[str]:
    field = serializer.fields[name]
    assert isinstance(field, ChoiceField)
    return list(field.choices)


def prices_of(serializer: Serializer[Any], outer: str = "") -> list[str]:
    """Return the names of all prices, those of the parts as `part.name`."""
    found: list[str] = []
    for name, field in serializer.fields.items():
        if isinstance(field, Serializer):
            found += prices_of(field, f"{name}.")
        elif name.endswith("price"):
            found.append(outer + name)
    return found
