from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.fees.trading import Venue


@pytest.fixture
def venue() -> "Venue":
    """Markets with fee tiers, at a moment of today."""
    from django.utils import timezone  # pytest reads this file before Django is set up

    from tests.integration.fees.trading import Venue

    return Venue(timezone.now().replace(microsecond=0))
