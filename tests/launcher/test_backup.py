"""A copy of the exchange is backed up while it trades, and becomes another copy elsewhere with everything in it."""

import contextlib
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from config.embedded.settings import PROJECT
from tests.launcher.copies import own_environment
from tests.launcher.running import PRICE, RunningExchange, eventually, running

pytestmark = [pytest.mark.xdist_group("launcher"), pytest.mark.long]


class Load:
    """Two accounts that trade until the block ends, and a diary of what was acknowledged."""

    def __init__(self, exchange: RunningExchange) -> None:
        self._exchange = exchange
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.diary: dict[str, str] = {}  # status as answered, by order id

    def __enter__(self) -> "Load":
        self._thread.start()
        eventually(lambda: len(self.diary) > 20, "the load")
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            for user, side in (("maker", "sell"), ("taker", "buy"), ("maker", "buy")):
                price = "64000.00" if user == "maker" and side == "buy" else PRICE
                with contextlib.suppress(OSError):  # a busy machine may take too long; only what is answered counts
                    status, answer = self._exchange.place(user, side=side, price=price, quantity="0.0001")
                    if status == 201:
                        self.diary[answer["data"]["order"]["id"]] = answer["data"]["order"]["status"]


def command(environment: dict[str, str], *arguments: str | Path) -> str:
    """Run a command for a copy, as a person would; return what it printed."""
    finished = subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


def assert_reconciles(exchange: RunningExchange) -> None:
    """Assert that money, holds, orders, trades and books of the copy agree with each other and with its journal."""
    command(exchange.environment, "manage.py", "reconcile", "--full")


def assert_has_all(exchange: RunningExchange, diary: dict[str, str]) -> None:
    """Assert that every acknowledged order is stored; what was final when it was answered is so still."""
    with exchange.database() as connection:
        rows = connection.execute("SELECT id::text, status FROM orders_order WHERE id = ANY(%s)", [list(diary)])
        stored: dict[str, Any] = dict(rows.fetchall())
    assert stored.keys() == diary.keys()
    assert {order for order, status in diary.items() if status == "filled" and stored[order] != "filled"} == set()


def assert_trades_on(exchange: RunningExchange) -> None:
    """Assert that the exchange takes orders, matches and settles, whatever was open when it was backed up."""
    status, answer = exchange.place("maker", side="sell")
    assert status == 201, answer
    status, answer = exchange.place("taker", side="buy")
    assert (status, answer["data"]["order"]["status"]) == (201, "filled")
    unsettled = "SELECT count(*) FROM orders_trade WHERE settlement_status <> 'settled'"
    with exchange.database() as connection:
        eventually(lambda: connection.execute(unsettled).fetchall() == [(0,)], "settlement")
    assert_reconciles(exchange)


def test_a_dump_and_a_base_backup_under_load_become_exchanges_elsewhere(tmp_path: Path) -> None:
    with own_environment() as first, own_environment() as second, own_environment() as third:
        with running(first) as exchange, following_log(first, exchange, tmp_path), Load(exchange) as load:
            status, made = exchange.call("POST", "/api/v1/api-keys", {"label": "bot", "scopes": ["read"]}, "maker")
            assert status == 201, made
            before_dump = dict(load.diary)
            printed = command(first, "manage.py", "backup", "--to", tmp_path)
            dump = next(tmp_path.glob("*.dump"))
            before_base = dict(load.diary)
            command(first, "manage.py", "backup", "--base", "--to", tmp_path)
            base = next(tmp_path.glob("base-*"))
            eventually(lambda: len(load.diary) > len(before_base) + 20, "orders after the base backup")
        assert len(before_dump) < len(before_base) < len(load.diary)

        said = command(second, "-m", "config.embedded.restore", dump)
        assert f"{made['data']['id']} maker" in said  # the copy has a SECRET_KEY of its own
        with running(second) as restored:
            assert_reconciles(restored)
            assert_has_all(restored, before_dump)
            assert_recovered_as_backed_up(second, printed)
            assert_trades_on(restored)

        with_secret = third | {"SECRET_KEY": Path(first["DATA_DIR"], "secret-key").read_text().strip()}
        said = command(with_secret, "-m", "config.embedded.restore", base, "--log", tmp_path / "log")
        assert "No API key is lost." in said
        with running(third) as restored:
            assert_reconciles(restored)
            assert_has_all(restored, load.diary)
            assert_trades_on(restored)


@contextmanager
def following_log(environment: dict[str, str], exchange: RunningExchange, folder: Path) -> Iterator[None]:
    """Follow the server's log until the block ends, and on until the last of it has arrived."""
    command = [sys.executable, "manage.py", "backup", "--log", "--to", str(folder)]
    follower = subprocess.Popen(command, cwd=PROJECT, env=environment)
    try:
        with exchange.database("OWNER_DATABASE_URL") as connection:  # whose session the follower is
            eventually(lambda: connection.execute("SELECT 1 FROM pg_stat_replication").fetchone(), "the follower")
            yield
            row = connection.execute("SELECT pg_current_wal_flush_lsn()").fetchone()
            arrived = "SELECT 1 FROM pg_stat_replication WHERE flush_lsn >= %s"
            eventually(lambda: connection.execute(arrived, row).fetchone(), "the rest of the log")
    finally:
        follower.terminate()
        follower.wait(30)


def assert_recovered_as_backed_up(environment: dict[str, str], printed: str) -> None:
    """Assert that the engine began with the state that the backup had named."""
    found = re.search(r"BTC/USDT: seq (\d+), state hash (\w+)", printed)
    assert found is not None
    log = Path(environment["DATA_DIR"], "log", "engine.log").read_text()
    assert found[2] in log, log
