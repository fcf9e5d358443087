"""Which modules draw the candles: what the page fetches behind its first paint."""

from pathlib import Path

from django.conf import settings
from django.templatetags.static import static

from base.script_modules import with_imports

__all__ = ["candle_modules"]

_FOLDER: Path = settings.BASE_DIR / "charting" / "static" / "charting"


def candle_modules() -> list[str]:
    """Return the addresses of what the chart of candles needs; what it may want later is not among them."""
    return [static(f"charting/{module.name}") for module in with_imports(_FOLDER / "candles.js")]
