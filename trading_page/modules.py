"""Which files the trading page loads: its own modules, and by which names these import the libraries."""

from functools import cache

from django.conf import settings
from django.templatetags.static import static

from trading_page.languages import ENGLISH, Language

__all__ = ["LIBRARIES", "import_map", "preloaded_modules"]

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
_OWN = settings.BASE_DIR / "trading_page" / "static"


def import_map(language: Language) -> dict[str, dict[str, str]]:
    """Return the import map: where the browser finds each library, and the texts of the page's language."""
    libraries = {name: static(f"libraries/{path}") for name, path in LIBRARIES.items()}
    return {"imports": {**libraries, _TEXTS: static(_ENGLISH_TEXTS) if language == ENGLISH else language.address}}


@cache
def preloaded_modules(language: Language) -> list[str]:
    """Return the addresses of all modules, so that the browser need not find them one import at a time."""
    own = sorted(path.relative_to(_OWN).as_posix() for path in _OWN.glob("*/*.js"))
    unloaded = ("trading/early.js", _ENGLISH_TEXTS)
    return [*import_map(language)["imports"].values(), *(static(path) for path in own if path not in unloaded)]
