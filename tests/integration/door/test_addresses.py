"""Behind a proxy the address of a client is what the proxy says, whatever a client writes before."""

import itertools

import pytest

from tests.integration.door.limits import LOGINS
from tests.integration.door.sockets import close, head, opened, status_of

pytestmark = pytest.mark.xdist_group("door")

TRIES = 2 * LOGINS + 2  # two windows at most
_networks = itertools.count(1)


def logins(url: str, *headers: str) -> list[int]:
    """Try to log in again and again; in each header `{}` stands for the number of the try."""
    statuses = []
    for number in range(TRIES):
        sock = opened(url)
        written = [header.format(number) for header in headers]
        body = f'{{"username": "nobody-{number}", "password": "wrong"}}'.encode()
        sock.sendall(head("/api/v1/auth/token", "Connection: close", f"Content-Length: {len(body)}", *written) + body)
        statuses.append(status_of(sock))
        close(sock)
    return statuses


def assert_limited(statuses: list[int]) -> None:
    assert set(statuses) == {401, 429} and statuses.count(401) <= 2 * LOGINS, statuses


@pytest.mark.parametrize(
    ("forged", "is_first"),
    [("X_Forwarded_For: 9.9.9.{}", True), ("X_Forwarded_For: 9.9.9.{}", False), ("x_forwarded-for: 9.9.9.{}", True)],
)
def test_another_spelling_of_the_header_is_not_believed(behind_proxy: str, forged: str, is_first: bool) -> None:
    ours = f"X-Forwarded-For: 5.5.5.{next(_networks)}"

    assert_limited(logins(behind_proxy, *((forged, ours) if is_first else (ours, forged))))


def test_what_a_client_writes_before_the_proxy_is_not_believed(behind_proxy: str) -> None:
    number = next(_networks)

    assert_limited(logins(behind_proxy, f"X-Forwarded-For: 9.9.9.{{}}, 6.6.6.{number}"))
    assert_limited(logins(behind_proxy, "X-Forwarded-For: 9.9.9.{}", f"X-Forwarded-For: 7.7.7.{number}"))


def test_all_addresses_of_an_ipv6_network_count_as_one(behind_proxy: str) -> None:
    network = f"2001:db8:77:{next(_networks):x}"

    assert_limited(logins(behind_proxy, f"X-Forwarded-For: {network}:a:b:c:{{}}"))


def test_addresses_of_their_own_have_tries_of_their_own(behind_proxy: str) -> None:
    assert set(logins(behind_proxy, f"X-Forwarded-For: 10.{next(_networks)}.1.{{}}")) == {401}
