"""The temporary PostgreSQL and Valkey of one test run, and the address each test process gets in them."""

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from config.embedded.processes import end
from config.embedded.servers import EmbeddedPostgres
from config.embedded.settings import LOOPBACK, PROJECT
from config.embedded.system_users import postgres_system_user
from config.embedded.valkey import TESTER, EmbeddedValkey
from config.processes import die_with_parent
from operations.database_roles import OWNER

# Tests make funds and staff out of nothing, and new members of staff decide at once; tests/real_money.py does not.
PLAY_MONEY = """
UPDATE exchange_rule SET value = CASE name WHEN 'play_money' THEN 1 ELSE 0 END
WHERE name IN ('play_money', 'cooling_hours')
"""
TEMPLATE = "template_exchange"
# Where tests find the address by which they make databases, and do what the application may not.
ADMINISTRATOR_URL = "TEST_ADMINISTRATOR_URL"
# All tests ask from one address. Those about limits set their own.
UNLIMITED = {
    "REQUEST_WEIGHT_PER_MINUTE": "100000000",
    "LOGIN_RATE_PER_MINUTE": "100000",
    "LOGIN_FAILURES_PER_ADDRESS": "100000",
}
MOST_PROCESSES = 63
VALKEY_SECRET = "of-a-test-run-and-of-nothing-else"
_EPHEMERAL_PORTS_BEGIN = 32768
_claims: list[socket.socket] = []  # of this process's ports


def free_port() -> int:
    """Return a free port that nobody else is given while this process lives.

    The kernel gives it to no outgoing connection, and other processes of tests or benchmarks find it claimed: the same
    number is bound for datagrams, which no server here uses, until the process ends.
    """
    while True:
        port = 20_000 + secrets.randbelow(_EPHEMERAL_PORTS_BEGIN - 20_000)
        claim = socket.socket(type=socket.SOCK_DGRAM)
        try:
            claim.bind((LOOPBACK, port))
            with socket.socket() as probe:
                probe.bind((LOOPBACK, port))
        except OSError:
            claim.close()
        else:
            _claims.append(claim)
            return port


@contextlib.contextmanager
def silent_server() -> Iterator[str]:
    """Give the address of a Valkey that takes connections and never says a word, as one that is suspended."""
    with socket.create_server((LOOPBACK, 0)) as listener:
        yield f"redis://{LOOPBACK}:{listener.getsockname()[1]}/0"


class TestServers:
    """Both servers in a temporary folder. They die with this process, however it ends."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="trade-engine-tests-", dir=folder_for_everybody()))
        self.folder.chmod(0o711)
        system_user = postgres_system_user()
        system_user.own(self.folder / "postgres")
        self.postgres = EmbeddedPostgres(
            home=self.folder / "postgres",
            port=free_port(),
            password=secrets.token_urlsafe(24),
            system_user=system_user,
            durable=False,
        )
        self.valkey = EmbeddedValkey(
            home=self.folder / "valkey",
            port=free_port(),
            secret=VALKEY_SECRET,
            durable=False,
            databases=MOST_PROCESSES + 1,
            has_tester=True,
        )
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Start both servers and make the template database with all migrations."""
        self.postgres.prepare()
        self.valkey.prepare()
        self._processes = [self._run_postgres(), self._run_valkey()]
        self.valkey.wait_until_ready()
        self.postgres.wait_until_ready()
        self._make_template()

    def stop(self) -> None:
        """End both servers and remove their folder."""
        for process in self._processes:
            process.send_signal(signal.SIGINT)
        for process in self._processes:
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                end([process.pid], signal.SIGKILL, 0)
                process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def environment(self) -> dict[str, str]:
        """Return the settings that lead every process of this run to these servers."""
        return {
            "DATABASE_URL": self.postgres.url(TEMPLATE),
            ADMINISTRATOR_URL: self.postgres.administrator_url(),
            "REDIS_URL": self.valkey.url(TESTER),
            "SECRET_KEY": "the-key-of-a-test-run-and-of-nothing-else",
            "DATA_DIR": str(self.folder / "data"),
            **UNLIMITED,
        }

    def _run_postgres(self) -> subprocess.Popen[bytes]:
        postgres = self.postgres
        with (self.folder / "postgres.log").open("wb") as log:
            return subprocess.Popen(
                postgres.command(), **postgres.system_user.run_as, env=postgres.environment, cwd="/", stdout=log,
                stderr=log, start_new_session=True, preexec_fn=die_with_parent(signal.SIGQUIT),
            )  # fmt: skip

    def _run_valkey(self) -> subprocess.Popen[bytes]:
        with (self.folder / "valkey.log").open("wb") as log:
            return subprocess.Popen(
                self.valkey.command(), stdout=log, stderr=log, start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGKILL),
            )  # fmt: skip

    def _make_template(self) -> None:
        with _administrator(self.postgres.administrator_url()) as connection:
            connection.execute(f"CREATE DATABASE {TEMPLATE}")
        self.postgres.prepare_roles(TEMPLATE)
        owner = {"OWNER_DATABASE_URL": self.postgres.owner_url(TEMPLATE), "STATEMENT_TIMEOUT_MS": "0"}
        for command in (["migrate", "--noinput"], ["partitions"]):
            finished = subprocess.run(
                [sys.executable, "manage.py", *command], cwd=PROJECT, capture_output=True, text=True,
                env={**os.environ, **self.environment(), **owner},
            )  # fmt: skip
            if finished.returncode != 0:
                raise RuntimeError(f"manage.py {' '.join(command)} failed:\n{finished.stdout}{finished.stderr}")
        with _administrator(self.postgres.url(TEMPLATE)) as connection:
            connection.execute(PLAY_MONEY)


def own_addresses(process: str) -> dict[str, str]:
    """Make the database of one test process ("main", or xdist's "gw3"); return the addresses it is to use."""
    template_url, valkey_url = os.environ["DATABASE_URL"], os.environ["REDIS_URL"]
    number = int(process.removeprefix("gw")) + 1 if process.startswith("gw") else 0
    assert number <= MOST_PROCESSES, f"at most {MOST_PROCESSES} test processes have a Valkey database of their own"
    server = template_url.removesuffix(TEMPLATE)
    name = f"test_{process}"
    with _administrator(os.environ[ADMINISTRATOR_URL]) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE {TEMPLATE} OWNER {OWNER}')
    return {"DATABASE_URL": server + name, "REDIS_URL": valkey_url.removesuffix("0") + str(number)}


def account_url(account: str) -> str:
    """Return the address of this process's Valkey database for the account of a role."""
    tester = urlsplit(os.environ["REDIS_URL"])
    assert tester.port is not None, "Invariant: the servers of a test run have ports"
    valkey = EmbeddedValkey(home=Path(), port=tester.port, secret=VALKEY_SECRET)
    return valkey.url(account, int(tester.path.strip("/")))


def copied_database(name: str) -> str:
    """Make an empty, migrated database of this run, in place of one of this name; return its address."""
    server = os.environ["DATABASE_URL"].rpartition("/")[0]
    with _administrator(os.environ[ADMINISTRATOR_URL]) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE {TEMPLATE} OWNER {OWNER}')
    return f"{server}/{name}"


@contextlib.contextmanager
def _administrator(url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


def folder_for_everybody() -> Path:
    """Return the temporary folder, unless the user that runs PostgreSQL cannot enter it."""
    usual = Path(tempfile.gettempdir())
    return usual if postgres_system_user().can("test", "-x", usual) else Path("/var/tmp")  # noqa: S108
