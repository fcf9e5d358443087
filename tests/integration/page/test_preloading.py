"""What the page loads before its first paint, what right after it, and where the browser finds what is named."""

import json
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders

from trading_page.languages import LANGUAGES, Language
from trading_page.modules import FOLDERS, chart_modules, preloaded_modules


@pytest.mark.parametrize("language", LANGUAGES.values(), ids=LANGUAGES)
def test_the_first_paint_does_not_wait_for_what_draws_the_chart(language: Language) -> None:
    first, chart = preloaded_modules(language), chart_modules()

    assert set(first) & set(chart) == set()
    assert [address for address in first if "charting/" in address or "lightweight-charts" in address] == []


def test_the_chart_is_loaded_at_once_with_all_that_it_imports_and_nothing_that_it_may_want_later() -> None:
    names = {address.rsplit("/", 1)[1] for address in chart_modules()}

    assert {"candles.js", "view.js", "drawings.js", "lightweight-charts.standalone.production.mjs"} <= names
    assert {"plots.js", "formulas.js", "handles.js", "sketches.js", "menu.js", "depth.js"} & names == set()


def test_the_browser_and_node_find_a_folder_at_the_same_place() -> None:
    named: dict[str, str] = json.loads((settings.BASE_DIR / "package.json").read_text())["imports"]

    served = {f"{name}*": Path(str(finders.find(folder))) for name, folder in FOLDERS.items()}
    assert served == {name: settings.BASE_DIR / path.rstrip("*") for name, path in named.items() if name.endswith("*")}
