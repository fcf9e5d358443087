"""What the page loads before its first paint, and what right after it."""

from trading_page.languages import LANGUAGES
from trading_page.modules import chart_modules, preloaded_modules


def test_the_first_paint_does_not_wait_for_what_draws_the_chart() -> None:
    first, chart = preloaded_modules(LANGUAGES["en"]), chart_modules()

    assert set(first) & set(chart) == set()
    assert [address for address in first if "charting/" in address or "lightweight-charts" in address] == []


def test_the_chart_is_loaded_at_once_with_all_that_it_imports_and_nothing_that_it_may_want_later() -> None:
    names = {address.rsplit("/", 1)[1] for address in chart_modules()}

    assert {"candles.js", "view.js", "drawings.js", "lightweight-charts.standalone.production.mjs"} <= names
    assert {"plots.js", "formulas.js", "handles.js", "sketches.js", "menu.js", "depth.js"} & names == set()
