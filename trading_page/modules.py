"""Which files the trading page loads: its own modules, and by which names these import the libraries."""

from functools import cache

from django.conf import settings
from django.templatetags.static import static

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
_LATER = {"lightweight-charts"}
_OWN = settings.BASE_DIR / "trading_page" / "static"


def import_map() -> dict[str, dict[str, str]]:
    """Return the import map: where the browser finds each library."""
    return {"imports": {name: static(f"libraries/{path}") for name, path in LIBRARIES.items()}}


@cache
def preloaded_modules() -> list[str]:
    """Return the addresses of the modules of the first paint: else the browser finds them one import at a time.

    Those in subfolders, and what only they import, are loaded when they are wanted.
    """
    own = sorted(path.relative_to(_OWN).as_posix() for path in _OWN.glob("*/*.js"))
    libraries = [path for name, path in import_map()["imports"].items() if name not in _LATER]
    return [*libraries, *(static(path) for path in own if not path.endswith("early.js"))]
