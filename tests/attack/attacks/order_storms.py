"""Orders, dead man's switches and cancels of one account, as many as go out."""

from typing import Any

from tests.attack.attack import Attack, Until
from tests.attack.requests import Question, ask_by_many
from tests.attack.target import Target

CLIENTS = 8
_ORDER = {"symbol": "ETH/USDT", "side": "buy", "type": "limit", "price": "1.00", "quantity": "0.01"}
_COMMANDS: tuple[tuple[str, str, Any], ...] = (
    ("POST", "/api/v1/orders/cancel-after", {"timeout_ms": 60_000}),
    ("POST", "/api/v1/orders/batch", {"orders": [_ORDER] * 20}),
    ("DELETE", "/api/v1/orders", None),
    ("POST", "/api/v1/orders", _ORDER | {"symbol": "NO/SUCH"}),
)


class OrderStorms(Attack):
    """One account sends commands on several connections: what is within its limit is served, the rest refused."""

    name = "order storms"

    def run(self, target: Target, until: Until) -> str:
        bearer = {"Authorization": f"Bearer {target.exchange.tokens['maker']}", "Content-Type": "application/json"}

        def question(number: int, asked: int) -> Question:
            return *_COMMANDS[(number + asked) % len(_COMMANDS)], bearer

        return ask_by_many(until, [target.api_port], question, clients=CLIENTS)
