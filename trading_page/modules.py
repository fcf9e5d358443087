"""Which files the trading page loads: its own modules, and by which names these import the libraries."""

import re
from functools import cache
from pathlib import Path

from django.conf import settings
from django.templatetags.static import static

from trading_page.languages import ENGLISH, Language

__all__ = ["LIBRARIES", "chart_modules", "import_map", "preloaded_modules"]

# By the name that modules import. htm's binding to preact is one line, which is in html.js.
LIBRARIES = {
    "preact": "preact/preact.mjs",
    "preact/hooks": "preact/hooks/hooks.mjs",
    "@preact/signals": "@preact/signals/signals.mjs",
    "@preact/signals-core": "@preact/signals-core/signals-core.mjs",
    "htm": "htm/htm.mjs",
    "lightweight-charts": "lightweight-charts/lightweight-charts.standalone.production.mjs",
}
# The texts of a language, under the name by which `texts.js` imports them.
_TEXTS = "#texts"
_ENGLISH_TEXTS = "trading/english.js"
_OWN: Path = settings.BASE_DIR / "trading_page" / "static"
_CHART_LIBRARY = "lightweight-charts"
_CHART = _OWN / "trading" / "charting" / "candles.js"
_NEIGHBOUR = re.compile(r'^(?:import|\}) .*from "\./([\w.]+)";$', re.MULTILINE)


def import_map(language: Language) -> dict[str, dict[str, str]]:
    """Return the import map: where the browser finds each library, and the texts of the page's language."""
    texts = static(_ENGLISH_TEXTS) if language == ENGLISH else language.address
    return {"imports": {**{name: _library(name) for name in LIBRARIES}, _TEXTS: texts}}


@cache
def preloaded_modules(language: Language) -> list[str]:
    """Return the addresses of the modules of the first paint: else the browser finds them one import at a time.

    Those in subfolders are loaded when they are wanted.
    """
    unloaded = ("early.js", Path(_ENGLISH_TEXTS).name)
    own = sorted(path for path in _OWN.glob("*/*.js") if path.name not in unloaded)
    named = [address for name, address in import_map(language)["imports"].items() if name != _CHART_LIBRARY]
    return [*named, *map(_address, own)]


@cache
def chart_modules() -> list[str]:
    """Return the addresses of what the chart of candles needs, which comes at once after the first paint."""
    found, waiting = {_CHART}, [_CHART]
    while waiting:
        imported = {_CHART.with_name(name) for name in _NEIGHBOUR.findall(waiting.pop().read_text())}
        waiting += imported - found
        found |= imported
    return [_library(_CHART_LIBRARY), *map(_address, sorted(found))]


def _library(name: str) -> str:
    return static(f"libraries/{LIBRARIES[name]}")


def _address(module: Path) -> str:
    return static(module.relative_to(_OWN).as_posix())
