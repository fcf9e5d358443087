"""Questions that cost much: the longest pages of one's own orders, the document of the interface, unknown API keys."""

import http.client
import threading
from collections import Counter
from uuid import uuid4

from tests.attack.attack import Attack, Until
from tests.attack.target import Target, attacker_address

CLIENTS = 8
QUESTIONS = (
    "/api/v1/orders?limit=1000",
    "/api/v1/ledger?limit=1000",
    "/api/v1/trades?limit=1000",
    "/api/v1/markets/BTC-USDT/candles?interval=1m&limit=1000&to=2026-01-01T00:00:00Z",
    "/api/schema",
)


class HeavyReads(Attack):
    """One account asks for as much as it may on several connections, and a stranger guesses API keys beside it."""

    name = "heavy reads"

    def run(self, target: Target, until: Until) -> str:
        answers: Counter[int] = Counter()
        askers = [threading.Thread(target=_ask_on, args=(target, until, answers, n)) for n in range(CLIENTS)]
        for asker in askers:
            asker.start()
        for asker in askers:
            asker.join()
        return ", ".join(f"{count} x {status}" for status, count in sorted(answers.items()))


def _ask_on(target: Target, until: Until, answers: "Counter[int]", number: int) -> None:
    source = (attacker_address(number), 0)
    port = (target.api_port, target.web_port)[number % 2]
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30, source_address=source)
    asked = 0
    while not until():
        try:
            connection.request("GET", *_question(target, number, asked))
            answer = connection.getresponse()
            answer.read()
            answers[answer.status] += 1
        except (OSError, http.client.HTTPException):
            answers[0] += 1
            connection.close()
        asked += 1
    connection.close()


def _question(target: Target, number: int, asked: int) -> tuple[str, None, dict[str, str]]:
    if number < CLIENTS // 4:
        signed = {"X-API-KEY": str(uuid4()), "X-API-TIMESTAMP": "1", "X-API-SIGNATURE": "0" * 64}
        return "/api/v1/balances", None, signed
    return QUESTIONS[asked % len(QUESTIONS)], None, {"Authorization": f"Bearer {target.exchange.tokens['maker']}"}
