"""What the trading page believes about the engine is what the engine promises."""

import re
from pathlib import Path

import pytest

from matching.engine.rules import STOP_PROTECTION_PPM
from matching.timing import SETTLED_AFTER_MS

PAGE = Path(__file__).parents[3] / "trading_page/static/trading"


@pytest.mark.parametrize(
    ("module", "name", "promised"),
    [
        pytest.param("submission.js", "SETTLED_MS", SETTLED_AFTER_MS, id="an order may still come"),
        pytest.param("shares.js", "BAND_OTHERWISE", STOP_PROTECTION_PPM, id="the reach of a stop at market"),
    ],
)
def test_a_constant_of_the_page_is_the_promise(module: str, name: str, promised: int) -> None:
    (value,) = re.findall(rf"\bconst {name}\s*=\s*([\d_]+)n?;", (PAGE / module).read_text())

    assert int(value) == promised
