"""Hold the documents: their width, where their links lead, what they name, and the pictures they show."""

import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from scripts.diagrams import FOLDER, pictures

pytestmark = pytest.mark.xdist_group("documents")  # the project's files are listed once

PROJECT: Final = Path(__file__).resolve().parents[2]
DOCUMENTS: Final = sorted([*PROJECT.glob("*.md"), *PROJECT.glob("docs/**/*.md")])
DECISIONS: Final = PROJECT / "docs" / "decisions"
WIDTH: Final = 100
CELL_WIDTH: Final = 160  # what is longer is prose, and belongs under a heading
SECTIONS: Final = ["Context", "Decision", "Why not the alternatives", "Consequences"]

_LINK: Final = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_CODE: Final = re.compile(r"`([^`]+)`")
_MARKER: Final = re.compile(r"\s*(?:[-*]|\d+\.)? *")
_FOLDER: Final = re.compile(r"[a-z_]+(?:/[\w-]+)*/")
_FILE: Final = re.compile(r"(?:[\w.-]+/)*[\w-]+\.(?:py|js|mjs|md|html|css|toml|yml|svg|cfg)")
MADE_WHEN_NEEDED: Final = {"node_modules/", "tests/browser/screenshots/", "var/", "var/coverage/"}

DJANGO_COMMANDS: Final = {"makemigrations", "migrate", "sqlmigrate"}

by_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(PROJECT)))


def lines_of(document: Path) -> Iterator[tuple[int, str]]:
    """Yield number and text of the lines that are no code."""
    is_code = False
    for number, line in enumerate(document.read_text().splitlines(), start=1):
        if line.lstrip().startswith("```"):
            is_code = not is_code
        elif not is_code:
            yield number, line


def can_be_broken(line: str) -> bool:
    return " " in line[_MARKER.match(line).end() :].strip()  # type: ignore[union-attr]  # it matches nothing, too


def anchors(document: Path) -> set[str]:
    """Return the anchors of the headings, as GitHub makes them."""
    found: set[str] = set()
    for _, line in lines_of(document):
        if heading := re.fullmatch(r"#+ (.+)", line):
            slug = re.sub(r"[^\w\- ]", "", heading[1].lower()).replace(" ", "-")
            found.add(slug if slug not in found else f"{slug}-1")
    return found


@by_document
def test_prose_wraps(document: Path) -> None:
    wide = [
        f"{number}: {len(line)} columns"
        for number, line in lines_of(document)
        if len(line) > WIDTH and not line.startswith("|") and can_be_broken(line)
    ]

    assert wide == []


@by_document
def test_no_cell_of_a_table_is_an_essay(document: Path) -> None:
    essays = [
        f"{number}: {cell.strip()[:60]}..."
        for number, line in lines_of(document)
        if line.startswith("|")
        for cell in line.split("|")
        if len(cell.strip()) > CELL_WIDTH
    ]

    assert essays == []


def test_the_comments_of_the_settings_wrap() -> None:
    lines = (PROJECT / ".env.example").read_text().splitlines()

    assert [line for line in lines if len(line) > WIDTH] == []


@by_document
def test_links_lead_somewhere(document: Path) -> None:
    lost = []
    for number, line in lines_of(document):
        for link in _LINK.findall(line):
            if re.match(r"[a-z]+:", link):
                continue
            path, _, anchor = link.partition("#")
            target = (document.parent / path).resolve() if path else document
            if not target.exists() or (anchor and anchor not in anchors(target)):
                lost.append(f"{number}: {link}")

    assert lost == []


@by_document
def test_files_and_folders_that_are_named_exist(document: Path) -> None:
    names = names_of_files()
    lost = [
        f"{number}: {named}"
        for number, line in lines_of(document)
        for named in _CODE.findall(line)
        if named not in MADE_WHEN_NEEDED and is_lost(named, names)
    ]

    assert lost == []


@functools.cache
def names_of_files() -> frozenset[str]:
    return frozenset(path.name for path in tracked_files())


def is_lost(named: str, names: frozenset[str]) -> bool:
    """Tell whether a text looks like a file or folder of the project and is none. `names` are those of all files."""
    if _FOLDER.fullmatch(named):
        return not (PROJECT / named).is_dir()
    if _FILE.fullmatch(named):
        return not (PROJECT / named).is_file() if "/" in named else named not in names
    return False


def tracked_files() -> Iterator[Path]:
    """Yield the files of the project, without what is installed and what runs left behind."""
    for top in PROJECT.iterdir():
        if top.is_file():
            yield top
        elif not top.name.startswith(".") and top.name not in {"var", "node_modules"}:
            yield from (path for path in top.rglob("*") if path.suffix != ".pyc" and path.is_file())


@by_document
def test_targets_of_make_that_are_named_exist(document: Path) -> None:
    known = set(re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"`(?:[A-Z_]+=\S+ )*make ([a-z][a-z-]*)", document.read_text()))

    assert named - known == set()


@by_document
def test_management_commands_that_are_named_exist(document: Path) -> None:
    named = set(re.findall(r"\bmanage\.py ([a-z]\w+)", document.read_text()))

    assert named - own_commands() - DJANGO_COMMANDS == set()


@functools.cache
def own_commands() -> frozenset[str]:
    return frozenset(path.stem for path in PROJECT.glob("*/management/commands/*.py"))


@pytest.mark.parametrize("name", sorted(pictures()))
def test_a_picture_is_what_the_command_draws(name: str) -> None:
    assert (FOLDER / name).read_text() == pictures()[name], "`make diagrams` draws it anew"


def test_the_tables_of_the_glossary_are_sorted_and_define_a_word_once() -> None:
    tables = (PROJECT / "docs" / "glossary.md").read_text().split("\n## ")[1:]
    words = [[word.lower() for word in re.findall(r"^\| \*\*(.+?)\*\* \|", table, re.MULTILINE)] for table in tables]
    every = [word for table in words for word in table]

    assert words == [sorted(table) for table in words]
    assert len(every) == len(set(every)) > 0


def decisions() -> list[Path]:
    return sorted(path for path in DECISIONS.glob("*.md") if path.name != "README.md")


def test_the_index_has_each_decision_once_and_under_its_title() -> None:
    index = " ".join((DECISIONS / "README.md").read_text().split())
    entries = re.findall(r"- \[(\d{4})\]\((\d{4}-[\w-]+\.md)\) (.+?)(?= - \[| ##|$)", index)
    titles = [(path.name, path.read_text().partition("\n")[0]) for path in decisions()]

    assert sorted((name, f"# {number}. {title}") for number, name, title in entries) == titles


def test_decisions_are_numbered_without_a_gap() -> None:
    assert [int(path.name[:4]) for path in decisions()] == list(range(1, len(decisions()) + 1))


@pytest.mark.parametrize("decision", decisions(), ids=lambda path: path.name[:4])
def test_a_decision_says_all_that_it_must(decision: Path) -> None:
    text = decision.read_text()

    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == SECTIONS
    assert re.search(r"^Status: (accepted|superseded by \[.+\]\(.+\))\. Since: \d{4}-\d\d-\d\d \(.+\)\.$", text, re.M)
