"""What signing with an API key costs compared with a token: the same load in turns, on the same processes.

Run with `python -m benchmarks signed`.
"""

from collections import Counter
from statistics import median
from typing import Any

from benchmarks.durable import wait_until_settled
from benchmarks.environment import api_url, is_ready, roles, wait_for
from benchmarks.figures import make_market, make_traders, percentiles_ms
from benchmarks.rest import CONNECTIONS, PASSWORD, SEED, USERS, load, log_in

ROUNDS = 4
REQUESTS = 1_600
KINDS = {"orders": ("POST", "/api/v1/orders"), "reads": ("GET", "/api/v1/balances")}
WORKLOAD = (
    f"seed {SEED}: {ROUNDS} rounds of {REQUESTS:,} requests each with tokens and then with API keys, by turns; "
    f"{CONNECTIONS} kept-alive connections of {USERS} users. Orders as in the workload rest; reads are GET /balances. "
    "The load process signs its requests; api (WSGI, 1 worker, 24 threads), engine, worker, PostgreSQL and Valkey "
    "share the machine. Ratio: signed to token, of the median rates"
)


def run() -> dict[str, Any]:
    """Measure both kinds of login in turns, so that what else happens on the machine meets both."""
    import django

    django.setup()

    market = make_market()
    users = make_traders(market, USERS, PASSWORD)
    result: dict[str, Any] = {"workload": WORKLOAD}
    with roles("worker", "engine", "api"):
        wait_for("the api role", lambda: is_ready(api_url()), pause_s=0.1)
        tokens = [log_in(user.username) for user in users]
        logins: dict[str, list[Any]] = {"token": tokens, "signed": [_make_key(user) for user in users]}
        for kind, request in KINDS.items():
            result |= _compare(market, logins, kind, request)
        wait_until_settled(market)
    return result


def _compare(market: Any, logins: dict[str, list[Any]], kind: str, request: tuple[str, str]) -> dict[str, Any]:
    rates: dict[str, list[float]] = {name: [] for name in logins}
    latencies: dict[str, list[float]] = {name: [] for name in logins}
    outcomes: Counter[str] = Counter()
    for round_number in range(ROUNDS + 1):
        for name, whose in logins.items():
            answers = load(market, whose, REQUESTS, f"{kind}:{name}:{round_number}", request)
            if round_number:  # the first warms up
                rates[name].append(REQUESTS / answers["elapsed_s"])
                latencies[name] += answers["latencies"]
                outcomes += Counter(answers["outcomes"])
    medians = {name: median(values) for name, values in rates.items()}
    return {
        f"{kind}_per_s": {name: round(value) for name, value in medians.items()},
        f"{kind}_ratio": round(medians["signed"] / medians["token"], 3),
        f"{kind}_rounds": {name: " ".join(f"{value:.0f}" for value in values) for name, values in rates.items()},
        f"{kind}_token_ms": percentiles_ms(latencies["token"]),
        f"{kind}_signed_ms": percentiles_ms(latencies["signed"]),
        f"{kind}_outcomes": dict(outcomes),
    }


def _make_key(user: Any) -> tuple[str, str]:
    from django.utils import timezone

    from exchange.services import api_key_create

    made = api_key_create(user=user, label="benchmark", scopes=["trade"], now=timezone.now())
    return str(made.row.pk), made.secret
