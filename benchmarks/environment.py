"""Servers and roles for measurements: a temporary durable PostgreSQL and Valkey, and the product's own processes.

Everything listens on the loopback address, dies with this process, and leaves nothing behind.
"""

import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

from config.embedded.processes import end
from config.embedded.programs import role_programs
from config.embedded.servers import EmbeddedPostgres
from config.embedded.settings import LOOPBACK, PROJECT, LaunchSettings
from config.embedded.system_users import postgres_system_user
from config.embedded.valkey import TESTER, EmbeddedValkey
from config.processes import die_with_parent
from tests.servers import ADMINISTRATOR_URL, UNLIMITED, folder_for_everybody, free_port

# When each transaction committed: rest.py proves with it that every answer came after the commit.
_MEASURING = ["-c", "track_commit_timestamp=on"]
_START_S = 60.0
PLAY_MONEY = "from exchange.services import play_money_begin; play_money_begin()"
_LOGS = "BENCHMARK_LOGS"


@contextlib.contextmanager
def servers() -> Iterator[None]:
    """Run both servers, migrated and empty; `os.environ` leads to them until the block ends."""
    folder = Path(tempfile.mkdtemp(prefix="trade-engine-benchmarks-", dir=folder_for_everybody()))
    folder.chmod(0o711)
    running: list[subprocess.Popen[bytes]] = []
    outer = dict(os.environ)
    try:
        system_user = postgres_system_user()
        system_user.own(folder / "postgres")
        password = secrets.token_urlsafe(24)
        postgres = EmbeddedPostgres(
            home=folder / "postgres", port=free_port(), password=password, system_user=system_user
        )
        valkey = EmbeddedValkey(
            home=folder / "valkey", port=free_port(), secret=secrets.token_urlsafe(24), has_tester=True
        )
        postgres.prepare()
        valkey.prepare()
        with (folder / "postgres.log").open("wb") as log:
            running.append(
                subprocess.Popen(
                    [*postgres.command(), *_MEASURING],
                    **system_user.run_as,
                    env=postgres.environment,
                    cwd="/",
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    preexec_fn=die_with_parent(signal.SIGQUIT),
                )
            )
        running.append(_popen(valkey.command(), folder / "valkey.log"))
        valkey.wait_until_ready()
        postgres.wait_until_ready()
        os.environ.update(_addresses(postgres, valkey, folder))
        for command in (["migrate", "--noinput"], ["partitions"], ["shell", "-c", PLAY_MONEY]):
            _manage(*command)
        yield
    finally:
        _stop(running)
        os.environ.clear()
        os.environ.update(outer)
        shutil.rmtree(folder, ignore_errors=True)


def _addresses(postgres: EmbeddedPostgres, valkey: EmbeddedValkey, folder: Path) -> dict[str, str]:
    return {
        "DATABASE_URL": postgres.url(),
        "ENGINE_DATABASE_URL": postgres.url(),
        "OWNER_DATABASE_URL": postgres.owner_url(),
        ADMINISTRATOR_URL: postgres.administrator_url(),
        "REDIS_URL": valkey.url(TESTER),
        "CELERY_BROKER_URL": valkey.url(TESTER),
        "SECRET_KEY": secrets.token_urlsafe(48),
        "DATA_DIR": str(folder / "data"),
        "API_PORT": str(free_port()),
        "WEB_PORT": str(free_port()),
        "API_PRIVATE_PORT": str(free_port()),
        "WEB_PRIVATE_PORT": str(free_port()),
        "ORDER_RATE_PER_SECOND": "1000000",  # a limit on rates is not what is measured
        **UNLIMITED,
        "DEBUG": "0",
        _LOGS: str(folder),
    }


@contextlib.contextmanager
def roles(*names: str) -> Iterator[dict[str, "subprocess.Popen[bytes]"]]:
    """Run roles with the command lines of `make run`, against the addresses of the environment."""
    settings = LaunchSettings.from_environ(os.environ)
    programs = {program.name: program for program in role_programs(settings)}
    running: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for name in names:
            running[name] = _popen(programs[name].command, Path(os.environ[_LOGS]) / f"{name}.log")
        yield running
    finally:
        _stop(list(running.values()))


def start_engine(slug: str) -> "subprocess.Popen[bytes]":
    """Start an engine process for one market; the caller ends it."""
    command = [sys.executable, "manage.py", "run_engine", "--market", slug]
    return _popen(command, Path(os.environ[_LOGS]) / "engine.log")


def api_url() -> str:
    """Address of the api role."""
    return f"http://{LOOPBACK}:{os.environ['API_PORT']}"


def wait_for(what: str, is_there: Callable[[], bool], timeout_s: float = _START_S, pause_s: float = 0.02) -> None:
    """Poll until it is there. Raises TimeoutError that names it."""
    deadline = time.monotonic() + timeout_s
    while not is_there():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} is not there after {timeout_s:.0f} s: {_last_log_lines()}")
        time.sleep(pause_s)


def is_ready(url: str) -> bool:
    """Tell whether /ready answers 200."""
    try:
        with urllib.request.urlopen(f"{url}/ready", timeout=5) as answer:  # noqa: S310  (our own http address)
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError, json.JSONDecodeError):
        return False


def _manage(*arguments: str) -> None:
    finished = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        env={**os.environ, "STATEMENT_TIMEOUT_MS": "0"},
    )
    if finished.returncode != 0:
        raise RuntimeError(f"manage.py {' '.join(arguments)} failed:\n{finished.stdout}{finished.stderr}")


def _popen(command: list[str], log_file: Path) -> "subprocess.Popen[bytes]":
    with log_file.open("ab") as log:
        return subprocess.Popen(
            command,
            cwd=PROJECT,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=die_with_parent(signal.SIGKILL),
        )


def _stop(processes: "list[subprocess.Popen[bytes]]") -> None:
    for process in reversed(processes):  # clients before the servers they use
        if process.poll() is None:
            process.send_signal(signal.SIGINT if "postgres" in str(process.args) else signal.SIGTERM)
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            end([process.pid], signal.SIGKILL, 0)
            process.wait()


def _last_log_lines() -> str:
    logs = sorted(Path(os.environ[_LOGS]).glob("*.log"))
    return "; ".join(f"{log.name}: {log.read_text(errors='replace')[-300:]!r}" for log in logs)
