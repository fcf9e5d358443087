"""No JavaScript is taken out of the checks of eslint and tsc without a reason, and no line is endless."""

import re
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[3]
FOLDERS = ["*/static", "examples", "tests"]
# What silences one of them; a reason has to stand behind ` -- ` on the same line.
SILENCES = re.compile(r"eslint-disable|@ts-(?:expect-error|ignore)")
HAS_REASON = re.compile(r" -- \w")
# What takes a whole file or a value out of the check of types.
LEAVES_OUT = re.compile(r"@ts-nocheck|[{<]any\b|\bany\[\]")
LINE_MAX = 120  # prettier breaks code at 100, but neither comments nor long texts


def javascript_files() -> list[Path]:
    return sorted(
        path
        for folder in FOLDERS
        for root in PROJECT.glob(folder)
        for path in root.rglob("*")
        if path.suffix in {".js", ".mjs", ".ts"}
    )


def test_what_is_silenced_has_a_reason_and_nothing_is_left_out() -> None:
    wrong = [
        f"{path.relative_to(PROJECT)}:{number}"
        for path in javascript_files()
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if LEAVES_OUT.search(line) or (SILENCES.search(line) and not HAS_REASON.search(line))
    ]

    assert len(javascript_files()) > 40
    assert wrong == []


def test_no_line_is_longer_than_the_limit() -> None:
    too_long = [
        f"{path.relative_to(PROJECT)}:{number}"
        for path in javascript_files()
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if len(line) > LINE_MAX
    ]

    assert too_long == []
