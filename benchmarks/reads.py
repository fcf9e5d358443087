"""Hot reads over REST: how long they take and how old they are, with Valkey well, suspended and gone.

Run with `python -m benchmarks reads`.
"""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any

from benchmarks.environment import api_url, is_ready, roles, wait_for
from benchmarks.figures import make_market, make_traders, percentiles_ms
from benchmarks.rest import PASSWORD, connect, log_in

if TYPE_CHECKING:
    from exchange.models import Market

SEED = 20_240_618
READERS = 16
SECONDS = 8
ORDERS_PER_S = 50
SETTLE_S = 1.0  # between a change of Valkey's state and the measurement of what lasts
WORKLOAD = (
    f"seed {SEED}: {READERS} kept-alive connections ask for book, ticker, statistics and trades in turn, each at once"
    f" when it has its answer, {SECONDS} s a phase; in the first phase {ORDERS_PER_S} orders/s come in, in the others"
    " Valkey is suspended (SIGSTOP) or gone, without which no order can come in. How old: of each answer and each batch"
    " that it does not show, the time from the batch's commit, as PostgreSQL notes it, to when the answer was asked for"
)
_COMMITS = """
    SELECT last_seq, extract(epoch FROM pg_xact_commit_timestamp(xmin))::float8 FROM orders_journalbatch
    WHERE market_id = %s ORDER BY last_seq
"""
_BOOK = 0  # the paths by number


def run() -> dict[str, Any]:
    """Measure. Every read must be answered with 200 in every phase."""
    import django

    django.setup()
    market = make_market()
    users = make_traders(market, 2, PASSWORD)
    pid = _valkey_pid()
    with roles("engine", "api"):
        wait_for("the api role", lambda: is_ready(api_url()), pause_s=0.1)
        flow = _Flow(market, [log_in(user.username) for user in users])
        flow.start()
        _read(market, 2)  # to warm up
        well = _read(market, SECONDS)
        flow.stop()
        os.kill(pid, signal.SIGSTOP)
        try:
            turning, suspended = _read(market, 1), _read(market, SECONDS)
        finally:
            os.kill(pid, signal.SIGCONT)
        time.sleep(SETTLE_S)
        os.kill(pid, signal.SIGKILL)
        gone = _read(market, SECONDS)
    stale = _ages(market, well)
    phases = {"well": well, "suspended just now": turning, "suspended": suspended, "gone": gone}
    return {
        "reads_suspended_p99_ms": _figures(suspended)["p99"],
        "reads_stale_ms_max": stale["max"],
        "workload": WORKLOAD,
        "phases": [{"valkey": name, "reads_per_s": _rate(found), **_figures(found)} for name, found in phases.items()],
        "stale_ms": stale,
    }


def _valkey_pid() -> int:
    from base.valkey import valkey

    server: dict[str, Any] = valkey().info("server")
    return int(server["process_id"])


def _paths(market: "Market") -> list[str]:
    root = f"/api/v1/markets/{market.slug}"
    book = f"/api/v1/orderbook/{market.slug}"
    return [f"{book}?depth=20", f"{root}/ticker", f"{root}/stats", f"{root}/trades?limit=50"]


def _figures(found: dict[str, Any]) -> dict[str, float]:
    return percentiles_ms([received - sent for _, sent, received, _ in found["answers"]])


def _rate(found: dict[str, Any]) -> int:
    elapsed_s: float = found["elapsed_s"]
    return round(len(found["answers"]) / elapsed_s)


def _ages(market: "Market", found: dict[str, Any]) -> dict[str, float]:
    """Return how old books were: 0 for those that showed every batch committed before they were asked for."""
    import bisect

    import psycopg
    from django.conf import settings

    with psycopg.connect(settings.ENGINE_DATABASE_URL) as connection:
        commits = connection.execute(_COMMITS, [market.pk]).fetchall()
    seqs, times = [row[0] for row in commits], [row[1] for row in commits]
    ages = []
    for path, sent, _, seq in found["answers"]:
        if path == _BOOK:
            missing = bisect.bisect_right(seqs, seq)  # the first batch that the answer does not show
            ages.append(max(0.0, sent - times[missing]) if missing < len(times) else 0.0)
    return percentiles_ms(ages)


class _Flow(threading.Thread):
    """A steady flow of orders of two users, a buyer and a seller, so that there is something to be late with."""

    def __init__(self, market: "Market", tokens: list[str]) -> None:
        super().__init__(daemon=True)
        self._market = market
        self._tokens = tokens
        self._is_over = threading.Event()
        self._refused: list[bytes] = []
        self._random = random.Random(SEED)

    def stop(self) -> None:
        """End it. Every order must have been taken."""
        self._is_over.set()
        self.join()
        assert not self._refused, self._refused

    def run(self) -> None:
        http, began, count = connect(), time.monotonic(), 0
        while not self._is_over.wait(max(0.0, began + count / ORDERS_PER_S - time.monotonic())):
            count += 1
            headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self._tokens[count % 2]}"}
            http.request("POST", "/api/v1/orders", json.dumps(self._order(("sell", "buy")[count % 2])), headers)
            answer = http.getresponse()
            text = answer.read()
            if answer.status != 201:
                self._refused.append(text)

    def _order(self, side: str) -> dict[str, str]:
        price = f"{(10_000 + self._random.randint(-20, 20)) / 100:.2f}"
        return {"symbol": self._market.slug, "side": side, "type": "limit", "price": price, "quantity": "0.1"}


def _read(market: "Market", seconds: float) -> dict[str, Any]:
    """Read in a process of its own, whose interpreter lock is not ours."""
    job = json.dumps({"url": api_url(), "paths": _paths(market), "seconds": seconds})
    finished = subprocess.run(
        [sys.executable, "-m", "benchmarks.reads"], input=job, capture_output=True, text=True, check=True
    )
    found: dict[str, Any] = json.loads(finished.stdout)
    assert set(found["statuses"]) == {"200"}, f"Invariant: reads need no Valkey: {found['statuses']}"
    return found


# --- the load process -----------------------------------------------------------------------------------


class _Reader(threading.Thread):
    def __init__(self, number: int, job: dict[str, Any]) -> None:
        super().__init__(daemon=True)
        self._number = number
        self._job = job
        self.answers: list[tuple[int, float, float, int]] = []  # path, asked, answered, seq of a book
        self.statuses: Counter[str] = Counter()

    def run(self) -> None:
        http: HTTPConnection = connect(self._job["url"])
        end, count = time.time() + self._job["seconds"], self._number
        while (sent := time.time()) < end:
            path = count % len(self._job["paths"])
            count += 1
            http.request("GET", self._job["paths"][path])
            answer = http.getresponse()
            text = answer.read()
            received = time.time()
            self.statuses[str(answer.status)] += 1
            self.answers.append((path, sent, received, json.loads(text)["data"]["seq"] if path == _BOOK else 0))


def main() -> None:
    """Read the job from standard input, run it, write the answers to standard output."""
    job = json.loads(sys.stdin.read())
    readers = [_Reader(number, job) for number in range(READERS)]
    began = time.perf_counter()
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    found = {
        "elapsed_s": time.perf_counter() - began,
        "answers": [answer for reader in readers for answer in reader.answers],
        "statuses": sum((reader.statuses for reader in readers), Counter()),
    }
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
