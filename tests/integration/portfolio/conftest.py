"""Markets that are served. Models are named only: pytest reads this file before Django is set up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from exchange.models import Market, User
    from tests.desk import Desk


@pytest.fixture
def desk(market: Market) -> Iterator[Desk]:
    from tests.desk import open_desk

    with open_desk(market) as desk:
        yield desk


@pytest.fixture
def desks(market: Market, maker: User, taker: User) -> Iterator[list[Desk]]:
    """Two markets in which maker and taker can trade."""
    from settlement.services import ledger_deposit_several
    from tests.desk import open_desk
    from tests.fixtures import FUNDS, make_market

    other = make_market(tick_size="0.05", lot_size="0.02")
    for user in (maker, taker):
        amounts = dict.fromkeys((other.base_id, other.quote_id), FUNDS)
        ledger_deposit_several(owner=user, amounts=amounts, reason="Funds of a test")
    with open_desk(market) as first, open_desk(other) as second:
        yield [first, second]
