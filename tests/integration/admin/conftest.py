from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from django.test import Client

    from tests.integration.admin.scene import Scene
    from tests.integration.settlement.cast import Cast


@pytest.fixture(scope="module")
def scene() -> Iterator["Scene"]:
    """Three hundred orders and what belongs to them, taken back after the module."""
    from django.db import transaction

    from tests.administrator import as_administrator
    from tests.integration.admin.scene import Scene

    with as_administrator(), transaction.atomic():
        yield Scene()
        transaction.set_rollback(True)


@pytest.fixture
def cast() -> Iterator["Cast"]:
    """A new market with its accounts; the ledger must balance when the test is over."""
    from tests.integration.settlement.cast import Cast  # pytest reads this file before Django is set up
    from tests.invariants import assert_ledger_balances

    cast = Cast()
    yield cast
    assert_ledger_balances(assets=[cast.base, cast.quote])


@pytest.fixture
def boss() -> "Client":
    """A browser with a superuser's login."""
    from tests.integration.admin.scene import browser_of

    return browser_of()
