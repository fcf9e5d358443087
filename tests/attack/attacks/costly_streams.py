"""Short messages that cost much: resuming, names that no market has, answers that nobody reads."""

import time

from tests.attack.attack import Attack, Until
from tests.attack.streams import MARKET, TRADES, attack_by_streams, told
from tests.attack.target import Target
from tests.integration.marketdata.raw import RawClient, message

CONNECTIONS = 12
_RESUME = message(op="resume", symbol="BTC/USDT", from_seq=0)
_UNKNOWN = [message(op="subscribe", symbols=[f"A{turn:03}/B{each:03}" for each in range(100)]) for turn in range(95)]
LEFT = 1000


class ResumingStreams(Attack):
    """Asks for everything that has happened again and again, and reads it."""

    name = "resuming streams"

    def run(self, target: Target, until: Until) -> str:
        return told(attack_by_streams(target, until, TRADES, _resume, connections=CONNECTIONS))


class UnreadStreams(Attack):
    """Asks for as much, and reads nothing of it."""

    name = "unread streams"

    def run(self, target: Target, until: Until) -> str:
        return told(attack_by_streams(target, until, TRADES, _resume_unread, connections=CONNECTIONS))


class UnknownSymbols(Attack):
    """Subscribes to thousands of markets that do not exist."""

    name = "unknown symbols"

    def run(self, target: Target, until: Until) -> str:
        return told(attack_by_streams(target, until, MARKET, _subscribe, connections=CONNECTIONS))


def _resume(client: RawClient, until: Until) -> int:
    client.socket.settimeout(0.05)
    while not until():
        client.send(_RESUME)
        if not _read(client, until):
            return client.close_code()
    return LEFT


def _read(client: RawClient, until: Until) -> bool:
    """Read what there is; return False when the server has ended the connection."""
    try:
        while client.socket.recv(1 << 20):
            if until():
                return True
    except TimeoutError:
        return True
    return False


def _resume_unread(client: RawClient, until: Until) -> int:
    client.socket.settimeout(0.5)
    while not until():
        if not client.send(_RESUME):
            time.sleep(0.1)
    return LEFT


def _subscribe(client: RawClient, until: Until) -> int:
    client.socket.settimeout(0.5)
    for each in _UNKNOWN:
        if until():
            return LEFT
        client.send(each)
    return client.close_code(2.0)
