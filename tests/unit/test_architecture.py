"""Hold the structure: imports go down only, functions and files stay small."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
APPS = {"config", "demo", "marketdata", "orders", "settlement", "exchange", "matching"}

# What each app may import of the others. `matching/engine` has a rule of its own.
MAY_IMPORT = {
    "exchange": set(),
    "matching": {"exchange"},
    "settlement": {"exchange"},
    "orders": {"settlement", "exchange", "matching"},
    "marketdata": {"orders", "settlement", "exchange", "matching"},
    "demo": {"orders", "settlement", "exchange"},
    "config": APPS,
}
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


def imported_modules(path: Path) -> Iterator[tuple[int, str]]:
    """Yield line and dotted name of all imports, also those inside functions."""
    package = list(path.relative_to(PROJECT).parent.parts)
    for node in ast.walk(ast.parse(path.read_text(), str(path))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            origin = ".".join([*above, *([node.module] if node.module else [])])
            yield node.lineno, origin
            if origin == "matching":
                yield from ((node.lineno, f"matching.{alias.name}") for alias in node.names)


def place(path: Path, line: int) -> str:
    return f"{path.relative_to(PROJECT)}:{line}"


@pytest.mark.parametrize("app", sorted(MAY_IMPORT))
def test_imports_between_apps_go_down_only(app: str) -> None:
    wrong = [
        f"{place(path, line)} imports {module}"
        for path in python_files(app)
        for line, module in imported_modules(path)
        if (origin := module.partition(".")[0]) in APPS and origin != app and origin not in MAY_IMPORT[app]
    ]

    assert wrong == []


def test_no_app_imports_tests_or_benchmarks() -> None:
    wrong = [
        f"{place(path, line)} imports {module}"
        for path in python_files(*APPS)
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
        for path in python_files(*APPS, "tests", "benchmarks", "scripts")
        for node in ast.walk(ast.parse(path.read_text(), str(path)))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or node.lineno) - node.lineno + 1) > FUNCTION_LINES_MAX
    ]

    assert too_long == []


def test_no_file_is_longer_than_the_limit() -> None:
    limits = dict.fromkeys([*APPS, "benchmarks", "scripts"], FILE_LINES_MAX) | {"tests": TEST_FILE_LINES_MAX}

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
