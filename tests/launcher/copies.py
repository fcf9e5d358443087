"""Copies of the exchange as `make run` starts them, each with its own ports and data folder."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from redis import Redis

from config.embedded.processes import end_leftovers
from config.embedded.settings import PROJECT
from config.embedded.valkey import EmbeddedValkey
from tests.servers import folder_for_everybody, free_port

PORT_NAMES = ("WEB_PORT", "API_PORT", "WEB_PRIVATE_PORT", "API_PRIVATE_PORT", "POSTGRES_PORT", "VALKEY_PORT")
DATABASES = ("DATABASE_URL", "ENGINE_DATABASE_URL", "OWNER_DATABASE_URL")
OUTER = (*DATABASES, "REDIS_URL", "CELERY_BROKER_URL", "SECRET_KEY", "DATA_DIR", "MAKELEVEL")


@contextmanager
def own_environment() -> Iterator[dict[str, str]]:
    """Give a copy of the exchange its own ports and data folder, and end whatever a failing test leaves.

    Nobody trades there but the test: DEMO_FLOW is off.
    """
    data_dir = Path(tempfile.mkdtemp(prefix="trade-engine-launcher-", dir=folder_for_everybody()))
    data_dir.chmod(0o711)
    ports = {name: str(free_port()) for name in PORT_NAMES}
    outer = {name: value for name, value in os.environ.items() if name not in OUTER}
    yield {**outer, **ports, "DATA_DIR": str(data_dir), "DEMO_FLOW": "0"}
    end_leftovers(data_dir, data_dir / "postgres" / "data", patience_s=10)
    shutil.rmtree(data_dir)


def start(environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "config.embedded.run"], cwd=PROJECT, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def refusal(environment: dict[str, str]) -> str:
    """Run the launcher where it must refuse; return the one sentence it says."""
    launcher = start(environment)
    _, complaint = launcher.communicate(timeout=60)
    assert launcher.returncode == 1
    assert len(complaint.splitlines()) == 1, complaint
    return complaint


def wait_for_line(launcher: subprocess.Popen[str], text: str) -> list[str]:
    """Read what the launcher shows until a line holds the text."""
    assert launcher.stdout is not None
    lines: list[str] = []
    for line in launcher.stdout:
        lines.append(line)
        if text in line:
            return lines
    assert launcher.stderr is not None
    raise AssertionError(f"the launcher ended without {text!r}:\n{''.join(lines)}{launcher.stderr.read()}")


def pid_of(program: str, environment: dict[str, str]) -> int:
    """Find a role by what it and the data folder are called in the process table."""
    mark = f"TRADE_ENGINE_DATA_DIR={environment['DATA_DIR']}".encode()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                words = (folder / "cmdline").read_bytes().split(b"\0")
                if program.encode() in words and mark in (folder / "environ").read_bytes().split(b"\0"):
                    return int(folder.name)
        time.sleep(0.05)
    raise AssertionError(f"there is no process of {program}")


def monitoring_url(environment: dict[str, str]) -> str:
    """Return the address of the copy's Valkey for the account that reads its figures."""
    data_dir = Path(environment["DATA_DIR"])
    secret = (data_dir / "valkey-secret").read_text().strip()
    return EmbeddedValkey(data_dir / "valkey", int(environment["VALKEY_PORT"]), secret).url("monitoring")


def kill_program(name: str, environment: dict[str, str]) -> None:
    """End a program of the copy as a power cut would."""
    if name == "postgres":
        pid = int((Path(environment["DATA_DIR"]) / "postgres" / "data" / "postmaster.pid").read_text().split()[0])
    elif name == "valkey":
        with Redis.from_url(monitoring_url(environment)) as valkey:
            pid = valkey.info("server")["process_id"]
    else:
        pid = pid_of({"engine": "run_engine"}.get(name, name), environment)
    os.kill(pid, signal.SIGKILL)
