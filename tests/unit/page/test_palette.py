"""The palette keeps WCAG AA in both themes: 4.5 for text, 3 for the lines of fields and the ring of the focus."""

import re
from pathlib import Path

import pytest

PALETTE = Path(__file__).parents[3] / "trading_page/static/trading/palette.css"
TEXTS = [
    *[(text, ground) for text in ("text", "muted", "up", "down", "accent") for ground in ("panel", "raised")],
    ("text", "ground"), ("muted", "ground"), ("accent", "ground"),
    *[("text", ground) for ground in ("up-tint", "down-tint")],
    ("up", "up-tint"), ("down", "down-tint"), ("muted", "up-tint"), ("muted", "down-tint"),
    ("on-solid", "up-solid"), ("on-solid", "down-solid"), ("on-accent", "accent"),
    *[(f"chart-{name}", "panel") for name in ("blue", "orange", "violet", "teal", "pink", "olive")],
    ("warn", "warn-tint"), ("text", "warn-tint"), ("warn", "raised"), ("warn", "panel"),
]  # fmt: skip
# What is no text: the borders of fields, the ring of the focus and the mark of own orders on the bars of the book.
LINES = [
    *[("field-line", ground) for ground in ("panel", "raised")],
    *[("accent", ground) for ground in ("up-tint", "down-tint")],
]


def themes() -> dict[str, dict[str, str]]:
    """Return the colours of both themes by name."""
    blocks = re.findall(r"(:root[^{]*)\{([^{}]*)\}", PALETTE.read_text())
    colours = [dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", body)) for _, body in blocks]
    dark, light_by_system, light = colours
    assert light == light_by_system
    return {"dark": dark, "light": dark | light}


def luminance(colour: str) -> float:
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_palette_keeps_the_contrasts_of_wcag_aa(theme: str) -> None:
    colours = themes()[theme]

    ratios = {(one, other): contrast(colours[one], colours[other]) for one, other in [*TEXTS, *LINES]}

    assert {pair: ratio for pair, ratio in ratios.items() if ratio < (3 if pair in LINES else 4.5)} == {}


def test_black_on_white_is_the_highest_contrast() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
