"""Connections that do nothing: so many of an address, and no more."""

import pytest
import requests

from tests.integration.door.limits import CONNECTIONS
from tests.integration.door.sockets import close, is_closed, opened

pytestmark = pytest.mark.xdist_group("door")


def test_an_address_has_so_many_connections_and_others_have_theirs(role: str) -> None:
    idle = [opened(role, "127.0.4.1") for _ in range(CONNECTIONS + 20)]

    surplus = [is_closed(sock, 3) for sock in idle[CONNECTIONS:]]
    first = is_closed(idle[0], 0.1)

    assert (surplus, first) == ([True] * 20, False)
    assert requests.get(f"{role}/health", timeout=5).status_code == 200
    close(*idle)
