"""Fixtures of the domain: accounts and a market of their own for each test, because nothing is rolled back.

The cast: `maker` and `taker` trade with each other, `outsider` looks on, `staff` runs the exchange.
"""

import secrets
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.contrib.staticfiles.finders import get_finders
from django.db import connections
from rest_framework.test import APIClient
from whitenoise.middleware import WhiteNoiseMiddleware

from base.ids import uuid7
from exchange.models import Asset, Market, User
from exchange.sessions import tokens_issue
from settlement.services import ledger_deposit_several

settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # else the middleware for static files warns at each client

FUNDS = Decimal(1_000_000)


def fresh_name(prefix: str) -> str:
    """Return a name that nothing else in the database has: eight characters after the prefix."""
    return prefix + secrets.token_hex(4).upper()


def make_user(role: str, *, assets: tuple[str, ...] = (), is_staff: bool = False) -> User:
    """Create an account, funded with FUNDS of each asset."""
    user = User(username=fresh_name(f"{role}-"), is_staff=is_staff, is_superuser=is_staff)
    user.set_unusable_password()
    user.save()
    if assets:
        ledger_deposit_several(owner=user, amounts=dict.fromkeys(assets, FUNDS), reason="Funds of a test")
    return user


def make_market(**fields: Any) -> Market:
    """Create a market with two assets of its own: tick 0.01, lot 0.001, 0.1 % for both, 10 % around 100."""
    name = fresh_name("")
    base = Asset.objects.create(code=f"B{name}", name=f"Base {name}", hand_limit=FUNDS)
    quote = Asset.objects.create(code=f"Q{name}", name=f"Quote {name}", hand_limit=FUNDS)
    defaults: dict[str, Any] = {
        "tick_size": Decimal("0.01"),
        "lot_size": Decimal("0.001"),
        "min_notional": Decimal(1),
        "max_quantity": Decimal(10_000),
        "maker_fee_ppm": 1_000,
        "taker_fee_ppm": 1_000,
        "price_band_ppm": 100_000,
        "reference_price": Decimal(100),
    }
    market = Market.objects.create(symbol=f"{base.code}/{quote.code}", base=base, quote=quote, **(defaults | fields))
    return Market.objects.select_related("base", "quote").get(pk=market.pk)  # with numbers as the database keeps them


@pytest.fixture(scope="session", autouse=True)
def _static_files_are_looked_for_once() -> Iterator[None]:
    """Let clients share what was found: each loads the middleware anew, and that would go through all folders."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    look = WhiteNoiseMiddleware.add_files_from_finders

    def look_once(self: WhiteNoiseMiddleware) -> None:
        place = (self.static_prefix, self.static_root, *get_finders())
        if place not in found:
            look(self)
            found[place] = dict(self.files)
        self.files.update(found[place])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WhiteNoiseMiddleware, "add_files_from_finders", look_once)
        yield


@pytest.fixture(scope="session", autouse=True)
def _passwords_cost_little() -> Iterator[None]:
    """Hash as always, but with the least effort: that it is much is for those who guess."""
    with pytest.MonkeyPatch.context() as patch:
        for name, least in {"time_cost": 1, "memory_cost": 8, "parallelism": 1}.items():
            patch.setattr(Argon2PasswordHasher, name, least)
        yield


@pytest.fixture(autouse=True)
def _fresh_database_connection() -> Iterator[None]:
    """Give the connection back after each test: one that a test has broken must not meet the next."""
    yield
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close()


@pytest.fixture
def market() -> Market:
    return make_market()


@pytest.fixture
def maker(market: Market) -> User:
    return make_user("maker", assets=(market.base_id, market.quote_id))


@pytest.fixture
def taker(market: Market) -> User:
    return make_user("taker", assets=(market.base_id, market.quote_id))


@pytest.fixture
def outsider(market: Market) -> User:
    return make_user("outsider", assets=(market.base_id, market.quote_id))


@pytest.fixture
def staff() -> User:
    return make_user("staff", is_staff=True)


@pytest.fixture
def visitor() -> APIClient:
    """Speaks to the API without a login, through the whole stack of middleware."""
    return APIClient(raise_request_exception=False)


@pytest.fixture
def client_for() -> Callable[[User], APIClient]:
    """Make a client that is logged in as a user, by a real access token."""
    return _client_for


def _client_for(user: User) -> APIClient:
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {access_token(user)}")
    return client


def access_token(user: User) -> str:
    """Open a session without a password and return its access token."""
    return tokens_issue(user=user, sid=uuid7()).access
