"""The operations of the REST interface: which there are, what clients call them, and who may ask for each."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from django.urls import URLPattern, URLResolver, get_resolver, resolve
from rest_framework.test import APIClient

from tests.contract.openapi import published_document

PREFIX = "/api/v1/"
OPERATIONS = """
method  path                                   operationId                   who           scope of a key
GET     api-keys                               api_keys_list                 login         -
POST    api-keys                               api_keys_create               login         -
DELETE  api-keys                               api_keys_destroy_all          login         -
DELETE  api-keys/{key_id}                      api_keys_destroy              login         -
POST    auth/token                             auth_token_create             public        -
POST    auth/token/refresh                     auth_token_refresh_create     public        -
POST    auth/token/revoke                      auth_token_revoke_create      public        -
GET     balances                               balances_list                 login or key  -
GET     balances/{asset}/entries               balances_entries_list         login or key  -
POST    demo/accounts                          demo_accounts_create          public        -
GET     fees                                   fees_list                     login or key  -
GET     ledger                                 ledger_list                   login or key  -
GET     markets                                markets_list                  public        -
GET     markets/{symbol}                       markets_retrieve              public        -
GET     markets/{symbol}/candles               markets_candles_list          public        -
GET     markets/{symbol}/stats                 markets_stats_retrieve        public        -
GET     markets/{symbol}/ticker                markets_ticker_retrieve       public        -
GET     markets/{symbol}/trades                markets_trades_list           public        -
GET     orderbook/{symbol}                     orderbook_retrieve            public        -
GET     orders                                 orders_list                   login or key  -
POST    orders                                 orders_create                 login or key  trade
DELETE  orders                                 orders_destroy_all            login or key  trade
POST    orders/batch                           orders_batch_create           login or key  trade
POST    orders/bracket                         orders_bracket_create         login or key  trade
GET     orders/by-client-id/{client_order_id}  orders_by_client_id_retrieve  login or key  -
POST    orders/cancel-after                    orders_cancel_after_create    login or key  trade
POST    orders/oco                             orders_oco_create             login or key  trade
GET     orders/{order_id}                      orders_retrieve               login or key  -
PATCH   orders/{order_id}                      orders_partial_update         login or key  trade
DELETE  orders/{order_id}                      orders_destroy                login or key  trade
GET     portfolio                              portfolio_retrieve            login or key  -
GET     trades                                 trades_list                   anybody       -
GET     trades/{trade_id}                      trades_retrieve               public        -
"""
WHO = {
    "public": [""],
    "login": ["bearer"],
    "login or key": ["bearer", "apiKey"],
    "anybody": ["bearer", "apiKey", ""],
}


class Operation(NamedTuple):
    method: str
    path: str
    id: str
    who: str
    scope: str


EXPECTED = [Operation(*re.split(r"\s{2,}", line)) for line in OPERATIONS.strip().splitlines()[1:]]
PATHS = list(dict.fromkeys(operation.path for operation in EXPECTED))


def described() -> Iterator[Operation]:
    for path, item in published_document()["paths"].items():
        for method, operation in item.items():
            schemes = [next(iter(requirement), "") for requirement in operation["security"]]
            who = next(who for who, known in WHO.items() if known == schemes)
            name, scope = operation["operationId"], scope_of_a_key(method, path)
            yield Operation(method.upper(), path.removeprefix(PREFIX), name, who, scope)


def scope_of_a_key(method: str, path: str) -> str:
    """Return the scope that the view names for what changes something."""
    view: Any = resolve(sample(path)).func
    scopes = getattr(view.cls, "key_scopes", {})
    return "-" if method == "get" else scopes.get(getattr(view, "actions", {}).get(method), "-")


def sample(path: str) -> str:
    return re.sub(r"\{\w+\}", "x", path)


def routes(patterns: list[URLPattern | URLResolver], above: str = "") -> Iterator[str]:
    for pattern in patterns:
        route = above + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, route)
        else:
            yield route


def test_the_document_has_these_operations_and_no_others() -> None:
    assert sorted(described()) == sorted(EXPECTED)


def test_whatever_has_a_path_is_in_the_document() -> None:
    served = {f"/{route}" for route in routes(get_resolver().url_patterns) if f"/{route}".startswith(PREFIX)}
    index = ""  # leads to the document

    assert {re.sub(r"<str:(\w+)>", r"{\1}", route.removeprefix(PREFIX)) for route in served} == {*PATHS, index}


@pytest.mark.parametrize("path", PATHS)
def test_a_path_allows_the_methods_it_is_described_with(path: str) -> None:
    methods = {operation.method for operation in EXPECTED if operation.path == path}
    expected = methods | {"OPTIONS"} | ({"HEAD"} if "GET" in methods else set())

    answer = APIClient().options(PREFIX + sample(path))

    assert set(answer.headers["Allow"].split(", ")) == expected


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("ending", ["/", ".json", "\n"])
def test_a_path_is_matched_to_the_letter(path: str, ending: str) -> None:
    route = resolve(PREFIX + sample(path)).route
    is_part_of_a_name = path.endswith("}") and ending != "/"

    assert (resolve(PREFIX + sample(path) + ending).route == route) is is_part_of_a_name
