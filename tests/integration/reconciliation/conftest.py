from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from exchange.models import Market
    from tests.desk import Desk


@pytest.fixture
def desk(market: "Market") -> Iterator["Desk"]:
    """The test's market, served: 10,000 ticks are 100, 1,000 lots are 1, both fees 0.1 %, band 10 %."""
    from tests.desk import open_desk  # pytest reads this file before Django is set up

    with open_desk(market) as desk:
        yield desk
