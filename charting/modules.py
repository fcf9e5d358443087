"""Which modules draw the candles: what the page fetches behind its first paint."""

import re
from functools import cache
from pathlib import Path

from django.conf import settings
from django.templatetags.static import static

__all__ = ["candle_modules"]

_FOLDER: Path = settings.BASE_DIR / "charting" / "static" / "charting"
_NEIGHBOUR = re.compile(r'^(?:import|\}) .*from "\./([\w.]+)";$', re.MULTILINE)


@cache
def candle_modules() -> list[str]:
    """Return the addresses of what the chart of candles needs; what it may want later is not among them."""
    found, waiting = {"candles.js"}, ["candles.js"]
    while waiting:
        imported = {*_NEIGHBOUR.findall((_FOLDER / waiting.pop()).read_text())}
        waiting += imported - found
        found |= imported
    return [static(f"charting/{name}") for name in sorted(found)]
