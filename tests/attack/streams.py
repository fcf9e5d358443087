"""Many WebSocket connections that attack at once."""

import threading
from collections import Counter
from collections.abc import Callable

from tests.attack.attack import Until
from tests.attack.target import Target, attacker_address, sleep_until
from tests.integration.marketdata.raw import RawClient

MARKET = "/ws/markets/BTC-USDT"
TRADES = "/ws/trades?symbol=BTC-USDT"
_REFUSED = 0  # instead of a close code: there was no connection
_OPENED_EVERY_S = 0.2

Work = Callable[[RawClient, Until], int]
"""Attacks by one connection until it is ended or all is over; returns the close code, or 1000 when we left."""


def attack_by_streams(target: Target, until: Until, path: str, work: Work, *, connections: int) -> "Counter[int]":
    """Attack by so many connections at once, each opened again when it was ended; return how they ended."""
    ends: Counter[int] = Counter()

    def attack_on(number: int) -> None:
        while not until():
            ends[_attack(target, path, number, work, until)] += 1
            sleep_until(until, _OPENED_EVERY_S)

    attackers = [threading.Thread(target=attack_on, args=(number,)) for number in range(connections)]
    for attacker in attackers:
        attacker.start()
    for attacker in attackers:
        attacker.join()
    return ends


def told(ends: "Counter[int]") -> str:
    """Return how connections ended, in words."""
    return ", ".join(f"{count} x {code or 'refused'}" for code, count in sorted(ends.items()))


def _attack(target: Target, path: str, number: int, work: Work, until: Until) -> int:
    try:
        with RawClient(target.web_port, path, source=attacker_address(number)) as client:
            return work(client, until)
    except (OSError, AssertionError):
        return _REFUSED
