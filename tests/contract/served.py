"""The `api` role, or `web`, as a process of its own, with an engine behind it and a funded account before it."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from rest_framework_simplejwt.tokens import AccessToken

from base.ids import uuid7
from config.embedded.programs import GRANIAN
from config.embedded.settings import LOOPBACK, PROJECT
from exchange.models import Market, User
from exchange.sessions import password_mark, tokens_issue
from tests.contract.openapi import close
from tests.engines import running_engine, wait_until
from tests.fixtures import make_market, make_user
from tests.orders import buy, sell
from tests.servers import free_port

PASSWORD = "the-password-of-a-test"
_COMMANDS = {
    "api": [*GRANIAN, "--host", LOOPBACK, "--port", "{port}", "--log-level", "warning", "config.rsgi:application"],
    "web": ["daphne", "-b", LOOPBACK, "-p", "{port}", "config.asgi:application"],
}  # fmt: skip
EXAMPLE_SYMBOL, EXAMPLE_ID = "BTC/USDT", "01900000-0000-7000-8000-000000000001"


class ServedApi(NamedTuple):
    """A server, a market with an open order and a trade, and whose they are."""

    url: str
    market: Market
    maker: User
    order_id: str
    trade_id: str

    @property
    def token(self) -> str:
        """An access token that outlives any run."""
        token = AccessToken()
        token["sub"], token["sid"], token["pw"] = str(self.maker.pk), str(uuid7()), password_mark(self.maker)
        token.set_exp(lifetime=timedelta(days=1))
        return str(token)

    def document(self) -> dict[str, Any]:
        """Return the OpenAPI document, with examples of what is really there, and closed to what it does not name."""
        with urllib.request.urlopen(f"{self.url}/api/schema?format=json", timeout=60) as answer:
            text = answer.read().decode()
        text = text.replace(EXAMPLE_SYMBOL, self.market.symbol).replace("BTC-USDT", self.market.slug)
        document: dict[str, Any] = json.loads(text.replace('"BTC"', json.dumps(self.market.base_id)))
        for path, item in document["paths"].items():
            known = self.trade_id if "trade_id" in path else self.order_id
            for parameter in (each for operation in item.values() for each in operation.get("parameters", [])):
                if parameter["schema"].get("example") == EXAMPLE_ID:
                    parameter["schema"] = parameter["schema"] | {"example": known}
        schemas = document["components"]["schemas"]
        login, refresh = (schemas[name]["properties"] for name in ("LoginInputRequest", "RefreshInputRequest"))
        login["username"]["example"], login["password"]["example"] = self.maker.username, PASSWORD
        refresh["refresh"]["example"] = tokens_issue(user=self.maker, sid=uuid7()).refresh
        close(document)
        return document


@contextmanager
def served_api(role: str) -> Iterator[ServedApi]:
    """Serve by a role, `api` or `web`, until the block ends."""
    market = make_market(
        lot_size=Decimal("0.00001"), min_notional=Decimal(5), reference_price=Decimal(65_000), price_band_ppm=500_000
    )
    assets = (market.base_id, market.quote_id)
    maker, taker = make_user("maker", assets=assets), make_user("taker", assets=assets)
    maker.set_password(PASSWORD)
    maker.save(update_fields=["password"])
    with running_engine(market), _running_server(role) as url:
        _log_in(url, maker)
        sell(taker, market, "3", "65000")
        traded = buy(maker, market, "1", "65000")
        resting = buy(maker, market, "1", "64000")
        yield ServedApi(url, market, maker, str(resting.order.id), str(traded.trades[0].id))


def _log_in(url: str, user: User) -> None:
    """Let the server hash the password anew: it takes more effort than a test, and that ends what tokens there are."""
    body = json.dumps({"username": user.username, "password": PASSWORD}).encode()
    request = urllib.request.Request(f"{url}/api/v1/auth/token", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.status == 200
    user.refresh_from_db()


@contextmanager
def _running_server(role: str) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", *(word.format(port=port) for word in _COMMANDS[role])]
    url = f"http://{LOOPBACK}:{port}"
    process = subprocess.Popen(command, cwd=PROJECT, env={**os.environ, "DEMO_MODE": "1"}, start_new_session=True)
    try:
        wait_until(lambda: _answers(url), "the api", 60)
        yield url
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # the worker as well
        process.wait()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
