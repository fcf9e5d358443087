"""Bodies of any size: announced ones of 200 MB, and chunks without an end."""

import contextlib
import socket
import threading
from itertools import count

from tests.attack.attack import Attack, Until
from tests.attack.target import MB, Target, attacker_address

SENDERS = 8
SENT_MAX = 30 * MB
_CHUNK = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
_HEAD = b"POST /api/v1/auth/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
_HEADS = [_HEAD + b"Content-Length: 200000000\r\n\r\n", _HEAD + b"Transfer-Encoding: chunked\r\n\r\n"]


class HugeBodies(Attack):
    """Sends as much as is taken, on several connections to each role at once."""

    name = "huge bodies"

    def run(self, target: Target, until: Until) -> str:
        taken: list[int] = []
        numbers = count()
        senders = [threading.Thread(target=_send_on, args=(target, until, taken, numbers)) for _ in range(SENDERS)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        most = max(taken, default=0) / MB
        assert most < SENT_MAX / MB, f"{most:.0f} MB of one body were taken"
        return f"{len(taken)} bodies, at most {most:.1f} MB of one"


def _send_on(target: Target, until: Until, taken: list[int], numbers: "count[int]") -> None:
    while not until():
        number = next(numbers)
        port = (target.api_port, target.web_port)[number % 2]
        taken.append(_send(port, attacker_address(number % 20), _HEADS[number // 2 % 2], until))


def _send(port: int, address: str, head: bytes, until: Until) -> int:
    sent = 0
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 5, (address, 0)) as sock:
        sock.sendall(head)
        while sent < SENT_MAX and not until():
            sock.sendall(_CHUNK)
            sent += len(_CHUNK)
    return sent
