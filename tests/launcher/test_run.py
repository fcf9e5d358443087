"""`make run` for real: it starts everything, stops everything, and says in one sentence why it cannot."""

import contextlib
import json
import os
import signal
import socket
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.embedded.processes import end_leftovers
from config.embedded.settings import LOOPBACK
from tests.launcher.copies import PORT_NAMES, own_environment, pid_of, start, wait_for_line
from tests.servers import free_port

pytestmark = pytest.mark.xdist_group("launcher")


@pytest.fixture
def environment() -> Iterator[dict[str, str]]:
    with own_environment() as environment:
        yield environment


def refusal(environment: dict[str, str]) -> str:
    """Run the launcher where it must refuse; return the one sentence it says."""
    launcher = start(environment)
    _, complaint = launcher.communicate(timeout=60)
    assert launcher.returncode == 1
    assert len(complaint.splitlines()) == 1, complaint
    return complaint


def is_open(port: str) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, int(port))) == 0


def test_a_busy_port_is_named_with_its_setting(environment: dict[str, str]) -> None:
    with socket.socket() as occupant:
        occupant.bind((LOOPBACK, int(environment["WEB_PORT"])))
        occupant.listen()

        complaint = refusal(environment)

    assert complaint == (
        f"make run: Port {environment['WEB_PORT']} is in use by another program: set WEB_PORT to a free port.\n"
    )


def test_an_unreachable_database_is_named_without_its_password(environment: dict[str, str]) -> None:
    address = f"{LOOPBACK}:{free_port()}"

    complaint = refusal({**environment, "DATABASE_URL": f"postgres://somebody:hunter2@{address}/exchange"})

    assert f"DATABASE_URL: PostgreSQL at {address} is not usable" in complaint
    assert "hunter2" not in complaint


def test_a_data_folder_that_cannot_be_written_is_named(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "file").touch()  # below a file nobody can make a folder, root neither

    complaint = refusal({**environment, "DATA_DIR": str(tmp_path / "file" / "var")})

    assert f"The data folder {tmp_path / 'file' / 'var'} cannot be written" in complaint


def test_a_port_that_is_no_number_is_named(environment: dict[str, str]) -> None:
    assert "API_PORT must be a whole number" in refusal({**environment, "API_PORT": "eighty"})


def test_it_gets_ready_restarts_a_killed_role_and_stops_without_a_trace(environment: dict[str, str]) -> None:
    launcher = start(environment)
    try:
        shown = wait_for_line(launcher, "The exchange is open.")
        web = f"http://{LOOPBACK}:{environment['WEB_PORT']}"
        with urllib.request.urlopen(f"{web}/ready", timeout=10) as answer:
            assert json.load(answer)
        beat = pid_of("beat", environment)
        second = refusal(environment)

        os.kill(beat, signal.SIGKILL)
        wait_for_line(launcher, "beat was started again")

        launcher.send_signal(signal.SIGTERM)
        rest, complaint = launcher.communicate(timeout=60)
    finally:
        with contextlib.suppress(ProcessLookupError):
            launcher.kill()
        launcher.communicate()

    assert launcher.returncode == 0
    assert complaint == ""
    assert "Everything has stopped." in rest
    assert "PostgreSQL" in "".join(shown)
    assert f"is already running (process {launcher.pid})" in second
    assert [name for name in PORT_NAMES if is_open(environment[name])] == []
    data_dir = Path(environment["DATA_DIR"])
    assert end_leftovers(data_dir, data_dir / "postgres" / "data") == 0
    assert (data_dir / "secret-key").stat().st_mode & 0o777 == 0o600
