"""The proxy of docker compose as a process of its own: the same files, with other ports and folders."""

import contextlib
import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPMessage, HTTPResponse
from pathlib import Path
from typing import NamedTuple

from config.embedded.settings import LOOPBACK, PROJECT
from config.processes import die_with_parent
from tests.certificates import Certificate, make_certificate
from tests.engines import wait_until
from tests.programs import program
from tests.servers import folder_for_everybody, free_port

NAME = "exchange.test"
CONNECTIONS = 6  # of a network, instead of 150
FOLDER = PROJECT / "deploy" / "proxy"


class Answer(NamedTuple):
    """What the proxy answered."""

    status: int
    headers: HTTPMessage
    body: bytes


@dataclass(frozen=True, slots=True)
class Proxy:
    """Addresses of a running proxy. `address` of a request is where it seems to come from."""

    http: int
    https: int
    certificate: Certificate
    folder: Path

    def connect(self, name: str = NAME) -> ssl.SSLSocket:
        """Open a connection of TLS, verified."""
        context = ssl.create_default_context(cafile=str(self.certificate.authority))
        return context.wrap_socket(socket.create_connection((LOOPBACK, self.https), timeout=10), server_hostname=name)

    def ask(self, path: str, *lines: str, method: str = "GET", body: bytes = b"", address: str = "") -> Answer:
        """Send a request with these header lines on a connection of its own and return the answer."""
        head = [f"{method} {path} HTTP/1.1", f"Host: {NAME}", "Connection: close", *lines]
        head += [f"Content-Length: {len(body)}"] if body else []
        head += [f"X-Test-Address: {address}"] if address else []
        with self.connect() as connection:
            with contextlib.suppress(OSError):  # it may be refused before all of it is sent
                connection.sendall("\r\n".join([*head, "", ""]).encode() + body)
            return read(connection)


def read(connection: socket.socket) -> Answer:
    """Read an answer from a connection."""
    with HTTPResponse(connection) as response:
        response.begin()
        return Answer(response.status, response.headers, response.read())


@contextlib.contextmanager
def running_proxy(*, web: int, api: int, staff: str = "") -> Iterator[Proxy]:
    """Run the proxy before two ports of this host until the block ends."""
    nginx = program("nginx", "nginx-light")
    folder = Path(tempfile.mkdtemp(prefix="trade-engine-proxy-", dir=folder_for_everybody()))
    folder.chmod(0o711)
    proxy = Proxy(free_port(), free_port(), make_certificate(folder, NAME), folder)
    configuration = folder / "nginx.conf"
    configuration.write_text(_adapted(proxy, web, api))
    environment = {
        "PATH": f"{Path(nginx).parent}:{os.environ['PATH']}", "PROXY_FOLDER": str(folder / "run"),
        "PROXY_CONFIGURATION": str(configuration), "SERVER_NAMES": NAME, "STAFF_ALLOWED_NETWORKS": staff,
    }  # fmt: skip
    command = ["sh", str(FOLDER / "start.sh")]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "-g", "daemon off;"], env=environment, stdout=log, stderr=log,
            preexec_fn=die_with_parent(signal.SIGTERM),
        )  # fmt: skip
    try:
        wait_until(lambda: _listens(proxy.https) or process.poll() is not None, "nginx")
        assert process.poll() is None, (folder / "log").read_text()
        subprocess.run([*command, "-t", "-q"], env=environment, check=True)
        yield proxy
    finally:
        process.terminate()
        process.wait(20)
        shutil.rmtree(folder)


def _adapted(proxy: Proxy, web: int, api: int) -> str:
    """Return the configuration for these ports; a header says where a request comes from, and fewer are too many."""
    text = (FOLDER / "nginx.conf").read_text()
    for old, new in {
        "web:8000": f"{LOOPBACK}:{web}",
        "api:8001": f"{LOOPBACK}:{api}",
        "listen 8080": f"listen {LOOPBACK}:{proxy.http}",
        "listen 8443": f"listen {LOOPBACK}:{proxy.https}",
        "/etc/trade-engine/tls": str(proxy.folder),
        "/tmp/proxy": str(proxy.folder / "run"),  # noqa: S108 - the text to replace
        "limit_conn clients 150": f"limit_conn clients {CONNECTIONS}",
        "server_tokens off;": f"server_tokens off; set_real_ip_from {LOOPBACK}; real_ip_header X-Test-Address;",
    }.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection((LOOPBACK, port), timeout=1):
        return True
    return False
