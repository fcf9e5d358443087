"""The launcher's parts where something is wrong: each says what it is, and leaves nothing behind."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from config.embedded import checks
from config.embedded.errors import LaunchError
from config.embedded.processes import MARK, end_leftovers, is_alive
from config.embedded.readiness import wait_until_ready
from config.embedded.restore import restore
from config.embedded.servers import EmbeddedPostgres
from config.embedded.settings import LOOPBACK, LaunchSettings
from config.embedded.supervision import ProgramState
from config.embedded.system_users import SystemUser
from config.embedded.valkey import EmbeddedValkey
from tests.servers import free_port

NOT_READY = {"error": {"message": "Not ready: broker: no answer"}}


def settings(folder: Path, **environ: str) -> LaunchSettings:
    return LaunchSettings.from_environ({"DATA_DIR": str(folder)} | environ)


# --- waiting until it serves ----------------------------------------------------------------------------


@contextmanager
def answering(status: int, body: bytes) -> Iterator[str]:
    """Give the address of a server that answers everything with this."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer((LOOPBACK, 0), Answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://{LOOPBACK}:{server.server_port}/ready"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def state(name: str, pid: int, status: str = "RUNNING") -> dict[str, ProgramState]:
    return {name: ProgramState(name, status, pid, "")}


def test_what_serves_is_not_waited_for(tmp_path: Path) -> None:
    with answering(200, b"{}") as url:
        wait_until_ready(url, dict, tmp_path, timeout_s=0)


@pytest.mark.parametrize(
    ("body", "states", "named", "log"),
    [
        (json.dumps(NOT_READY).encode(), state("engine", 0, "FATAL"), "broker: no answer", "engine"),
        (b"<html>", state("web", 7), "<html>", "web"),
        (b'{"error": "of web"}', state("web", 7), "of web", "web"),
        (b"", {}, "answer 503", "web"),
    ],
)
def test_what_never_serves_is_named_with_its_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], body: bytes, states: Any, named: str, log: str
) -> None:
    (tmp_path / f"{log}.log").write_text("the reason\n")

    with answering(503, body) as url, pytest.raises(LaunchError) as error:
        wait_until_ready(url, lambda: states, tmp_path, timeout_s=0)

    assert named in str(error.value) and f"{log}.log" in str(error.value)
    assert capsys.readouterr().err == f"  {log}: the reason\n"


def test_what_keeps_dying_is_not_waited_for_long(tmp_path: Path) -> None:
    pids = iter(range(1, 100))

    with pytest.raises(LaunchError, match="engine keep dying"):
        wait_until_ready(f"http://{LOOPBACK}:{free_port()}/ready", lambda: state("engine", next(pids)), tmp_path)


def test_a_server_that_never_answers_is_named(tmp_path: Path) -> None:
    with pytest.raises(LaunchError, match="Valkey did not answer within 0 s"):
        EmbeddedValkey(tmp_path, free_port(), "secret").wait_until_ready(timeout_s=0)


# --- what an earlier start left ----------------------------------------------------------------------------

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
POLITE = "import time; print('up', flush=True); time.sleep(60)"


