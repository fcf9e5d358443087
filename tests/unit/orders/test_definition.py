"""An order is defined once: its fields, their columns and their names stand in one place each."""

import ast
import dataclasses
import re
from decimal import Decimal
from pathlib import Path
from typing import get_args

from base.scaling import MarketScale
from matching import messages
from matching.engine import Command, PlaceOrder, RestoredOrder, RestoredSpecial, Side
from orders.models import Order
from orders.rows import EXTRA_FIELDS, ORDER_FIELDS, OrderExtras, OrderRow, TradeRow
from tests.unit.test_architecture import PROJECT, ROOMS, python_files

# The files that name one field: the engine's instruction and rule, model and row, what REST takes, checks and shows of
# it, the ticket, and how it is told in words. Whoever adds a field adds it to no more.
FIELD = "reprice"
FILES_MAX = 10

# Built by keyword: a swapped pair of numbers in them is another order. Where it is done for every order it may be by
# position, in the one module that says so.
BUILT_BY_KEYWORD = {
    kind.__name__
    for kind in (
        *get_args(Command),
        *get_args(messages.ClientRequest),
        messages.GroupOrder,
        OrderRow,
        OrderExtras,
        RestoredOrder,
        RestoredSpecial,
    )
} | {"LiveOrder"}
BY_POSITION = {("orders/requests.py", PlaceOrder.__name__)}
# What has one field but the time, or stands for another tuple as a whole, cannot be mixed up.
POSITIONS_MAX = 1


SCALE = MarketScale(Decimal("0.01"), Decimal("0.001"), 8, 8)


def product_files() -> list[Path]:
    return python_files(*ROOMS)


def test_a_field_of_an_order_is_named_in_few_files() -> None:
    named = [path for path in product_files() if re.search(rf"\b{FIELD}\b", path.read_text())]

    assert len(named) <= FILES_MAX, [str(path.relative_to(PROJECT)) for path in named]


def test_every_column_of_the_model_is_a_field_of_the_row() -> None:
    columns = [column.name for _, column in (*ORDER_FIELDS, *EXTRA_FIELDS)]

    assert sorted(columns) == sorted(str(field.column) for field in Order._meta.concrete_fields)


def test_every_field_of_the_row_has_a_column() -> None:
    fields = [field.name for field in dataclasses.fields(OrderRow)]

    assert set(fields) - {name for name, _ in ORDER_FIELDS} == {"extras"}
    assert [name for name, _ in EXTRA_FIELDS] == list(OrderExtras._fields)


def test_an_order_without_extras_is_what_the_model_is_by_default() -> None:
    plain, shown = Order(), OrderExtras()
    values = {column.name: column.load(SCALE, Side.BUY)(getattr(shown, name)) for name, column in EXTRA_FIELDS}

    assert values == {name: getattr(plain, name) for name in values}


def positional_calls(path: Path) -> list[str]:
    name = str(path.relative_to(PROJECT))
    return [
        f"{name}:{node.lineno} {called}"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and (called := getattr(node.func, "id", getattr(node.func, "attr", ""))) in BUILT_BY_KEYWORD
        and len(node.args) > POSITIONS_MAX
        and (name, called) not in BY_POSITION
    ]


def test_commands_requests_and_rows_are_built_by_keyword() -> None:
    assert [call for path in product_files() for call in positional_calls(path)] == []


def test_rows_of_trades_are_built_by_keyword_but_where_trades_are_recorded() -> None:
    """Each fill of each order makes one; `journal.recorder` is that one module for trades."""
    calls = [
        str(path.relative_to(PROJECT))
        for path in product_files()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == TradeRow.__name__ and node.args
    ]

    assert set(calls) <= {"journal/recorder.py"}
