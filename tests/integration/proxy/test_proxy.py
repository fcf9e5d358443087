"""The real nginx with the proxy's configuration: what gets through it, and in which form."""

import contextlib
import json
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from config.embedded.settings import LOOPBACK
from tests.engines import wait_until
from tests.integration.proxy.nginx import CONNECTIONS, NAME, Proxy, read, running_proxy

STAFF = "10.1.2.3"


class Role(ThreadingHTTPServer):
    """Stands for a role: tells what it was asked, and notes each request that reached it."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__((LOOPBACK, 0), _Handler)
        self.seen: list[str] = []
        self.go_on = threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Role

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.seen.append(f"{self.command} {self.path}")
        if self.path.endswith("/slow"):
            self.server.go_on.wait(20)
        if self.headers.get("Upgrade") == "websocket":
            self._switch()
            return
        answer = json.dumps({"headers": self.headers.items(), "bytes": len(body)}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_POST = do_GET  # noqa: N815 - the name that http.server looks for

    def _switch(self) -> None:
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.end_headers()
        self.wfile.write(self.rfile.readline().upper())
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def web() -> Iterator[Role]:
    role = Role()
    yield role
    role.shutdown()
    role.server_close()


@pytest.fixture(scope="module")
def api() -> Iterator[Role]:
    role = Role()
    yield role
    role.shutdown()
    role.server_close()


@pytest.fixture(scope="module")
def proxy(web: Role, api: Role) -> Iterator[Proxy]:
    with running_proxy(web=web.server_port, api=api.server_port, staff=f"{STAFF}/32 2001:db8:5::/48") as proxy:
        yield proxy


def shown(proxy: Proxy, *lines: str) -> dict[str, list[str]]:
    """Return the headers that a role was shown, by their names in small letters."""
    found: dict[str, list[str]] = {}
    for name, value in json.loads(proxy.ask("/api/v1/markets", *lines).body)["headers"]:
        found.setdefault(name.lower(), []).append(value)
    return found


def test_pages_and_streams_go_to_web_and_rest_to_api(proxy: Proxy, web: Role, api: Role) -> None:
    for path, role in (("/", web), ("/static/x.js", web), ("/ws/markets/BTC-USDT", web), ("/api/v1/orders", api)):
        assert proxy.ask(path).status == 200
        assert role.seen[-1] == f"GET {path}"


def test_what_a_client_says_about_itself_is_replaced(proxy: Proxy) -> None:
    forged = [
        "X-Forwarded-For: 10.9.9.9", "X_Forwarded_For: 10.9.9.9", "X-Forwarded_For: 10.9.9.9", "X-Real-IP: 10.9.9.9",
        "X-Forwarded-Proto: http", "X_Forwarded_Proto: http", "X-Forwarded-Host: evil", "Forwarded: for=10.9.9.9",
        "X-Forwarded-Port: 1", "X-Forwarded-Server: evil", "Proxy: http://evil", "X_Api_Key: another",
    ]  # fmt: skip
    headers = shown(proxy, *forged, "X-API-KEY: mine")

    assert headers["x-forwarded-for"] == [LOOPBACK]
    assert headers["x-forwarded-proto"] == ["https"]
    assert headers["host"] == [NAME]
    assert headers["x-api-key"] == ["mine"]
    assert not [name for name in headers if "_" in name]
    assert "10.9.9.9" not in str(headers)
    assert "evil" not in str(headers)


@pytest.mark.parametrize(
    "path",
    ["/metrics", "/metrics/", "/internal/wallet/v1/ping", "/ready", "/admin/", "/admin", "/admin/login/", "//admin/",
     "/%61dmin/", "/x/../admin/", "/api/../admin/", "/api/%2e%2e/metrics", "/./internal/x", "/;/../ready"],
)  # fmt: skip
def test_what_is_private_is_closed_by_whatever_spelling(proxy: Proxy, web: Role, api: Role, path: str) -> None:
    before = len(web.seen), len(api.seen)
    assert proxy.ask(path, address="203.0.113.7").status == 404
    assert (len(web.seen), len(api.seen)) == before


@pytest.mark.parametrize(("address", "status"), [(STAFF, 200), ("2001:db8:5:1::9", 200), ("10.1.2.4", 404)])
def test_the_back_office_is_open_for_the_networks_of_staff(proxy: Proxy, address: str, status: int) -> None:
    assert proxy.ask("/admin/", address=address).status == status


def test_a_body_reaches_a_role_whole_or_not_at_all(proxy: Proxy, api: Role) -> None:
    before = len(api.seen)
    connections = [proxy.connect() for _ in range(CONNECTIONS)]
    for connection in connections:
        connection.sendall(
            f"POST /api/v1/auth/token HTTP/1.1\r\nHost: {NAME}\r\nContent-Length: 50\r\n"
            f"X-Test-Address: 198.51.100.1\r\n\r\n{{".encode()
        )
    assert proxy.ask("/api/v1/markets", address="198.51.100.2").status == 200  # a bystander
    assert len(api.seen) == before + 1
    for connection in connections:
        connection.sendall(b"x" * 49)
        assert json.loads(read(connection).body)["bytes"] == 50
    for connection in connections:
        connection.close()


def test_bodies_and_headers_have_a_limit(proxy: Proxy, web: Role, api: Role) -> None:
    assert proxy.ask("/api/v1/x", method="POST", body=b"x" * 1_000_000).status == 200
    before = len(web.seen), len(api.seen)

    too_large = proxy.ask("/api/v1/x", method="POST", body=b"x" * 1_000_001)
    assert (too_large.status, json.loads(too_large.body)["error"]["code"]) == (413, "PAYLOAD_TOO_LARGE")
    unbounded = proxy.ask("/api/v1/x", "Content-Length: 99999999999", method="POST")
    assert unbounded.status == 413
    assert proxy.ask("/api/v1/x", f"X-Long: {'x' * 9_000}").status in (400, 431, 494)
    assert proxy.ask(f"/{'x' * 9_000}").status == 414
    assert (len(web.seen), len(api.seen)) == before


@pytest.mark.parametrize(
    ("address", "neighbour", "stranger"),
    [("192.0.2.1", "192.0.2.1", "192.0.2.2"), ("2001:db8:0:7::{}", "2001:db8:0:7:ffff::1", "2001:db8:0:8::1")],
)
def test_connections_of_a_network_have_a_limit(
    proxy: Proxy, api: Role, address: str, neighbour: str, stranger: str
) -> None:
    api.go_on.clear()
    before = api.seen.count("GET /api/slow")
    connections = [proxy.connect() for _ in range(CONNECTIONS)]
    for number, connection in enumerate(connections, 1):
        where = address.format(number)
        connection.sendall(f"GET /api/slow HTTP/1.1\r\nHost: {NAME}\r\nX-Test-Address: {where}\r\n\r\n".encode())
    wait_until(lambda: api.seen.count("GET /api/slow") == before + CONNECTIONS, "all of them to be under way")

    refused = proxy.ask("/api/v1/x", address=neighbour)
    assert (refused.status, refused.headers["Retry-After"]) == (429, "1")
    assert json.loads(refused.body)["error"]["code"] == "RATE_LIMITED"
    assert proxy.ask("/api/v1/x", address=stranger).status == 200
    api.go_on.set()
    for connection in connections:
        assert read(connection).status == 200
        connection.close()


def test_a_websocket_gets_through(proxy: Proxy) -> None:
    with proxy.connect() as connection:
        connection.sendall(
            f"GET /ws/trades HTTP/1.1\r\nHost: {NAME}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n".encode()
        )
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += connection.recv(1_000)
        assert answer.startswith(b"HTTP/1.1 101 ")
        connection.sendall(b"a frame\n")
        assert connection.recv(100) == b"A FRAME\n"


def test_plain_http_leads_to_https_and_other_names_nowhere(proxy: Proxy, web: Role, api: Role) -> None:
    before = len(web.seen), len(api.seen)
    with socket.create_connection((LOOPBACK, proxy.http), timeout=5) as plain:
        plain.sendall(f"GET /a?b=c HTTP/1.1\r\nHost: {NAME}\r\n\r\n".encode())
        answer = read(plain)
        assert (answer.status, answer.headers["Location"]) == (308, f"https://{NAME}/a?b=c")
    with socket.create_connection((LOOPBACK, proxy.http), timeout=5) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n")
        with contextlib.suppress(ConnectionResetError):
            assert plain.recv(100) == b""
    with pytest.raises(ssl.SSLError):
        proxy.connect("evil.example")
    with proxy.connect() as connection:  # the right name for TLS, another one after it
        connection.sendall(b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n")
        with contextlib.suppress(ConnectionResetError):
            assert connection.recv(100) == b""
    assert (len(web.seen), len(api.seen)) == before


def test_old_versions_of_tls_are_refused(proxy: Proxy) -> None:
    command = ["openssl", "s_client", "-connect", f"{LOOPBACK}:{proxy.https}", "-servername", NAME, "-brief"]
    for version, status in (("-tls1_1", 1), ("-tls1_2", 0), ("-tls1_3", 0)):
        options = [version, "-cipher", "ALL:@SECLEVEL=0"] if status else [version]
        finished = subprocess.run([*command, *options], stdin=subprocess.DEVNULL, capture_output=True, timeout=10)
        assert finished.returncode == status, finished.stderr
