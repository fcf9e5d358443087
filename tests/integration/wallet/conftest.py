"""A wallet service and an exchange of their own for all tests of this folder, and a scene of its own for each.

What is free at an exchange with a remote wallet is sent there, so these tests need a database without other tests'
money.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings

    from tests.integration.wallet.scene import Scene
    from tests.integration.wallet.service import Proxy, WalletService


@pytest.fixture(scope="session")
def service() -> Iterator[WalletService]:
    from tests.integration.wallet.service import WalletService  # pytest reads this file before Django is set up

    service = WalletService()
    try:
        service.wait_until_ready()
        yield service
    finally:
        service.stop()


@pytest.fixture(scope="module", autouse=True)
def _own_database() -> Iterator[None]:
    from tests.separate_database import separate_database

    with separate_database("exchange"):
        yield


@pytest.fixture
def proxy(service: WalletService) -> Iterator[Proxy]:
    from tests.integration.wallet.service import Proxy

    proxy = Proxy(service.port)
    yield proxy
    proxy.stop()


@pytest.fixture
def remote(settings: Settings, proxy: Proxy) -> Proxy:
    """Let this process keep its money at the wallet behind the proxy."""
    from tests.integration.wallet.service import TOKEN

    settings.WALLET, settings.WALLET_URL, settings.WALLET_TOKEN = "remote", proxy.url, TOKEN
    settings.WALLET_TIMEOUT_MS, settings.WALLET_PROBE_SECONDS = 2_000, 0.3
    return proxy


@pytest.fixture
def _impatient(remote: Proxy, settings: Settings) -> None:
    """Let a request that takes 0.6 s be one that gets no answer."""
    settings.WALLET_TIMEOUT_MS = 400


@pytest.fixture
def scene(service: WalletService, remote: Proxy) -> Iterator[Scene]:
    """A market with its cast, whose money is at the wallet; both ledgers must agree when the test is over."""
    from tests.integration.wallet.scene import Scene

    scene = Scene(service, remote)
    with scene:
        yield scene
    remote.heal()
    scene.assert_ledgers_agree()
