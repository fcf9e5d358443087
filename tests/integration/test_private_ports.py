"""What is for the exchange's own programs and for staff, asked for where it must not be: over real listeners."""

import http.client
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from functools import partial
from typing import NamedTuple

import pytest

from config.embedded.settings import LOOPBACK, PROJECT
from config.processes import die_with_parent
from tests.engines import wait_until
from tests.integration.marketdata.daphne import running_daphne
from tests.servers import free_port

TOKEN = "the-token-of-a-wallet-that-nobody-may-find"
PRIVATE = ("/metrics", "/internal/wallet/v1/ping", "/internal/wallet/v1/reserved")
STAFF_HOST, STAFF_ADDRESS = "staff.exchange.test", "127.9.1.1"
VARIES = re.compile(rb"[0-9a-f]{8}-[0-9a-f-]{27}|/[a-z]+/?")  # ids, and the path that was asked for


class Place(NamedTuple):
    """Where a request goes, and as whom it comes."""

    port: int
    host: str = "localhost"
    source: str = LOOPBACK


class Answer(NamedTuple):
    status: int
    headers: list[str]
    body: bytes


def ask(place: Place, path: str, **headers: str) -> Answer:
    connection = http.client.HTTPConnection(LOOPBACK, place.port, timeout=20, source_address=(place.source, 0))
    try:
        given = {"Host": place.host, "Authorization": f"Bearer {TOKEN}"} | headers
        connection.request("GET", path, headers=given)
        answer = connection.getresponse()
        return Answer(answer.status, sorted(name.lower() for name, _ in answer.getheaders()), answer.read())
    finally:
        connection.close()


class Ports(NamedTuple):
    public: int
    private: int
    staff: int = 0


@pytest.fixture
async def web() -> AsyncIterator[Ports]:
    ports = Ports(free_port(), free_port(), free_port())
    settings = {
        "WEB_PRIVATE_PORT": str(ports.private),
        "WALLET_SERVICE_TOKEN": TOKEN,
        "STAFF_PORT": str(ports.staff),
        "STAFF_HOSTS": STAFF_HOST,
        "STAFF_ALLOWED_NETWORKS": "127.9.0.0/16,2001:db8::/32",
        "ALLOWED_HOSTS": f"localhost,{STAFF_HOST}",
    }
    async with running_daphne(ports.public, None, ports[1:], **settings):
        yield ports


@pytest.fixture
def api() -> Iterator[Ports]:
    ports = Ports(free_port(), free_port(), free_port())
    command = [
        *[sys.executable, "-m", "granian", "--interface", "wsgi", "--host", LOOPBACK, "--port", str(ports.public)],
        *["--workers", "1", "--blocking-threads", "4", "--no-log", "config.wsgi:application"],
    ]
    private, staff = str(ports.private), str(ports.staff)
    environment = {**os.environ, "API_PRIVATE_PORT": private, "STAFF_PORT": staff, "WALLET_SERVICE_TOKEN": TOKEN}
    process = subprocess.Popen(
        command, cwd=PROJECT, env=environment, preexec_fn=die_with_parent(signal.SIGTERM), stderr=subprocess.DEVNULL
    )
    try:
        for port in ports[:2]:
            wait_until(partial(answers, port), f"port {port}", 60)
        yield ports
    finally:
        process.terminate()
        process.wait(20)


def answers(port: int) -> bool:
    try:
        return ask(Place(port), "/health").status == 200
    except OSError:
        return False


def check_private(ports: Ports) -> None:
    """Check what the public port does not tell and the private one does; no header makes one the other."""
    for path in PRIVATE:
        for headers in ({}, {"Host": f"localhost:{ports.private}"}, {"X-Forwarded-Port": str(ports.private)}):
            assert ask(Place(ports.public), path, **headers).status == 404
        assert ask(Place(ports.private), path).status == 200
    assert b"checks" not in ask(Place(ports.public), "/ready").body
    assert b"checks" in ask(Place(ports.private), "/ready").body
    assert b"trade_engine_ready" in ask(Place(ports.private, host="web:8002"), "/metrics").body
    assert ask(Place(ports.private, host="evil.example"), "/metrics").status == 400
    assert {ask(Place(ports.private), path).status for path in ("/", "/admin/", "/api/v1", "/api/schema")} == {404}


async def test_webs_private_addresses_are_on_its_private_port_alone(web: Ports) -> None:
    check_private(web)


def test_apis_private_addresses_are_on_its_private_port_alone(api: Ports) -> None:
    check_private(api)
    assert ask(Place(api.public, host=f"localhost:{api.staff}"), "/admin/login/").status == 404


async def test_the_back_office_is_at_its_own_place_and_elsewhere_there_is_none(web: Ports) -> None:
    place = Place(web.staff, STAFF_HOST, STAFF_ADDRESS)
    elsewhere = [
        place._replace(port=web.public), place._replace(host="localhost"), place._replace(source=LOOPBACK),
        Place(web.public), Place(web.public, host=f"localhost:{web.staff}"),
    ]  # fmt: skip
    assert ask(place, "/admin/login/").status == 200
    assert ask(place, "/admin").status == 301

    for each in elsewhere:
        for path in ("/admin", "/admin/", "/admin/login/", "/admin/find/", "/ADMIN/../admin/", "//admin/"):
            forged = {"X-Forwarded-For": STAFF_ADDRESS, "X-Forwarded-Host": STAFF_HOST}
            assert ask(each, path, **forged).status == 404, (each, path)
        hidden, nothing = ask(each, "/admin/"), ask(each, "/nothing/")
        assert (hidden.status, hidden.headers) == (nothing.status, nothing.headers)
        assert VARIES.sub(b"", hidden.body) == VARIES.sub(b"", nothing.body)
    assert ask(Place(web.public), "/").status == 200
