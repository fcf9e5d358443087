"""Questions that cost much: the longest pages of one's own orders, the document of the interface, unknown API keys."""

from uuid import uuid4

from tests.attack.attack import Attack, Until
from tests.attack.requests import Question, ask_by_many
from tests.attack.target import Target

CLIENTS = 8
QUESTIONS = (
    "/api/v1/orders?limit=1000",
    "/api/v1/ledger?limit=1000",
    "/api/v1/trades?limit=1000",
    "/api/v1/markets/BTC-USDT/candles?timeframe=1m&limit=1000&to=2026-01-01T00:00:00Z",
    "/api/schema",
)


class HeavyReads(Attack):
    """One account asks for as much as it may on several connections, and a stranger guesses API keys beside it."""

    name = "heavy reads"

    def run(self, target: Target, until: Until) -> str:
        bearer = {"Authorization": f"Bearer {target.exchange.tokens['maker']}"}

        def question(number: int, asked: int) -> Question:
            if number < CLIENTS // 4:
                signed = {"X-API-KEY": str(uuid4()), "X-API-TIMESTAMP": "1", "X-API-SIGNATURE": "0" * 64}
                return "GET", "/api/v1/balances", None, signed
            return "GET", QUESTIONS[asked % len(QUESTIONS)], None, bearer

        return ask_by_many(until, [target.api_port, target.web_port], question, clients=CLIENTS)
