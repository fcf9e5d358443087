"""`POST /orders` through the api role: kept-alive connections from a process of its own, each answer after its commit.

Run with `python -m benchmarks rest`.
"""

import hmac
import json
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from benchmarks.durable import wait_until_settled
from benchmarks.environment import api_url, is_ready, roles, wait_for
from benchmarks.figures import make_market, make_traders, percentiles_ms

if TYPE_CHECKING:
    from exchange.models import Market

SEED = 20_240_617
USERS = 32
CONNECTIONS = 32
WARM_UP = 1_000
ORDERS = 8_000
PASSWORD = "a benchmark is no secret"  # noqa: S105  (accounts of a temporary database)
WORKLOAD = (
    f"seed {SEED}: {ORDERS:,} orders after {WARM_UP:,} to warm up, {CONNECTIONS} kept-alive connections of "
    f"{USERS} users, each sends the next order when it has its answer; 85 % limit GTC, 15 % limit IOC, price "
    "within 50 ticks of the middle, either side; every order with a client order id. The load process, api "
    "(WSGI, 1 worker, 24 threads), engine, Celery worker, PostgreSQL and Valkey share the machine; a latency "
    "runs from the first byte sent to the last one read"
)

# Journal rows are never updated, so the transaction that wrote one is the one that committed its orders.
_COMMITTED_LATE = """
    SELECT count(*) FILTER (WHERE committed IS NULL OR committed > answered), count(*), min(answered - committed)
    FROM (
        SELECT wanted.answered, extract(epoch FROM pg_xact_commit_timestamp(batch.xmin)) AS committed
        FROM unnest(%s::uuid[], %s::float8[]) AS wanted (id, answered)
        JOIN orders_order placed ON placed.id = wanted.id
        JOIN orders_journalbatch batch ON batch.market_id = placed.market_id
            AND placed.priority BETWEEN batch.first_seq AND batch.last_seq
    ) answers
"""


def run() -> dict[str, Any]:
    """Measure, then prove for every answer that its order was committed before the answer was read."""
    import django

    django.setup()
    from settlement.selectors import ledger_imbalances

    market = make_market()
    users = make_traders(market, USERS, PASSWORD)
    with roles("worker", "engine", "api"):
        wait_for("the api role", lambda: is_ready(api_url()), pause_s=0.1)
        tokens = [log_in(user.username) for user in users]
        load(market, tokens, WARM_UP, "warm")
        answers = load(market, tokens, ORDERS, "main")
        wait_until_settled(market)
    proof = _prove(answers["orders"])
    assert ledger_imbalances() == [], "Invariant: no coin appears or disappears"
    figures = percentiles_ms(answers["latencies"])
    return {
        "rest_orders_per_s": round(ORDERS / answers["elapsed_s"]),
        "rest_p50_ms": figures["p50"],
        "rest_p99_ms": figures["p99"],
        "rest_max_ms": figures["max"],
        "workload": WORKLOAD,
        "ms": figures,
        "outcomes": answers["outcomes"],
        "proof": proof,
    }


def _prove(orders: list[tuple[str, float]]) -> str:
    import psycopg
    from django.conf import settings

    ids, answered = [order_id for order_id, _ in orders], [at for _, at in orders]
    with psycopg.connect(settings.ENGINE_DATABASE_URL) as connection:
        row = connection.execute(_COMMITTED_LATE, [ids, answered]).fetchone()
    assert row is not None, "Invariant: counting gives a row"
    late, found, closest_s = row
    assert (late, found) == (0, len(orders)), f"Invariant: {late} late and {found} found of {len(orders)} answers"
    return f"all {found:,} answers after their commit, the closest by {float(closest_s) * 1000:.1f} ms"


def log_in(username: str) -> str:
    connection = connect()
    body = json.dumps({"username": username, "password": PASSWORD})
    connection.request("POST", "/api/v1/auth/token", body, {"Content-Type": "application/json"})
    document = json.loads(connection.getresponse().read())
    connection.close()
    return str(document["data"]["access"])


