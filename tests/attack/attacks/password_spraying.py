"""Log-ins by the dozen: one password for many names, one name with many passwords, from one address and from many."""

import http.client
import json
import threading
from collections import Counter
from itertools import count

from tests.attack.attack import Attack, Until
from tests.attack.target import Target, attacker_address

CLIENTS = 24
ADDRESSES = 12
RATE = 30
"""LOGIN_RATE_PER_MINUTE as it is by default."""


class PasswordSpraying(Attack):
    """Keeps two dozen log-ins under way: each costs 100 MiB and both processors, if it is let in."""

    name = "password spraying"

    def run(self, target: Target, until: Until) -> str:
        answers: Counter[int] = Counter()
        hashed: Counter[str] = Counter()
        numbers = count()
        clients = [
            threading.Thread(target=_try_on, args=(target, until, answers, hashed, numbers)) for _ in range(CLIENTS)
        ]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        assert answers[429], f"nothing was refused: {dict(answers)}"
        assert max(hashed.values(), default=0) <= 2 * RATE, "one address could try without limit"
        return ", ".join(f"{count} x {status}" for status, count in sorted(answers.items()))


def _try_on(
    target: Target, until: Until, answers: "Counter[int]", hashed: "Counter[str]", numbers: "count[int]"
) -> None:
    while not until():
        number = next(numbers)
        port = (target.api_port, target.web_port)[number % 2]
        # Half of them from one address, a third for one account.
        address = attacker_address(0 if number % 2 else 1 + number % ADDRESSES)
        status = _log_in(port, address, "outsider" if number % 3 == 0 else f"user-{number}")
        answers[status] += 1
        if status == 401:
            hashed[address] += 1


def _log_in(port: int, address: str, username: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30, source_address=(address, 0))
    try:
        body = json.dumps({"username": username, "password": "Summer2026!"})
        connection.request("POST", "/api/v1/auth/token", body, {"Content-Type": "application/json"})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()
