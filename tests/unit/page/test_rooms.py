"""The page's modules are in several rooms: each has one address, and the page can be shown without the others."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[3]
# Which folders a module of each room may import from. The page loads what is in other rooms when it is wanted.
IMPORTS: dict[str, set[str]] = {
    "trading_page": set(),
    "charting": {"#page/", "#streams/"},
    "account_panel": {"#page/", "#streams/"},
}
WAITED_FOR = re.compile(r'^(?:import|\}) (?:.*from )?"([^"]+)";$', re.MULTILINE)
NAMED = re.compile(r'(?:\bfrom|\bimport|\bimport\() ?"([^"]+)"')


def folders() -> dict[str, Path]:
    """Return where the folders are, by what the names of their modules begin with."""
    names: dict[str, str] = json.loads((PROJECT / "package.json").read_text())["imports"]
    return {name.rstrip("*"): PROJECT / path.rstrip("*") for name, path in names.items() if name.endswith("*")}


def names(room: str, pattern: re.Pattern[str]) -> Iterator[tuple[Path, str]]:
    """Yield each module of a room with the names that it imports."""
    for path in sorted((PROJECT / room / "static").rglob("*.js")):
        yield from ((path, name) for name in pattern.findall(path.read_text()))


def elsewhere(room: str, pattern: re.Pattern[str]) -> Iterator[tuple[Path, str, str]]:
    """Yield each module of a room with the folders and files that it imports from other rooms."""
    for path, name in names(room, pattern):
        folder, slash, file = name.partition("/")
        if folder + slash in folders():
            yield path, folder + slash, file


def is_file_in(folder: Path, path: Path) -> bool:
    return path.is_relative_to(folder) and path.is_file()


@pytest.mark.parametrize("room", IMPORTS)
def test_a_module_names_those_of_its_own_room_by_their_place_and_no_others(room: str) -> None:
    static = PROJECT / room / "static"
    own = {folder for folder, path in folders().items() if path.is_relative_to(static)}

    lost = [
        (path.name, name)
        for path, name in names(room, NAMED)
        if name.startswith(".") and not is_file_in(static, (path.parent / name).resolve())
    ]
    assert lost == []
    assert own
    assert [(path.name, file) for path, folder, file in elsewhere(room, NAMED) if folder in own] == []


@pytest.mark.parametrize("room", IMPORTS)
def test_no_module_waits_for_a_room_that_it_does_not_stand_on(room: str) -> None:
    wrong = [
        (path.name, folder + file) for path, folder, file in elsewhere(room, WAITED_FOR) if folder not in IMPORTS[room]
    ]

    assert wrong == []
    assert bool(IMPORTS[room]) == any(elsewhere(room, WAITED_FOR))


@pytest.mark.parametrize("room", IMPORTS)
def test_what_is_named_in_another_room_is_there(room: str) -> None:
    found = list(elsewhere(room, NAMED))

    assert found
    assert [
        (path.name, folder + file) for path, folder, file in found if not (folders()[folder] / file).is_file()
    ] == []
