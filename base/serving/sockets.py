"""The sockets of a server that does not let us choose whom it accepts: counted, and closed where they are too many.

granian accepts whoever comes, and has no limit by address.
"""

import contextlib
import os
import resource
import socket
import threading
from collections import defaultdict
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

import structlog

from base.addresses import caller_of

__all__ = ["allow_many_sockets", "close_surplus", "guard_sockets", "limit_unread"]

log = structlog.get_logger(__name__)

FILES_MAX: Final = 16_384
LOOK_EVERY_S: Final = 0.5
UNREAD_MS: Final = 60_000
"""How long a client may leave what was sent to it unread; then the kernel ends the connection."""
_DESCRIPTORS = Path("/proc/self/fd")


def allow_many_sockets() -> None:
    """Raise this process's soft limit of open files as far as it may, up to FILES_MAX."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES_MAX if hard == resource.RLIM_INFINITY else min(hard, FILES_MAX)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def guard_sockets(per_address: int) -> None:
    """Watch the connections to what this process listens on, in a thread; close what an address has beyond its limit.

    Linux only. Looking costs a listing of the open files twice a second, and more only when there are many.
    """
    if _DESCRIPTORS.exists():
        threading.Thread(target=_watch, args=(per_address,), name="sockets", daemon=True).start()


def close_surplus(ports: Collection[int], per_address: int) -> int:
    """Close connections of addresses that have more than `per_address` to these ports; return how many."""
    found: dict[str, list[socket.socket]] = defaultdict(list)
    closed = 0
    with contextlib.ExitStack() as stack:
        for connection in _sockets():
            stack.enter_context(connection)
            if peer := _client_of(connection, ports):
                found[caller_of(peer, "")].append(connection)
        for address, connections in found.items():
            surplus = connections[per_address:]
            closed += sum(_close(connection) for connection in surplus)
            if surplus:
                log.warning("too_many_connections", address=address, count=len(connections), limit=per_address)
    return closed


def limit_unread(sock: socket.socket) -> None:
    """Have the kernel end a connection that leaves unread what was sent; connections inherit it from a listener."""
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_MS)


def _watch(per_address: int) -> None:
    pause = threading.Event()
    ports: set[int] = set()
    while not pause.wait(LOOK_EVERY_S):
        with contextlib.suppress(OSError):
            ports = ports or _listen()
            if len(_open_files()) > per_address:
                close_surplus(ports, per_address)


def _listen() -> set[int]:
    """Return the ports this process listens on, and limit what their clients may leave unread."""
    ports = set()
    for sock in _sockets():
        with sock, contextlib.suppress(OSError):
            if sock.family != socket.AF_UNIX and sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                limit_unread(sock)
                ports.add(sock.getsockname()[1])
    return ports


def _open_files() -> list[int]:
    return sorted(int(entry.name) for entry in _DESCRIPTORS.iterdir())


def _sockets() -> Iterator[socket.socket]:
    """Yield copies of this process's sockets, the oldest mostly first; whoever takes one closes it."""
    for number in _open_files():
        with contextlib.suppress(OSError):
            descriptor = os.dup(number)
            try:
                sock = socket.socket(fileno=descriptor)
            except OSError:
                os.close(descriptor)  # it is a file
                continue
            yield sock


def _client_of(connection: socket.socket, ports: Collection[int]) -> str:
    """Return the address of the client of a connection to one of our ports; empty for any other socket."""
    try:
        is_ours = connection.family != socket.AF_UNIX and connection.getsockname()[1] in ports
        return str(connection.getpeername()[0]) if is_ours else ""
    except OSError:
        return ""


def _close(connection: socket.socket) -> bool:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return False
    return True
