"""Orders, dead men's switches and cancels of one account, as many as go out."""

import http.client
import json
import threading
from collections import Counter
from typing import Any

from tests.attack.attack import Attack, Until
from tests.attack.target import Target, attacker_address

CLIENTS = 8
_ORDER = {"symbol": "ETH/USDT", "side": "buy", "type": "limit", "price": "1.00", "quantity": "0.01"}
_SWITCH = {"timeout_ms": 60_000}
_QUESTIONS: tuple[tuple[str, str, Any], ...] = (
    ("POST", "/api/v1/orders/cancel-after", _SWITCH),
    ("POST", "/api/v1/orders/batch", {"orders": [_ORDER] * 20}),
    ("DELETE", "/api/v1/orders", None),
    ("POST", "/api/v1/orders", {"symbol": "NO/SUCH"}),
)


class OrderStorms(Attack):
    """One account sends commands on several connections: what is within its limit is served, the rest refused."""

    name = "order storms"

    def run(self, target: Target, until: Until) -> str:
        answers: Counter[int] = Counter()
        senders = [threading.Thread(target=_send_on, args=(target, until, answers, n)) for n in range(CLIENTS)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        return ", ".join(f"{count} x {status}" for status, count in sorted(answers.items()))


def _send_on(target: Target, until: Until, answers: "Counter[int]", number: int) -> None:
    source = (attacker_address(number), 0)
    connection = http.client.HTTPConnection("127.0.0.1", target.api_port, timeout=30, source_address=source)
    headers = {"Authorization": f"Bearer {target.exchange.tokens['maker']}", "Content-Type": "application/json"}
    asked = number
    while not until():
        method, path, body = _QUESTIONS[asked % len(_QUESTIONS)]
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            answer.read()
            answers[answer.status] += 1
        except (OSError, http.client.HTTPException):
            answers[0] += 1
            connection.close()
        asked += 1
    connection.close()
