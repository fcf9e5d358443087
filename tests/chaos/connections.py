"""HTTP as a client speaks it: one connection kept per endpoint, every request and answer in the diary."""

import contextlib
import http.client
import json
import time
from typing import Any

from config.embedded.settings import LOOPBACK
from tests.chaos.cast import PASSWORD
from tests.chaos.diary import Diary, Entry, Outages

PATIENCE_S = 7.0  # longer than a command may take


class Session:
    """One account's login and connections. Not for several threads."""

    def __init__(
        self, name: str, login: dict[str, str], ports: dict[str, int], diary: Diary, outages: Outages
    ) -> None:  # fmt: skip
        self.name = name
        self._login = login
        self._ports = ports
        self._diary = diary
        self._outages = outages
        self._connections: dict[str, http.client.HTTPConnection] = {}

    def twin(self) -> "Session":
        """Return a session of the same login with connections of its own."""
        return Session(self.name, self._login, self._ports, self._diary, self._outages)

    @property
    def token(self) -> str:
        return self._login["access"]

    def ask(self, what: str, endpoint: str, method: str, path: str, body: Any = None, **known: Any) -> Entry:
        """Send a request and wait for its answer; never raises. `known` is noted with the request."""
        entry = Entry(self.name, what, endpoint, time.time(), {"path": path, **(body or {}), **known})
        try:
            self._exchange(entry, method, path, body)
        except (OSError, http.client.HTTPException, ValueError) as error:
            entry.error = f"{type(error).__name__}: {error}"
            self._drop(endpoint)
        entry.answered = time.time()
        if entry.is_acknowledged and what != "read":
            self._outages.succeeded(endpoint)
        if what not in ("read", "token"):
            self._diary.add(entry)
        if entry.code in ("TOKEN_EXPIRED", "TOKEN_REVOKED"):
            self.log_in(endpoint)
        return entry

    def log_in(self, endpoint: str) -> bool:
        """Get a token; False when that did not work."""
        entry = self.ask("token", endpoint, "POST", "/api/v1/auth/token", {"username": self.name, "password": PASSWORD})
        return self._take_tokens(entry)

    def refresh(self, endpoint: str) -> bool:
        """Exchange the refresh token; who lost an answer logs in again."""
        entry = self.ask("token", endpoint, "POST", "/api/v1/auth/token/refresh", {"refresh": self._login["refresh"]})
        return self._take_tokens(entry) or self.log_in(endpoint)

    def close(self) -> None:
        """Close all connections."""
        for endpoint in list(self._connections):
            self._drop(endpoint)

    def _take_tokens(self, entry: Entry) -> bool:
        if entry.status == 200:
            self._login = {name: entry.data[name] for name in ("access", "refresh")}
        return entry.status == 200

    def _exchange(self, entry: Entry, method: str, path: str, body: Any) -> None:
        connection = self._connections.get(entry.endpoint)
        if connection is None:
            connection = http.client.HTTPConnection(LOOPBACK, self._ports[entry.endpoint], timeout=PATIENCE_S)
            self._connections[entry.endpoint] = connection
        headers = {"Content-Type": "application/json"}
        if entry.what != "token":
            headers["Authorization"] = f"Bearer {self.token}"
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        entry.status = answer.status
        document = json.loads(answer.read())
        entry.data, entry.meta = document.get("data"), document.get("meta", {})
        if error := document.get("error"):
            entry.code, entry.details = error["code"], error.get("details", {})

    def _drop(self, endpoint: str) -> None:
        if connection := self._connections.pop(endpoint, None):
            with contextlib.suppress(OSError):
                connection.close()
