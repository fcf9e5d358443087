"""A wallet service to test against: this monolith in a process and with a database of its own, behind a proxy.

The proxy can spoil requests: answer in the wallet's place, keep it waiting, or lose the answer after the wallet acted.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID

import psycopg
import requests

from base.ids import uuid7
from config.embedded.settings import LOOPBACK, PROJECT
from config.processes import die_with_parent
from exchange.models import Market, User
from settlement.wallet.protocol import PREFIX
from tests.engines import wait_until
from tests.servers import copied_database, free_port

TOKEN = "the-token-of-a-test-wallet"
_EXTERNAL = """
INSERT INTO settlement_account (kind, asset_id, available, held) VALUES ('external', %s, 0, 0)
ON CONFLICT DO NOTHING
"""
_DEPOSIT = """
WITH mine AS (
    INSERT INTO settlement_account (kind, owner_id, asset_id, available, held)
    VALUES ('user', %(user)s, %(asset)s, %(amount)s, 0)
    ON CONFLICT (owner_id, asset_id) DO UPDATE SET available = settlement_account.available + excluded.available
    RETURNING id
), outside AS (
    UPDATE settlement_account SET available = available - %(amount)s
    WHERE kind = 'external' AND asset_id = %(asset)s RETURNING id
)
INSERT INTO settlement_ledgerentry (transfer_id, leg, account_id, asset_id, amount, kind)
SELECT %(id)s, 1, id, %(asset)s, %(amount)s, 'deposit' FROM mine
UNION ALL SELECT %(id)s, 2, id, %(asset)s, -%(amount)s, 'deposit' FROM outside
"""
_IMBALANCES = """
SELECT 'sum', asset_id, sum(amount) FROM settlement_ledgerentry GROUP BY asset_id HAVING sum(amount) <> 0
UNION ALL
SELECT 'account', account.id::text, account.total - coalesce(sum(entry.amount), 0)
FROM settlement_account account LEFT JOIN settlement_ledgerentry entry ON entry.account_id = account.id
GROUP BY account.id, account.total HAVING account.total <> coalesce(sum(entry.amount), 0)
"""


class WalletService:
    """The process and its database; `database` may be read by tests, and money is brought in there."""

    def __init__(self) -> None:
        self.port = free_port()
        own = os.environ["DATABASE_URL"].rpartition("/")[2]
        self.database_url = copied_database(f"{own}_wallet")
        redis, _, number = os.environ["REDIS_URL"].rpartition("/")
        self._environment = {
            **os.environ, "DATABASE_URL": self.database_url, "ENGINE_DATABASE_URL": self.database_url,
            "REDIS_URL": f"{redis}/{63 - int(number)}", "WALLET": "embedded", "WALLET_SERVICE_TOKEN": TOKEN,
            "LOG_LEVEL": "ERROR", "DJANGO_SETTINGS_MODULE": "config.settings", "API_PRIVATE_PORT": str(self.port),
        }  # fmt: skip
        self.database = psycopg.connect(self.database_url, autocommit=True)
        self._process = self._start()

    def _start(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", LOOPBACK, "--port", str(free_port()),
             "--workers", "1", "--blocking-threads", "16", "--no-log", "config.wsgi:application"],
            cwd=PROJECT, env=self._environment, preexec_fn=die_with_parent(signal.SIGTERM),
        )  # fmt: skip

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    def wait_until_ready(self) -> None:
        wait_until(lambda: self.ask("GET", "ping")[0] == 200, "the wallet service", 90)

    def ask(self, method: str, path: str, body: Any = None, *, token: str = TOKEN) -> tuple[int, dict[str, Any]]:
        """Send a request straight to the service; return status and body, or (0, {}) when it is not there."""
        try:
            answer = requests.request(
                method,
                f"{self.url}/{PREFIX}/{path}",
                json=body,
                timeout=10,
                headers={"Authorization": f"Bearer {token}"},
            )
        except requests.ConnectionError:
            return 0, {}
        return answer.status_code, answer.json()

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)
        self.database.close()

    # --- its money ------------------------------------------------------------------------------------

    def know(self, market: Market, *users: User) -> None:
        """Let the wallet have the market's assets and these users."""
        for asset in (market.base, market.quote):
            self.database.execute(
                "INSERT INTO exchange_asset (code, name, decimals) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
                [asset.code, asset.name, asset.decimals],
            )
            self.database.execute(_EXTERNAL, [asset.code])
        for user in users:
            self.database.execute(
                "INSERT INTO exchange_user (id, username, password, first_name, last_name, email, is_staff, is_active,"
                " is_superuser, date_joined) VALUES (%s, %s, '!', '', '', '', false, true, false, now())",
                [user.pk, user.username],
            )

    def deposit(self, user: User, asset: str, amount: Decimal | int) -> None:
        self.database.execute(_DEPOSIT, {"user": user.pk, "asset": asset, "amount": Decimal(amount), "id": uuid7()})

    def reserve(self, user: User, asset: str, amount: int) -> None:
        """Change by hand what is reserved, as no exchange asked for it."""
        self.database.execute(
            "UPDATE settlement_account SET held = held + %(amount)s, available = available - %(amount)s"
            " WHERE (owner_id, asset_id) = (%(user)s, %(asset)s)",
            {"user": user.pk, "asset": asset, "amount": amount},
        )

    def balance(self, user: User, asset: str) -> tuple[Decimal, Decimal]:
        """Return what is available and what is reserved."""
        row = self.database.execute(
            "SELECT available, held FROM settlement_account WHERE (owner_id, asset_id) = (%s, %s)", [user.pk, asset]
        ).fetchone()
        return (row[0], row[1]) if row else (Decimal(0), Decimal(0))

    def fees(self, asset: str) -> Decimal:
        row = self.database.execute(
            "SELECT available FROM settlement_account WHERE kind = 'fees' AND asset_id = %s", [asset]
        ).fetchone()
        return row[0] if row else Decimal(0)

    def operation(self, key: UUID) -> str | None:
        row = self.database.execute("SELECT state FROM settlement_walletoperation WHERE id = %s", [key]).fetchone()
        return row[0] if row else None

    def assert_balances(self) -> None:
        assert self.database.execute(_IMBALANCES).fetchall() == []


