"""Requests that announce a body and send one byte of it."""

import socket

from tests.attack.attack import Attack, Until
from tests.attack.target import Target, attacker_address, sleep_until

SOCKETS = 200
ADDRESSES = 20
_HEAD = (
    b"POST /api/v1/auth/token HTTP/1.1\r\nHost: localhost\r\n"
    b"Content-Type: application/json\r\nContent-Length: 50\r\n\r\n{"
)


class UnfinishedBodies(Attack):
    """Holds hundreds of requests open on each role; those that are ended are replaced."""

    name = "unfinished bodies"

    def run(self, target: Target, until: Until) -> str:
        held: list[socket.socket] = []
        opened = 0
        while not until():
            held = [sock for sock in held if _is_open(sock)]
            while len(held) < SOCKETS and not until():
                port = (target.api_port, target.web_port)[opened % 2]
                opened += 1
                if sock := _begin(port, opened % ADDRESSES):
                    held.append(sock)
            sleep_until(until, 0.25)
        for sock in held:
            sock.close()
        return f"{opened} opened"


def _begin(port: int, number: int) -> socket.socket | None:
    try:
        sock = socket.create_connection(("127.0.0.1", port), 2, source_address=(attacker_address(number), 0))
        sock.sendall(_HEAD)
    except OSError:
        return None
    sock.setblocking(False)
    return sock


def _is_open(sock: socket.socket) -> bool:
    try:
        is_open = bool(sock.recv(4096))
    except BlockingIOError:
        return True
    except OSError:
        is_open = False
    if not is_open:
        sock.close()
    return is_open
