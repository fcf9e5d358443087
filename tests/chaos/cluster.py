"""The exchange under test: every role a real process, watched as an orchestrator would."""

import contextlib
import json
import os
import random
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
from redis import Redis

from config.embedded.processes import MARK, end_leftovers
from config.embedded.programs import role_programs
from config.embedded.readiness import ask
from config.embedded.servers import EmbeddedPostgres
from config.embedded.settings import LOOPBACK, PROJECT, LaunchSettings
from config.embedded.system_users import postgres_system_user
from config.embedded.valkey import TESTER, EmbeddedValkey
from tests.chaos.roles import Role
from tests.servers import UNLIMITED, folder_for_everybody, free_port

DATABASES = ("DATABASE_URL", "ENGINE_DATABASE_URL", "OWNER_DATABASE_URL")
FOREIGN = (*DATABASES, "REDIS_URL", "CELERY_BROKER_URL", "SECRET_KEY", "DATA_DIR", "WALLET")
ENGINES = ("engine-1", "engine-2")
ROLES = ("worker", "beat", *ENGINES, "api", "web")
SERVERS = ("postgres", "valkey")
WATCH_S = 0.05
PAUSE_MAX_S = 2.0


class Cluster:
    """PostgreSQL, Valkey, two engines, web, api, worker and beat. Use as a context manager."""

    def __init__(self, rng: random.Random, *, control: str = "") -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="trade-engine-chaos-", dir=folder_for_everybody()))
        self.folder.chmod(0o711)
        self.control = control
        self._rng = rng
        system_user = postgres_system_user()
        system_user.own(self.folder / "postgres")
        self.postgres = EmbeddedPostgres(
            home=self.folder / "postgres", port=free_port(), password=secrets.token_urlsafe(24), system_user=system_user
        )
        self.valkey = EmbeddedValkey(
            home=self.folder / "valkey", port=free_port(), secret=secrets.token_urlsafe(24), has_tester=True
        )
        self.settings = self._settings()
        self.environment = self._environment()
        self.roles: dict[str, Role] = {}
        self.logins: dict[str, dict[str, str]] = {}
        self._watching = threading.Event()
        self._watcher: threading.Thread | None = None
        self._due: dict[str, float] = {}

    def __enter__(self) -> "Cluster":
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # --- addresses --------------------------------------------------------------------------------

    @property
    def ports(self) -> dict[str, int]:
        return {"api": self.settings.api_port, "web": self.settings.web_port}

    def database(self) -> psycopg.Connection:
        """Connect to the exchange's database, for the harness itself."""
        return psycopg.connect(self.postgres.url(), autocommit=True, connect_timeout=5, application_name="chaos")

    def broker(self) -> Redis:
        """Connect to the exchange's Valkey."""
        return Redis.from_url(self.valkey.url(TESTER), socket_timeout=2, socket_connect_timeout=2)

    def is_ready(self) -> bool:
        """Tell whether every role runs and both servers of HTTP say that all parts work."""
        return not self.missing()

    def missing(self) -> str:
        """Return what does not run or is not ready; empty when all is well."""
        dead = [name for name, role in self.roles.items() if role.pid is None]
        if dead:
            return f"not running: {', '.join(dead)}"
        ending = [name for name, role in self.roles.items() if role.is_ending]
        if ending:
            return f"ending: {', '.join(ending)}"
        answers = {name: ask(f"http://{LOOPBACK}:{port}/ready") for name, port in self.ports.items()}
        return "; ".join(f"{name} says {answer}" for name, answer in answers.items() if answer)

    def active_engine(self, symbol: str | None = None) -> str | None:
        """Return the engine that holds a market's lock; None while nobody does, or nobody can tell."""
        query = (
            "SELECT process.pid FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
            " JOIN orders_engineprocess process ON right(process.id::text, 12) = right(a.application_name, 12)"
            " WHERE l.locktype = 'advisory' AND l.granted AND l.classid = 7204 AND a.application_name LIKE %s"
        )
        with contextlib.suppress(psycopg.Error), self.database() as connection:
            connection.execute("SET statement_timeout = 1000")
            holding = [pid for (pid,) in connection.execute(query, [f"engine {symbol or '%'} %"])]
            names = {self.roles[name].pid: name for name in ENGINES}
            found = sorted({names[pid] for pid in holding if pid in names})
            return self._rng.choice(found) if found else None
        return None

    # --- life -------------------------------------------------------------------------------------

    def stop(self) -> None:
        """End everything that was started here, the servers last."""
        self._watching.set()
        if self._watcher:
            self._watcher.join()
        for name in reversed([*SERVERS, *ROLES]):
            if role := self.roles.get(name):
                role.end(signal.SIGINT if name == "postgres" else signal.SIGTERM, 10)
        end_leftovers(self.folder, self.postgres.data, patience_s=5)

    def remove(self) -> None:
        """Remove the data folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextlib.contextmanager
    def held_down(self, name: str) -> Iterator[None]:
        """Keep a role from being started again."""
        self._due[name] = float("inf")
        try:
            yield
        finally:
            self._due[name] = 0.0

    def manage(self, *command: str, timeout_s: float = 120) -> subprocess.CompletedProcess[str]:
        """Run a program of the project to its end, with the settings of this copy."""
        return subprocess.run(
            [sys.executable, *command], cwd=PROJECT,
            env={**self.environment, "OWNER_DATABASE_URL": self.postgres.owner_url(), "STATEMENT_TIMEOUT_MS": "0"},
            capture_output=True, text=True, timeout=timeout_s,
        )  # fmt: skip

    def _start(self) -> None:
        self.postgres.prepare()
        self.valkey.prepare()
        self._add_servers()
        for name in SERVERS:
            self.roles[name].start()
        self.valkey.wait_until_ready()
        self.postgres.wait_until_ready()
        for command in (["manage.py", "migrate", "--noinput"], ["manage.py", "partitions"], ["-m", "tests.chaos.cast"]):
            finished = self.manage(*command)
            if finished.returncode != 0:
                raise RuntimeError(f"{' '.join(command)} failed:\n{finished.stdout}{finished.stderr}")
        self.logins = json.loads(finished.stdout)
        self._add_roles()
        for name in ROLES:
            self.roles[name].start()
        self._watcher = threading.Thread(target=self._watch, name="orchestrator", daemon=True)
        self._watcher.start()
        wait_until(self.is_ready, "the exchange to be ready", 120)

    def _watch(self) -> None:
        while not self._watching.wait(WATCH_S):
            now = time.monotonic()
            for name, role in list(self.roles.items()):
                if role.has_ended():
                    self._due.setdefault(name, now + self._rng.random() ** 2 * PAUSE_MAX_S)
                if self._due.get(name, float("inf")) <= now:
                    del self._due[name]
                    role.start()

    def _add_servers(self) -> None:
        postgres, valkey = self.postgres, self.valkey
        command = postgres.command()
        if self.control == "async-commit":
            command += ["-c", "synchronous_commit=off", "-c", "wal_writer_delay=10000", "-c", "fsync=off"]
        self.roles["postgres"] = Role(
            "postgres", command, environment=postgres.environment, log=self.folder / "postgres.log",
            folder=Path("/"), run_as=dict(postgres.system_user.run_as),
        )  # fmt: skip
        self.roles["valkey"] = Role(
            "valkey", valkey.command(), environment=postgres.environment, log=self.folder / "valkey.log",
            folder=valkey.home,
        )  # fmt: skip

    def _add_roles(self) -> None:
        found = role_programs(self.settings, self.valkey)
        programs = {program.name.removesuffix("-1"): program for program in found}
        for name in ROLES:
            program = programs[name.partition("-")[0]]
            command = program.command
            if self.control and name in ENGINES:
                command = [sys.executable, "-m", "tests.chaos.controls", self.control]
            log = self.folder / f"{name}.log"
            self.roles[name] = Role(name, command, environment={**self.environment, **program.environment}, log=log)

    def _settings(self) -> LaunchSettings:
        names = ("WEB_PORT", "API_PORT", "WEB_PRIVATE_PORT", "API_PRIVATE_PORT")
        ports = {name: free_port() for name in names}
        return LaunchSettings.from_environ(
            {name: str(port) for name, port in ports.items()} | {"DATA_DIR": str(self.folder), "API_THREADS": "24"}
        )

    def _environment(self) -> dict[str, str]:
        outer = {name: value for name, value in os.environ.items() if name not in FOREIGN}
        return {
            **outer,
            MARK: str(self.folder),
            "DATA_DIR": str(self.folder),
            "DATABASE_URL": self.postgres.url(),
            "ENGINE_DATABASE_URL": self.postgres.url(),
            "REDIS_URL": self.valkey.url(),
            "SECRET_KEY": "the-key-of-one-run-and-of-nothing-else",
            "WEB_PRIVATE_PORT": str(self.settings.web_private_port),
            "API_PRIVATE_PORT": str(self.settings.api_private_port),
            **UNLIMITED,
            "ACCESS_TOKEN_MINUTES": "600",
            "PYTHONUNBUFFERED": "1",
            "DJANGO_SETTINGS_MODULE": "config.settings",
        }


def wait_until(condition: object, what: str, timeout_s: float, pause_s: float = 0.1) -> None:
    """Wait until a condition holds; raises TimeoutError with what was waited for."""
    assert callable(condition), "Invariant: a condition is asked for"
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {timeout_s:.0f} s in vain for {what}")
        time.sleep(pause_s)