class Fault:
    """What happens to requests whose path ends with `path`: the next `times` of them, or all."""

    def __init__(
        self, path: str, what: str, *, times: int = 1_000_000, seconds: float = 0.0, status: int = 503
    ) -> None:
        assert what in ("cut before", "cut after", "answer", "delay before", "delay after")
        self.path, self.what, self.times, self.seconds, self.status = path, what, times, seconds, status


class Proxy:
    """Stands between the exchange and the wallet."""

    def __init__(self, target_port: int) -> None:
        self.port = free_port()
        self.target_port = target_port
        self.faults: deque[Fault] = deque()
        self.seen: list[str] = []
        self.under_way = 0
        self._lock = threading.Lock()
        self._server: ThreadingHTTPServer | None = None
        self.start()

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    def start(self) -> None:
        proxy = self

        class Handler(_Handler):
            owner = proxy

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, request: Any, client_address: Any) -> None:
                pass

        self._server = Server((LOOPBACK, self.port), Handler)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        """Refuse connections, and cut those that are open."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
            self.cut()

    def cut(self) -> None:
        with self._lock:
            for connection in _Handler.open_connections.pop(self.port, set()):
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def heal(self) -> None:
        self.faults.clear()
        if self._server is None:
            self.start()

    def wait_until_idle(self) -> None:
        """Wait until all requests that came have gone through, those that were kept waiting, too."""
        wait_until(lambda: self.under_way == 0, "the requests under way")

    @contextmanager
    def under_way_for(self) -> Iterator[None]:
        with self._lock:
            self.under_way += 1
        try:
            yield
        finally:
            with self._lock:
                self.under_way -= 1

    @contextmanager
    def fault(self, path: str, what: str, **options: Any) -> Iterator[Fault]:
        """Spoil requests until the block ends."""
        fault = Fault(path, what, **options)
        self.faults.append(fault)
        yield fault
        with contextlib.suppress(ValueError):
            self.faults.remove(fault)

    def take_fault(self, path: str) -> Fault | None:
        with self._lock:
            self.seen.append(path)
            for fault in self.faults:
                if path.endswith(fault.path) and fault.times > 0:
                    fault.times -= 1
                    return fault
        return None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    owner: Proxy
    open_connections: dict[int, set[socket.socket]] = {}

    def setup(self) -> None:
        super().setup()
        self.open_connections.setdefault(self.owner.port, set()).add(self.connection)

    def finish(self) -> None:
        self.open_connections.get(self.owner.port, set()).discard(self.connection)
        super().finish()

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        with self.owner.under_way_for():
            self._pass_on()

    def do_POST(self) -> None:
        self.do_GET()

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.owner.take_fault(self.path)
        what = fault.what if fault else ""
        if fault and what == "delay before":
            time.sleep(fault.seconds)
        if what == "cut before":
            self.close_connection = True
            return
        if fault and what == "answer":
            self._answer(fault.status, b"<html>not the wallet</html>")
            return
        status, answer = self._forward(body)
        if fault and what == "delay after":
            time.sleep(fault.seconds)
        if what == "cut after":
            self.close_connection = True
            return
        self._answer(status, answer)

    def _forward(self, body: bytes) -> tuple[int, bytes]:
        wallet = HTTPConnection(LOOPBACK, self.owner.target_port, timeout=10)
        headers = {name: self.headers[name] for name in ("Authorization", "Content-Type") if name in self.headers}
        wallet.request(self.command, self.path, body or None, headers)
        answer: HTTPResponse = wallet.getresponse()
        content = answer.read()
        wallet.close()
        return answer.status, content

    def _answer(self, status: int, content: bytes) -> None:
        with contextlib.suppress(OSError):  # the exchange may have given up
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
