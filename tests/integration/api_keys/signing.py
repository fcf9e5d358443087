"""API keys of the cast, and clients that sign what they send."""

import hashlib
import hmac
import time
from typing import Any

import orjson
from django.utils import timezone
from rest_framework.test import APIClient

from exchange.models import User
from exchange.services import NewApiKey, api_key_create

KEYS, ORDERS = "/api/v1/api-keys", "/api/v1/orders"
Answer = tuple[int, str]


def make_key(user: User, *scopes: str, **fields: Any) -> NewApiKey:
    """Make a key that may read and trade, unless scopes are given."""
    scopes = scopes or ("read", "trade")
    return api_key_create(user=user, label="test", scopes=scopes, now=timezone.now(), **fields)


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class Signer:
    """Signs as the documentation says and nothing else; each part of a request can be replaced by something wrong."""

    def __init__(self, key: NewApiKey) -> None:
        self._be(str(key.row.pk), key.secret)

    @classmethod
    def of(cls, key_id: str, secret: str) -> "Signer":
        """Sign with what an answer said."""
        signer = cls.__new__(cls)
        signer._be(key_id, secret)
        return signer

    def _be(self, key_id: str, secret: str) -> None:
        self.id, self.secret, self._last_ms = key_id, secret, 0

    def headers(self, method: str, target: str, body: bytes = b"", timestamp: str | None = None) -> dict[str, str]:
        timestamp = timestamp or self.timestamp()
        payload = f"{timestamp}{method}{target}".encode() + body
        signature = hmac.new(self.secret.encode(), payload, hashlib.sha256).hexdigest()
        return {"X-API-KEY": self.id, "X-API-TIMESTAMP": timestamp, "X-API-SIGNATURE": signature}

    def timestamp(self, *, age_ms: int = 0) -> str:
        self._last_ms = max(now_ms(), self._last_ms + 1)
        return str(self._last_ms - age_ms)

    def get(self, target: str, **changes: Any) -> Any:
        return self.send("GET", target, **changes)

    def send(self, method: str, target: str, body: Any = None, **changes: Any) -> Any:
        """Send a signed request through the whole stack; `changes` replace headers, None leaves one out."""
        content = b"" if body is None else body if isinstance(body, bytes) else orjson.dumps(body)
        timestamp = changes.pop("timestamp", None)
        headers = self.headers(method, target, content, timestamp) | changes.pop("headers", {})
        return send(method, target, content, {name: value for name, value in headers.items() if value is not None})


def send(method: str, target: str, body: bytes, headers: dict[str, str]) -> Any:
    """Send a request as it is through the whole stack."""
    client: Any = APIClient(raise_request_exception=False)
    return client.generic(method, target, body, content_type="application/json", headers=headers)


def status_and_code(answer: Any) -> Answer:
    """Return the status of an answer and its error's code."""
    return answer.status_code, answer.json().get("error", {}).get("code", "")


def message(answer: Any) -> str:
    text: str = answer.json()["error"]["message"]
    return text
