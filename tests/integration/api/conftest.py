"""Clients of the cast. Models are named only: pytest reads this file before Django is set up."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from rest_framework.test import APIClient

    from exchange.models import User


@pytest.fixture
def maker_client(maker: User, client_for: Callable[[User], APIClient]) -> APIClient:
    return client_for(maker)


@pytest.fixture
def taker_client(taker: User, client_for: Callable[[User], APIClient]) -> APIClient:
    return client_for(taker)


@pytest.fixture
def outsider_client(outsider: User, client_for: Callable[[User], APIClient]) -> APIClient:
    return client_for(outsider)
