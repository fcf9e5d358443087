"""Clients that do not keep to the rules: raw sockets, from loopback addresses of their own."""

import contextlib
import socket
import time
from urllib.parse import urlsplit

PATIENCE_S = 15.0


def opened(url: str, address: str = "127.0.0.1") -> socket.socket:
    """Connect to a server from a loopback address."""
    port = urlsplit(url).port
    assert port is not None
    return socket.create_connection(("127.0.0.1", port), PATIENCE_S, source_address=(address, 0))


def head(path: str, *headers: str, method: str = "POST") -> bytes:
    """Return the head of a request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", "Content-Type: application/json", *headers, "", ""]
    return "\r\n".join(lines).encode()


def status_of(sock: socket.socket) -> int:
    """Return the status of the answer, 0 when the connection was closed without one."""
    sock.settimeout(PATIENCE_S)
    try:
        received = sock.recv(65_536)
    except ConnectionError:
        return 0
    return int(received.split(b" ", 2)[1]) if received else 0


def is_closed(sock: socket.socket, patience_s: float = PATIENCE_S) -> bool:
    """Tell whether the server hangs up in time; what it says meanwhile is thrown away."""
    deadline = time.monotonic() + patience_s
    while (left_s := deadline - time.monotonic()) > 0:
        sock.settimeout(left_s)
        try:
            if not sock.recv(65_536):
                return True
        except TimeoutError:
            return False
        except OSError:
            return True
    return False


def close(*sockets: socket.socket) -> None:
    for sock in sockets:
        with contextlib.suppress(OSError):
            sock.close()
