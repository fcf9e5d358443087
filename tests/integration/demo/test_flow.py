"""`manage.py demo_flow` as a process, against the real api and engine: every market lives, and nothing is left."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.conf import settings as project_settings
from django.core.management import CommandError, call_command
from django.db.models import Count
from django.test import override_settings

from config.embedded.settings import LOOPBACK, PROJECT
from config.processes import die_with_parent
from demo.flow.ladder import RUNGS
from exchange import seeds
from exchange.models import Market
from exchange.selectors import forget_markets
from orders.lifecycle import OPEN_STATUSES
from orders.models import Order, Trade
from tests.engines import running_engine, wait_until
from tests.invariants import assert_ledger_balances
from tests.separate_database import separate_database
from tests.servers import free_port

PATIENCE_S = 120.0
# The other markets have no engine here, which the flow must not mind.
pytestmark = pytest.mark.long

SERVED = ("BTC/USDT", "ETH/USDT", "ETH/BTC")


@pytest.fixture(scope="module")
def markets() -> Iterator[list[Market]]:
    """A seeded copy of the exchange with a database of its own, whose engine runs."""
    with separate_database("demo"):
        forget_markets()
        with override_settings(DEMO_MODE=True):
            call_command("seed", "--demo", verbosity=0)
        markets = list(Market.objects.filter(symbol__in=SERVED))
        with running_engine(*markets):
            yield markets
    forget_markets()


def started(*command: str, **environment: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, *command], cwd=PROJECT, env={**os.environ, "LOG_LEVEL": "ERROR", **environment},
        stdout=subprocess.DEVNULL, preexec_fn=die_with_parent(signal.SIGTERM),
    )  # fmt: skip


@contextmanager
def api(port: int) -> Iterator[None]:
    process = started(
        "-m", "granian", "--interface", "wsgi", "--host", LOOPBACK, "--port", str(port), "--workers", "1",
        "--blocking-threads", "16", "config.wsgi:application",
    )  # fmt: skip
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)


def quotes() -> dict[str, int]:
    """Return how many open orders the maker has, by market; only of markets where it has some."""
    rows = Order.objects.filter(user__username=seeds.FLOW_MAKER, status__in=OPEN_STATUSES)
    return dict(rows.values_list("market__symbol").annotate(Count("id")))


def test_it_quotes_what_is_served_trades_survives_a_restart_and_leaves_nothing(markets: list[Market]) -> None:
    port = free_port()
    with api(port):
        url = f"http://{LOOPBACK}:{port}"
        flow = started("manage.py", "demo_flow", "--rate", "40", "--url", url, DEMO_MODE="1")
        wait_until(lambda: len(quotes()) == len(markets), "quotes in every market with an engine", PATIENCE_S)
        wait_until(lambda: Trade.objects.count() >= 20, "trades", PATIENCE_S)

    before = Trade.objects.count()
    assert flow.poll() is None
    with api(port):
        wait_until(lambda: Trade.objects.count() >= before + 20, "trades after the restart", PATIENCE_S)
        assert all(RUNGS <= number <= 2 * RUNGS for number in quotes().values()), quotes()
        flow.terminate()
        assert flow.wait(timeout=PATIENCE_S) == 0

        left = Order.objects.filter(status__in=OPEN_STATUSES)
        assert not left.exists()
    traders = set(Trade.objects.values_list("buyer__username", flat=True).distinct())
    assert traders <= {seeds.FLOW_MAKER, *seeds.FLOW_TAKERS}
    assert_ledger_balances()


def test_it_refuses_to_trade_where_money_is_real() -> None:
    assert not project_settings.DEMO_MODE

    with pytest.raises(CommandError, match="needs DEMO_MODE=1"):
        call_command("demo_flow")


@pytest.mark.parametrize("rate", ["0", "-1", "fast", "501"])
def test_a_rate_that_cannot_be_is_refused(rate: str) -> None:
    with pytest.raises(CommandError, match=r"0\.1 to 500"):
        call_command("demo_flow", "--rate", rate)
