"""What a person with curl can do to a running copy of the exchange."""

import contextlib
import json
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import psycopg

from config.embedded.processes import end_leftovers
from config.embedded.settings import LOOPBACK
from config.embedded.supervision import socket_folder
from tests.launcher.copies import PORT_NAMES, start, wait_for_line

PRICE = "65000.00"


class RunningExchange:
    """What a person with curl can do to a running copy, and what the launcher shows."""

    def __init__(self, environment: dict[str, str], launcher: "subprocess.Popen[str]", shown: list[str]) -> None:
        self.environment = environment
        self.launcher = launcher
        self.shown = shown  # until it was open
        self.web = f"{LOOPBACK}:{environment['WEB_PORT']}"
        self.api = f"{LOOPBACK}:{environment['API_PORT']}"
        self.tokens: dict[str, str] = {}
        self.tokens = {name: self._log_in(name) for name in ("maker", "taker")}

    def call(self, method: str, path: str, body: Any = None, user: str | None = None) -> tuple[int, Any]:
        """Call the API role; return the status and the answer."""
        headers = {"Content-Type": "application/json"}
        if user:
            headers["Authorization"] = f"Bearer {self.tokens[user]}"
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"http://{self.api}{path}", data, headers, method=method)
        try:
            with urlopen(request, timeout=10) as answer:
                return answer.status, json.load(answer)
        except HTTPError as error:
            return error.code, json.load(error)

    def place(self, user: str, **order: Any) -> tuple[int, Any]:
        order = {"symbol": "BTC/USDT", "type": "limit", "price": PRICE, "quantity": "0.01"} | order
        return self.call("POST", "/api/v1/orders", order, user)

    def balance(self, user: str, asset: str) -> dict[str, str]:
        _, answer = self.call("GET", "/api/v1/balances", user=user)
        found: dict[str, str] = next(row for row in answer["data"] if row["asset"] == asset)
        return found

    def database(self, address: str = "DATABASE_URL") -> psycopg.Connection:
        """Connect to the copy's own PostgreSQL, as the application or by another address that the copy keeps."""
        kept = Path(self.environment["DATA_DIR"], "environment").read_text().splitlines()
        lines = dict(line.split("=", 1) for line in kept)
        return psycopg.connect(lines[address], autocommit=True)

    def _log_in(self, name: str) -> str:
        credentials = {"username": name, "password": "demo-password"}
        status, answer = self.call("POST", "/api/v1/auth/token", credentials)
        assert status == 200, answer
        token: str = answer["data"]["access"]
        return token


@contextmanager
def running(environment: dict[str, str], *, in_a_hurry: bool = False) -> Iterator[RunningExchange]:
    """Start a copy with the launcher and stop it when the block ends, asking once or twice: nothing may be left."""
    launcher = start(environment)
    try:
        shown = wait_for_line(launcher, "The exchange is open.")
        yield RunningExchange(environment, launcher, shown)
        launcher.send_signal(signal.SIGINT if in_a_hurry else signal.SIGTERM)
        if in_a_hurry:
            wait_for_line(launcher, "Stopping;")
            launcher.send_signal(signal.SIGINT)
        rest, complaint = launcher.communicate(timeout=60)
        assert (launcher.returncode, complaint) == (130 if in_a_hurry else 0, "")
        assert "Everything has stopped." in rest
        assert_gone(environment)
    finally:
        with contextlib.suppress(ProcessLookupError):
            launcher.kill()
        launcher.communicate()


def assert_gone(environment: dict[str, str]) -> None:
    data_dir = Path(environment["DATA_DIR"])
    assert [name for name in PORT_NAMES if _is_open(environment[name])] == []
    assert end_leftovers(data_dir, data_dir / "postgres" / "data") == 0
    assert not socket_folder(data_dir).exists()


def _is_open(port: str) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, int(port))) == 0


def eventually(attempt: Callable[[], Any], what: str, timeout_s: float = 30.0) -> Any:
    """Return the first true result of an attempt."""
    deadline = time.monotonic() + timeout_s
    while True:
        with contextlib.suppress(OSError):
            if result := attempt():
                return result
        assert time.monotonic() < deadline, f"waited {timeout_s} s in vain for {what}"
        time.sleep(0.05)
