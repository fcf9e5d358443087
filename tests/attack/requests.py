"""Many clients that ask one question after the other, each on a connection of its own."""

import http.client
import json
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

from tests.attack.attack import Until
from tests.attack.target import attacker_address

Question = tuple[str, str, Any, dict[str, str]]
"""Method, path, body (JSON, None for none) and headers."""


def ask_by_many(until: Until, ports: list[int], question: Callable[[int, int], Question], *, clients: int) -> str:
    """Have each client ask `question(client, how many it has asked)` until the end; return the answers by status."""
    answers: Counter[int] = Counter()

    def ask_on(number: int) -> None:
        source, port = (attacker_address(number), 0), ports[number % len(ports)]
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30, source_address=source)
        asked = 0
        while not until():
            answers[_ask(connection, *question(number, asked))] += 1
            asked += 1
        connection.close()

    askers = [threading.Thread(target=ask_on, args=(number,)) for number in range(clients)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    return ", ".join(f"{count} x {status or 'none'}" for status, count in sorted(answers.items()))


def _ask(connection: http.client.HTTPConnection, method: str, path: str, body: Any, headers: dict[str, str]) -> int:
    try:
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException):
        connection.close()  # the next question opens another
        return 0
    return answer.status
