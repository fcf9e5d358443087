"""Somebody who only trades: asks every role for ordinary things, and notes how long each takes.

A process of its own, so that the attacker's work does not slow its clock: `python -m tests.attack.bystander`. It reads
a job from its first line of input, writes a line for each answer, and ends when its input ends.
"""

import http.client
import json
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from websockets.sync.client import connect

PAUSE_S = 0.04
TIMEOUT_S = 5.0
LOOPBACK = "127.0.0.1"
_write = threading.Lock()


def main() -> None:
    """Ask until standard input ends."""
    job = json.loads(sys.stdin.readline())
    for kind, ask in _questions(job).items():
        threading.Thread(target=_ask_on, args=(kind, ask), daemon=True).start()
    sys.stdin.read()


def _questions(job: dict[str, Any]) -> dict[str, Callable[[], bool]]:
    bearer = {"Authorization": f"Bearer {job['token']}", "Content-Type": "application/json"}
    api, web, trader = Line(job["api_port"]), Line(job["web_port"]), Line(job["api_port"])
    order = {
        "symbol": job["symbol"],
        "side": "buy",
        "type": "limit",
        "price": job["price"],
        "quantity": job["quantity"],
    }

    def place_and_cancel() -> bool:
        status, answer = trader.ask("POST", "/api/v1/orders", order, bearer)
        if status != 201:
            return False
        return trader.ask("DELETE", f"/api/v1/orders/{answer['data']['order']['id']}", None, bearer)[0] == 200

    return {
        "order": place_and_cancel,
        "ticker at api": lambda: api.ask("GET", f"/api/v1/markets/{job['slug']}/ticker")[0] == 200,
        "ticker at web": lambda: web.ask("GET", f"/api/v1/markets/{job['slug']}/ticker")[0] == 200,
        "ping at web": Socket(job["web_port"], job["slug"]).ping,
    }


class Line:
    """A kept-alive connection that is opened again when it breaks."""

    def __init__(self, port: int) -> None:
        self._http = http.client.HTTPConnection(LOOPBACK, port, timeout=TIMEOUT_S)

    def ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> tuple[int, Any]:
        try:
            self._http.request(method, path, None if body is None else json.dumps(body), headers or {})
            answer = self._http.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError):
            self._http.close()
            return 0, {}


class Socket:
    """A stream of a market, whose pings are answered in their turn."""

    def __init__(self, port: int, slug: str) -> None:
        self._url = f"ws://{LOOPBACK}:{port}/ws/markets/{slug}"
        self._socket: Any = None

    def ping(self) -> bool:
        try:
            if self._socket is None:
                self._socket = connect(self._url, open_timeout=TIMEOUT_S).__enter__()
            self._socket.send('{"op":"ping"}')
            return self._await_pong()
        except Exception:  # whatever breaks, the next ping opens another
            self._socket = None
            return False

    def _await_pong(self) -> bool:
        deadline = time.monotonic() + TIMEOUT_S
        while json.loads(self._socket.recv(timeout=deadline - time.monotonic())).get("type") != "pong":
            pass
        return True


def _ask_on(kind: str, ask: Callable[[], bool]) -> None:
    while True:
        began = time.monotonic()
        is_good = ask()
        took_s = time.monotonic() - began
        with _write:
            print(json.dumps([began, kind, took_s if is_good else max(took_s, TIMEOUT_S), is_good]), flush=True)
        time.sleep(PAUSE_S)


if __name__ == "__main__":
    main()