def load(
    market: "Market", logins: Sequence[Any], total: int, tag: str, request: tuple[str, str] = ("POST", "/api/v1/orders")
) -> dict[str, Any]:
    """Run the load in a process of its own, whose interpreter lock is not ours. A login is a token or a key."""
    order = {
        "url": api_url(),
        "symbol": market.slug,
        "logins": logins,
        "total": total,
        "tag": f"{market.pk}:{tag}",
        "request": request,
    }
    finished = subprocess.run(
        [sys.executable, "-m", "benchmarks.rest"], input=json.dumps(order), capture_output=True, text=True, check=True
    )
    answers: dict[str, Any] = json.loads(finished.stdout)
    return answers


# --- the load process -----------------------------------------------------------------------------------


class Client(threading.Thread):
    """One connection that sends order after order."""

    def __init__(self, number: int, job: dict[str, Any]) -> None:
        super().__init__(daemon=True)
        self._random = random.Random(SEED + number)
        self._job = job
        self._number = number
        self._login: Any = job["logins"][number % len(job["logins"])]  # a token, or id and secret of a key
        self._http = connect(job["url"])
        self._http.connect()
        self.latencies: list[float] = []
        self.orders: list[tuple[str, float]] = []
        self.outcomes: Counter[str] = Counter()

    def run(self) -> None:
        method, target = self._job.get("request", ("POST", "/api/v1/orders"))
        for count in range(self._job["total"] // CONNECTIONS):
            body = json.dumps(self._order(count)).encode() if method == "POST" else b""
            began = time.perf_counter()
            self._http.request(method, target, body, self._headers(method, target, body))
            response = self._http.getresponse()
            payload = response.read()
            self.latencies.append(time.perf_counter() - began)
            answered_at = time.time()
            self._note(response.status, json.loads(payload), answered_at)

    def _headers(self, method: str, target: str, body: bytes) -> dict[str, str]:
        """Authenticate: by a token, or by signing with an API key, which is what takes longer here."""
        headers = {"Content-Type": "application/json"}
        if isinstance(self._login, str):
            return headers | {"Authorization": f"Bearer {self._login}"}
        key_id, secret = self._login
        timestamp = str(time.time_ns() // 1_000_000)
        payload = f"{timestamp}{method}{target}".encode() + body
        signature = hmac.digest(secret.encode(), payload, "sha256").hex()
        return headers | {"X-API-KEY": key_id, "X-API-TIMESTAMP": timestamp, "X-API-SIGNATURE": signature}

    def _note(self, status: int, document: dict[str, Any], answered_at: float) -> None:
        if status == 200:
            self.outcomes["200"] += 1
        elif status == 201:
            self.outcomes["201"] += 1
            self.orders.append((document["data"]["order"]["id"], answered_at))
        else:
            self.outcomes[f"{status} {document['error']['code']}"] += 1

    def _order(self, count: int) -> dict[str, str]:
        rnd = self._random
        cents = 10_000 + rnd.randint(-50, 50)
        return {
            "symbol": self._job["symbol"],
            "side": rnd.choice(("buy", "sell")),
            "type": "limit",
            "time_in_force": "gtc" if rnd.random() < 0.85 else "ioc",
            "price": f"{cents / 100:.2f}",
            "quantity": f"{rnd.randint(1, 2_000) / 10_000:.4f}",
            "client_order_id": f"{self._job['tag']}:{self._number}:{count}",
        }


def connect(url: str | None = None) -> HTTPConnection:
    parts = urlsplit(url or api_url())
    assert parts.hostname is not None, "Invariant: the api role has an address"
    return HTTPConnection(parts.hostname, parts.port, timeout=30)


def main() -> None:
    """Read the job from standard input, run it, write the answers to standard output."""
    job = json.loads(sys.stdin.read())
    clients = [Client(number, job) for number in range(CONNECTIONS)]
    began = time.perf_counter()
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    elapsed_s = time.perf_counter() - began
    answers = {
        "elapsed_s": elapsed_s,
        "latencies": [latency for client in clients for latency in client.latencies],
        "orders": [order for client in clients for order in client.orders],
        "outcomes": sum((client.outcomes for client in clients), Counter()),
    }
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
