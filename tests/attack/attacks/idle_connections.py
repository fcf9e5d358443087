"""Connections that say nothing, or begin a head and stop."""

import socket

from tests.attack.attack import Attack, Until
from tests.attack.target import Target, attacker_address, sleep_until

CONNECTIONS = 1_500
ADDRESSES = 3


class IdleConnections(Attack):
    """Opens more connections than a server has places for, from a few addresses."""

    name = "idle connections"

    def run(self, target: Target, until: Until) -> str:
        held: list[socket.socket] = []
        opened = 0
        while not until() and opened < 4 * CONNECTIONS:
            for port in (target.api_port, target.web_port):
                held.append(_open(port, attacker_address(opened % ADDRESSES), opened % 2 == 0))
                opened += 1
            if opened % 100 == 0:
                sleep_until(until, 0.05)
        sleep_until(until, 60)
        for sock in held:
            sock.close()
        return f"{opened} opened"


def _open(port: int, address: str, begins: bool) -> socket.socket:
    sock = socket.socket()
    sock.settimeout(1)
    try:
        sock.bind((address, 0))
        sock.connect(("127.0.0.1", port))
        if begins:
            sock.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
    except OSError:
        sock.close()
    return sock
