"""Hold the structure: imports go down only, nothing goes in circles, rooms, files and functions stay small."""

import ast
import functools
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

pytestmark = pytest.mark.xdist_group("architecture")  # each module is parsed once

PROJECT = Path(__file__).resolve().parents[2]
# What each room may import of the others. `matching/engine` has a rule of its own.
ROOMS: dict[str, list[str]] = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["trade-engine"]["rooms"]
LAUNCHER = "config.embedded"
ROOM_SHARE_MAX = 0.20
COUNTED = {".py", ".js", ".css", ".html"}
CLOCKS_CHANCE_AND_IO = {"asyncio", "datetime", "logging", "os", "random", "secrets", "socket", "time", "uuid"}

FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 600
TEST_FILE_LINES_MAX = 800


def python_files(*folders: str) -> list[Path]:
    return sorted(
        path
        for folder in folders
        for path in (PROJECT / folder).rglob("*.py")
        if "migrations" not in path.relative_to(PROJECT).parts
    )


@functools.cache
def nodes_of(path: Path) -> list[ast.AST]:
    """Return everything that a module consists of; many rules ask."""
    return list(ast.walk(ast.parse(path.read_text(), str(path))))


def imported_modules(path: Path) -> Iterator[tuple[int, str]]:
    """Yield line and dotted name of all imported modules, also of imports inside functions and for types."""
    package = list(path.relative_to(PROJECT).parent.parts)
    for node in nodes_of(path):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            origin = ".".join([*above, *([node.module] if node.module else [])])
            yield from sorted({(node.lineno, named_module(origin, alias.name)) for alias in node.names})


def named_module(origin: str, name: str) -> str:
    """Return the module that `from origin import name` leads to: the name, if it is one, or its origin."""
    path = PROJECT.joinpath(*origin.split("."), name)
    return f"{origin}.{name}" if path.with_suffix(".py").is_file() or path.is_dir() else origin


def place(path: Path, line: int) -> str:
    return f"{path.relative_to(PROJECT)}:{line}"


