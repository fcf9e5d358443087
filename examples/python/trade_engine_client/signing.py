"""Requests signed with an API key.

    key = ApiKey(key_id, secret)
    requests.post(url, json=order, auth=key)

No dependencies: requests is not needed to sign what another client sends.
"""

import hashlib
import hmac
import threading
import time
from typing import Any


class ApiKey:
    """The id and the secret of `POST /api/v1/api-keys`. Safe to share between threads."""

    def __init__(self, key_id: str, secret: str) -> None:
        self._id = key_id
        self._secret = secret.encode()
        self._last_ms = 0
        self._lock = threading.Lock()

    def headers(self, method: str, target: str, body: bytes = b"") -> dict[str, str]:
        """Return the headers of a request; `target` is path and query as they are sent, `body` likewise."""
        timestamp = str(self._timestamp_ms())
        signature = self.signature(timestamp, method, target, body)
        return {"X-API-KEY": self._id, "X-API-TIMESTAMP": timestamp, "X-API-SIGNATURE": signature}

    def login(self) -> dict[str, Any]:
        """Return the fields that log a connection to `/ws/orders` in."""
        timestamp = self._timestamp_ms()
        signature = self.signature(str(timestamp), "GET", "/ws/orders")
        return {"api_key": self._id, "timestamp": timestamp, "signature": signature}

    def signature(self, timestamp: str, method: str, target: str, body: bytes = b"") -> str:
        payload = f"{timestamp}{method}{target}".encode() + body
        return hmac.new(self._secret, payload, hashlib.sha256).hexdigest()

    def __call__(self, request: Any) -> Any:
        """Sign a prepared request of requests, whose body is bytes, text or nothing."""
        body = request.body or b""
        body = body.encode() if isinstance(body, str) else body
        request.headers.update(self.headers(request.method, request.path_url, body))
        return request

    def _timestamp_ms(self) -> int:
        """Return a time of its own for each signature: the same request twice in a millisecond would be refused."""
        with self._lock:
            self._last_ms = max(time.time_ns() // 1_000_000, self._last_ms + 1)
            return self._last_ms
