"""Own lists that are followed: as a client of the REST interface sees them, by the reference client."""

from collections.abc import Callable
from typing import Any

from rest_framework.test import APIClient
from trade_engine_client import Changes

ORDERS, TRADES, LEDGER = "/api/v1/orders", "/api/v1/trades", "/api/v1/ledger"


def asker(client: APIClient) -> Callable[[str], dict[str, Any]]:
    """Return what the reference client asks by."""

    def ask(target: str) -> dict[str, Any]:
        answer = client.get(target)
        assert answer.status_code == 200, answer.content
        body: dict[str, Any] = answer.json()
        return body

    return ask


def orders_of(client: APIClient, after: str = "start", **query: str) -> Changes:
    return Changes(asker(client), ORDERS, after, **query)


def trades_of(client: APIClient, after: str = "start", **query: str) -> Changes:
    return Changes(asker(client), TRADES, after, mine="true", **query)


def entries_of(client: APIClient, after: str = "start", path: str = LEDGER) -> Changes:
    return Changes(asker(client), path, after)
