"""Style sheets name the sides of the text, not of the screen, so that a page can be mirrored."""

import re
from pathlib import Path

PROJECT = Path(__file__).parents[3]
SHEETS = [path for path in sorted(PROJECT.glob("*/static/**/*.css")) if path.parent.name != "backoffice"]
SIDES = re.compile(
    r"(?:(?:margin|padding|border)-(?:left|right)\b[\w-]*|(?<![\w-])(?:left|right)|float|text-align: (?:left|right))"
    r"(?=:| *;)"
)


def test_no_rule_names_a_side_of_the_screen() -> None:
    found = {
        f"{path.name}:{number}": line.strip()
        for path in SHEETS
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if SIDES.search(line) and not line.strip().startswith("--")
    }

    assert {"layout.css", "chart.css", "account.css"} <= {path.name for path in SHEETS}
    assert found == {}


def test_each_kind_of_side_would_be_found() -> None:
    wrong = ["left: 0;", "  margin-right: 4px;", "border-left-color: red;", "text-align: right;", "float: none;"]
    right = ["inset-inline-start: 0;", "margin-inline-end: 4px;", "text-align: center;", "--end: left;"]

    assert [bool(SIDES.search(line)) for line in wrong] == [True] * len(wrong)
    assert [line for line in right if SIDES.search(line) and not line.startswith("--")] == []
