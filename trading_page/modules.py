"""Which files the trading page loads, and by which names its modules import libraries and those of other folders."""

from pathlib import Path

from django.conf import settings
from django.templatetags.static import static

from base.script_modules import with_imports
from charting.modules import candle_modules
from trading_page.languages import ENGLISH, Language

__all__ = ["FOLDERS", "LIBRARIES", "chart_modules", "import_map", "preloaded_modules"]

# By the name that modules import. htm's binding to preact is one line, which is in html.js.
LIBRARIES = {
    "preact": "preact/preact.mjs",
    "preact/hooks": "preact/hooks/hooks.mjs",
    "@preact/signals": "@preact/signals/signals.mjs",
    "@preact/signals-core": "@preact/signals-core/signals-core.mjs",
    "htm": "htm/htm.mjs",
    "lightweight-charts": "lightweight-charts/lightweight-charts.standalone.production.mjs",
}
# The modules of a folder, by what their names begin with where another room imports them. package.json says the same
# to Node and tsc.
FOLDERS = {"#page/": "trading/", "#streams/": "streams/", "#charting/": "charting/", "#account/": "account/"}
# The texts of a language, under the name by which `texts.js` imports them.
_TEXTS = "#texts"
_ENGLISH_TEXTS = "trading/english.js"
_OWN: Path = (settings.BASE_DIR / "trading_page" / "static").resolve()
_CHART_LIBRARY = "lightweight-charts"


def import_map(language: Language) -> dict[str, dict[str, str]]:
    """Return the import map: where the browser finds each library, each folder and the texts of the page's language."""
    libraries = {name: _library(name) for name in LIBRARIES}
    folders = {name: static(folder) for name, folder in FOLDERS.items()}
    return {"imports": {**libraries, **folders, _TEXTS: _texts(language)}}


def preloaded_modules(language: Language) -> list[str]:
    """Return the addresses of the modules of the first paint: else the browser finds them one import at a time.

    First comes what asks for the markets, because all wait for the answer.
    """
    libraries = [_library(name) for name in LIBRARIES if name != _CHART_LIBRARY]
    opening, own = (map(_address, with_imports(_OWN / "trading" / name)) for name in ("opening.js", "app.js"))
    return list(dict.fromkeys([_texts(language), *opening, *libraries, *own]))


def chart_modules() -> list[str]:
    """Return the addresses of what the chart of candles needs, which comes at once after the first paint."""
    return [_library(_CHART_LIBRARY), *candle_modules()]


def _library(name: str) -> str:
    return static(f"libraries/{LIBRARIES[name]}")


def _texts(language: Language) -> str:
    return static(_ENGLISH_TEXTS) if language == ENGLISH else language.address


def _address(module: Path) -> str:
    return static(module.relative_to(_OWN).as_posix())