def module_name(path: Path) -> str:
    parts = path.relative_to(PROJECT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@functools.cache
def import_graph() -> dict[str, set[str]]:
    """Return which module of the product imports which others, for types and inside functions as well."""
    modules = {module_name(path): path for path in python_files(*ROOMS)}
    return {
        name: {module for _, module in imported_modules(path) if module in modules and module != name}
        for name, path in modules.items()
    }


def circle_in(graph: Mapping[str, Iterable[str]]) -> list[str]:
    """Return the modules of one circle, or nothing."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def packages_of(graph: Mapping[str, Iterable[str]], room: str) -> dict[str, set[str]]:
    """Return which part of a room, module or package, imports which others."""
    parts: dict[str, set[str]] = {}
    for name, imported in graph.items():
        if name.startswith(f"{room}."):
            part = name.split(".")[1]
            within = {module.split(".")[1] for module in imported if module.startswith(f"{room}.")}
            parts.setdefault(part, set()).update(within - {part})
    return parts


@pytest.mark.parametrize("room", ROOMS)
def test_imports_between_rooms_go_down_only(room: str) -> None:
    wrong = [
        f"{place(path, line)} imports {module}"
        for path in python_files(room)
        for line, module in imported_modules(path)
        if (origin := module.partition(".")[0]) in ROOMS and origin != room and origin not in ROOMS[room]
    ]

    assert wrong == []


def test_each_room_stands_on_those_before_it() -> None:
    order = list(ROOMS)

    assert [(room, below) for room in order for below in ROOMS[room] if order.index(below) >= order.index(room)] == []


def test_no_module_imports_itself_by_way_of_others() -> None:
    assert circle_in(import_graph()) == []


@pytest.mark.parametrize("room", ROOMS)
def test_the_parts_of_a_room_import_each_other_in_one_direction(room: str) -> None:
    assert circle_in(packages_of(import_graph(), room)) == []


def test_no_room_is_larger_than_a_fifth_of_the_product() -> None:
    lines = {
        room: sum(
            len(path.read_text().splitlines())
            for path in (PROJECT / room).rglob("*")
            if path.suffix in COUNTED and "migrations" not in path.parts
        )
        for room in ROOMS
    }
    product = sum(lines.values())

    assert {room: count for room, count in lines.items() if count > ROOM_SHARE_MAX * product} == {}


def test_every_folder_with_code_is_a_room_or_none_of_the_product() -> None:
    others = {"tests", "benchmarks", "scripts", "docs", "deploy", "examples", "templates"}
    folders = {path.parent.relative_to(PROJECT).parts[0] for path in PROJECT.glob("*/*.py")}

    assert {name for name in folders if not name.startswith(".")} - others == set(ROOMS)


def test_production_does_not_import_the_one_machine_launcher() -> None:
    wrong = [
        f"{place(path, line)} imports {module}"
        for path in python_files(*ROOMS)
        for line, module in imported_modules(path)
        if module.startswith(LAUNCHER) and not module_name(path).startswith(LAUNCHER)
    ]

    assert wrong == []


def test_no_room_imports_tests_or_benchmarks() -> None:
    wrong = [
        f"{place(path, line)} imports {module}"
        for path in python_files(*ROOMS)
        for line, module in imported_modules(path)
        if module.partition(".")[0] in {"tests", "benchmarks", "scripts"}
    ]

    assert wrong == []


def test_the_engine_imports_only_the_standard_library_sortedcontainers_and_itself() -> None:
    wrong = [
        f"{place(path, line)} imports {module}"
        for path in python_files("matching/engine")
        for line, module in imported_modules(path)
        if not module.startswith("matching.engine")
        and module.partition(".")[0] not in {*sys.stdlib_module_names, "sortedcontainers"}
    ]

    assert wrong == []


@pytest.mark.parametrize("forbidden", sorted(CLOCKS_CHANCE_AND_IO))
def test_the_engine_has_no_clock_no_chance_and_no_input_or_output(forbidden: str) -> None:
    wrong = [
        place(path, line)
        for path in python_files("matching/engine")
        for line, module in imported_modules(path)
        if module.partition(".")[0] == forbidden
    ]

    assert wrong == []


def test_no_function_is_longer_than_the_limit() -> None:
    too_long = [
        f"{place(path, node.lineno)} {node.name}: {length} lines"
        for path in python_files(*ROOMS, "tests", "benchmarks", "scripts")
        for node in nodes_of(path)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or node.lineno) - node.lineno + 1) > FUNCTION_LINES_MAX
    ]

    assert too_long == []


def test_no_file_is_longer_than_the_limit() -> None:
    limits = dict.fromkeys([*ROOMS, "benchmarks", "scripts"], FILE_LINES_MAX) | {"tests": TEST_FILE_LINES_MAX}

    too_long = [
        f"{path.relative_to(PROJECT)}: {length} lines"
        for folder, limit in limits.items()
        for path in python_files(folder)
        if (length := len(path.read_text().splitlines())) > limit
    ]

    assert too_long == []


def test_the_rules_see_an_import_inside_a_function_and_a_relative_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules[__name__], "PROJECT", tmp_path)
    (tmp_path / "exchange").mkdir()
    module = tmp_path / "exchange" / "ids.py"
    module.write_text("def late():\n    from orders.models import Order\n    from . import errors\n    import time\n")

    assert list(imported_modules(module)) == [(2, "orders.models"), (3, "exchange"), (4, "time")]


IGNORED = "# type: " + "ignore"
UNFORMATTED = "# fmt: " + "skip"


def test_what_is_hidden_from_mypy_says_why() -> None:
    silent = [
        place(path, number)
        for path in python_files(*ROOMS, "tests", "benchmarks", "scripts", "examples")
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if IGNORED in line and not re.search(rf"{IGNORED}\[[a-z, -]+\]  # \w", line)
    ]

    assert silent == []


def test_the_formatter_lays_out_every_line_of_the_product() -> None:
    assert [str(path) for path in python_files(*ROOMS) if UNFORMATTED in path.read_text()] == []
