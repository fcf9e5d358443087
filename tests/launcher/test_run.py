"""`make run` where it cannot start: it says why in one sentence. What it starts is in test_exchange.py."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.embedded.settings import LOOPBACK
from tests.launcher.copies import own_environment, refusal
from tests.servers import free_port

pytestmark = pytest.mark.xdist_group("launcher")


@pytest.fixture
def environment() -> Iterator[dict[str, str]]:
    with own_environment() as environment:
        yield environment


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