def start_marked(folder: Path, program: str) -> "subprocess.Popen[bytes]":
    environment = {**os.environ, MARK: str(folder)}
    process = subprocess.Popen([sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE)
    assert process.stdout is not None and process.stdout.readline() == b"up\n"
    return process


@pytest.mark.parametrize(("program", "ended_by"), [(POLITE, signal.SIGTERM), (STUBBORN, signal.SIGKILL)])
def test_what_an_earlier_start_left_is_ended_and_others_are_not(
    tmp_path: Path, program: str, ended_by: signal.Signals
) -> None:
    left, others = start_marked(tmp_path, program), start_marked(tmp_path / "other", POLITE)

    assert end_leftovers(tmp_path, tmp_path / "no database", patience_s=0.3) == 1

    assert left.wait(10) == -ended_by
    assert is_alive(others.pid) and not is_alive(left.pid)
    others.kill()
    others.wait()
    for process in (left, others):
        assert process.stdout is not None
        process.stdout.close()


# --- settings, addresses and data -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environ", "complaint"),
    [
        ({"WEB_PORT": "0"}, "WEB_PORT must be a whole number from 1 to 65535, not '0'"),
        ({"ENGINES": "17"}, "ENGINES must be a whole number from 1 to 16"),
        ({"DEMO_MODE": "perhaps"}, "DEMO_MODE must be 1 or 0, not 'perhaps'"),
    ],
)
def test_a_setting_that_cannot_be_is_named(tmp_path: Path, environ: Mapping[str, str], complaint: str) -> None:
    with pytest.raises(LaunchError, match=complaint):
        settings(tmp_path, **environ)


@pytest.mark.parametrize(
    ("environ", "reason"),
    [
        ({"BIND": "0.0.0.0"}, "BIND is 0.0.0.0"),  # noqa: S104  (names the value, binds nothing)
        ({"BIND": "::", "DEMO_MODE": "1"}, "BIND is ::"),
        ({"ALLOWED_HOSTS": "localhost, exchange.example.org"}, "ALLOWED_HOSTS names exchange.example.org"),
        ({"TLS_PROXY": "1"}, "TLS_PROXY is on"),
    ],
)
def test_a_demo_that_others_could_reach_is_not_started(tmp_path: Path, environ: Mapping[str, str], reason: str) -> None:
    with pytest.raises(LaunchError, match=f"{reason}.*Set DEMO_MODE=0"):
        settings(tmp_path, **environ)

    assert not settings(tmp_path, **{**environ, "DEMO_MODE": "0"}).demo_mode
    assert settings(tmp_path, BIND="127.0.0.2", ALLOWED_HOSTS="localhost").demo_mode


def test_two_settings_with_one_port_are_named(tmp_path: Path) -> None:
    port = str(free_port())

    with pytest.raises(LaunchError, match=f"WEB_PORT and API_PORT are both {port}"):
        checks.check_ports(settings(tmp_path, WEB_PORT=port, API_PORT=port))


@pytest.mark.parametrize("url", ["mysql://here/exchange", "here"])
def test_a_database_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(LaunchError, match="DATABASE_URL must look like"):
        checks.check_database(url)


def test_an_unreachable_broker_is_named_without_its_password() -> None:
    address = f"{LOOPBACK}:{free_port()}"

    with pytest.raises(LaunchError, match=f"no server to use at {address}") as error:
        checks.check_redis(f"redis://:hunter2@{address}/0")

    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize("version", ["12", None])
def test_data_of_another_release_of_postgresql_is_not_touched(tmp_path: Path, version: str | None) -> None:
    server = EmbeddedPostgres(tmp_path, free_port(), "secret", SystemUser("me", os.geteuid(), os.getegid()))
    server.data.mkdir()
    if version:
        (server.data / "PG_VERSION").write_text(f"{version}\n")

    with pytest.raises(LaunchError, match=f"holds data of PostgreSQL {version or 'none'}"):
        server.prepare()


def test_a_restore_says_why_it_cannot_be(tmp_path: Path) -> None:
    wanted = settings(tmp_path / "new")
    nothing = tmp_path / "nothing"

    for given, log, complaint in [
        (wanted, None, "neither a dump nor a base backup"),
        (wanted, nothing, f"There is no log in {nothing}"),
        (settings(tmp_path, DATABASE_URL="postgres://elsewhere/exchange"), None, "use manage.py restore"),
    ]:
        with pytest.raises(LaunchError, match=complaint):
            restore(given, nothing, log, None)


def test_a_restore_does_not_touch_a_database_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "postgres" / "data").mkdir(parents=True)

    with pytest.raises(LaunchError, match=r"There is a database in|cannot enter"):
        restore(settings(tmp_path), tmp_path, None, None)
