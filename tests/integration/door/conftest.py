"""Both roles that serve HTTP, as processes of their own, with limits that a test reaches soon."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.integration.door.limits import BODY_SECONDS, CONNECTIONS, LOGINS, REQUESTS

_LIMITS = {
    "BODY_SECONDS": str(BODY_SECONDS),
    "CONNECTIONS_PER_ADDRESS": str(CONNECTIONS),
    "REQUESTS_PER_ADDRESS": str(REQUESTS),
}


@contextmanager
def _running(role: str, **settings: str) -> Iterator[str]:
    from tests.integration.api_keys.servers import running_role  # which needs the models

    with running_role(role, **settings) as url:
        yield url


@pytest.fixture(scope="module", params=["api", "web"])
def role(request: pytest.FixtureRequest) -> Iterator[str]:
    """Serve by one role, then by the other; gives its address."""
    with _running(request.param, **_LIMITS) as url:
        yield url


@pytest.fixture(scope="module", params=["api", "web"])
def behind_proxy(request: pytest.FixtureRequest) -> Iterator[str]:
    """Serve as behind a TLS proxy, which the tests play."""
    with _running(request.param, TLS_PROXY="1", LOGIN_RATE_PER_MINUTE=str(LOGINS)) as url:
        yield url
