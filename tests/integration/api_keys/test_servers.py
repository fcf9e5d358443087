"""Signed requests over real HTTP: both servers see what the client signed, and act as one."""

import http.client
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from django.utils import timezone
from trade_engine_client import ApiKey as ClientKey

from config.embedded.settings import PROJECT
from exchange.models import ApiKey, Market, User
from exchange.services import NewApiKey, api_key_revoke
from orders.models import Order
from tests.engines import running_engine, wait_until
from tests.fixtures import fresh_name, make_user
from tests.integration.api_keys.servers import running_role
from tests.integration.api_keys.signing import Signer, make_key

pytestmark = pytest.mark.xdist_group("api keys")

ROLES = ("api", "web")
PAGE = PROJECT / "docs" / "authentication.md"
PASSWORD = "demo-password"
TIMEOUT_S = 20


@pytest.fixture(scope="module")
def urls() -> Iterator[dict[str, str]]:
    with running_role("api") as api, running_role("web") as web:
        yield {"api": api, "web": web}


@pytest.fixture
def key(maker: User) -> NewApiKey:
    return make_key(maker)


@pytest.fixture
def client_key(key: NewApiKey) -> ClientKey:
    return ClientKey(str(key.row.pk), key.secret)


def raw(url: str, method: str, target: str, body: Any, headers: dict[str, str]) -> tuple[int, bytes]:
    """Send a request line as it is, which no library would touch."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=TIMEOUT_S)
    connection.request(method, target, body, {"Content-Type": "application/json"} | headers)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, content


@pytest.mark.parametrize("role", ROLES)
def test_an_order_lives_and_ends_by_signed_requests(
    urls: dict[str, str], role: str, client_key: ClientKey, market: Market, maker: User
) -> None:
    url = f"{urls[role]}/api/v1/orders"
    order = {"symbol": market.symbol, "side": "buy", "type": "limit", "quantity": "2", "price": "100"}
    json_type = {"Content-Type": "application/json"}
    with requests.Session() as session, running_engine(market):
        session.auth = client_key
        placed = session.post(url, json=order | {"client_order_id": "a:b"}, timeout=TIMEOUT_S)
        page = f"{url}/{placed.json()['data']['order']['id']}"
        answers = [
            session.get(url, params={"symbol": market.symbol, "limit": "5"}, timeout=TIMEOUT_S),
            session.get(f"{url}/by-client-id/a:b", timeout=TIMEOUT_S),
            session.get(f"{url}/by-client-id/a%3Ab", timeout=TIMEOUT_S),
            session.patch(page, data=b' {"quantity" : "1"}\n', headers=json_type, timeout=TIMEOUT_S),
            session.post(f"{url}/batch", json={"orders": [order, order]}, timeout=TIMEOUT_S),
            session.delete(page, timeout=TIMEOUT_S),
            session.delete(url, params={"symbol": market.symbol}, timeout=TIMEOUT_S),
        ]

    assert placed.status_code == 201, placed.text
    assert [(answer.status_code, answer.text) for answer in answers if answer.status_code != 200] == []
    assert answers[-1].json()["data"] == {"cancelled": 2}
    assert set(Order.objects.filter(user=maker).values_list("status", flat=True)) == {"cancelled"}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    "target",
    [
        "/api/v1/orders?limit=5&symbol=&x=%c3%a9+%2b",
        "/api/v1/orders?",
        "/api/v1/orders/by-client-id/a:b",
        "/api/v1/orders/by-client-id/a%3Ab",
        "/api/v1/orders/by-client-id/a%20b",
        "/api/v1/balances?limit=%35",
    ],
)
def test_path_and_query_are_signed_as_they_are_sent(
    urls: dict[str, str], role: str, key: NewApiKey, target: str
) -> None:
    signed = target.removesuffix("?")

    status, content = raw(urls[role], "GET", target, None, Signer(key).headers("GET", signed))

    assert status in (200, 400, 404), content
    assert raw(urls[role], "GET", target + "&y=1", None, Signer(key).headers("GET", signed))[0] == 401


@pytest.mark.parametrize("role", ROLES)
def test_a_body_in_chunks_is_signed_like_any_other(urls: dict[str, str], role: str, key: NewApiKey) -> None:
    target, body = "/api/v1/orders/cancel-after", b'{"timeout_ms": 1}'
    good, bad = Signer(key).headers("POST", target, body), Signer(key).headers("POST", target, body + b" ")

    assert raw(urls[role], "POST", target, iter([body[:5], body[5:]]), good)[0] == 400  # 1 ms is too short
    assert raw(urls[role], "POST", target, iter([body[:5], body[5:]]), bad)[0] == 401


def test_a_signature_that_one_process_has_seen_is_refused_by_the_other(urls: dict[str, str], key: NewApiKey) -> None:
    headers = Signer(key).headers("GET", "/api/v1/orders")

    statuses = [raw(urls[role], "GET", "/api/v1/orders", None, headers)[0] for role in ("api", "web", "api")]

    assert statuses == [200, 401, 401]


@pytest.mark.parametrize("role", ROLES)
def test_a_revocation_is_seen_by_other_processes_within_a_moment(
    urls: dict[str, str], role: str, key: NewApiKey, maker: User
) -> None:
    signer = Signer(key)

    def status() -> int:
        return raw(urls[role], "GET", "/api/v1/orders", None, signer.headers("GET", "/api/v1/orders"))[0]

    assert status() == 200
    api_key_revoke(actor=maker, key_id=key.row.pk, now=timezone.now())
    revoked_at = time.monotonic()

    wait_until(lambda: status() == 401, "the revocation to be seen", 5)
    print(f"seen after {time.monotonic() - revoked_at:.2f} s")


# --- the examples of the documentation --------------------------------------------------------------


def examples(language: str) -> list[str]:
    return [part.partition("```")[0] for part in PAGE.read_text().split(f"```{language}\n")[1:]]


@pytest.fixture
def trader(market: Market) -> User:
    user = make_user("trader", assets=(market.base_id, market.quote_id))
    user.username = fresh_name("trader")
    user.set_password(PASSWORD)
    user.save()
    return user


def test_the_way_with_curl_and_openssl_works_as_told(
    urls: dict[str, str], market: Market, trader: User, tmp_path: Path
) -> None:
    script = "\n".join(examples("sh")).replace("http://127.0.0.1:8001", urls["api"])
    script = script.replace("BTC/USDT", market.symbol).replace("64000.00", "100.00").replace("maker", trader.username)

    with running_engine(market):
        done = subprocess.run(["sh", "-e"], input=script, capture_output=True, text=True, timeout=60, cwd=tmp_path)

    order = Order.objects.get(user=trader)
    assert str(order.pk) in done.stdout, done.stdout + done.stderr
    assert ApiKey.objects.get(user=trader).scopes == ["read", "trade"]


def test_the_way_with_python_works_as_told(
    urls: dict[str, str], market: Market, trader: User, capsys: pytest.CaptureFixture[str]
) -> None:
    key = make_key(trader)
    script = examples("python")[0].replace("http://127.0.0.1:8001", urls["api"]).replace("BTC/USDT", market.symbol)
    script = script.replace("64000.00", "100.00").replace("KEY_ID", str(key.row.pk)).replace("SECRET", key.secret)

    with running_engine(market):
        exec(compile(script, str(PAGE), "exec"), {})  # noqa: S102  (our own page)

    assert str(Order.objects.get(user=trader).pk) in capsys.readouterr().out
