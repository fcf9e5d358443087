"""Processes that an earlier start of the same data folder left behind: found and ended."""

import os
import signal
import time
from collections.abc import Iterable
from pathlib import Path

# In the environment of everything that belongs to one data folder.
MARK = "TRADE_ENGINE_DATA_DIR"


def end_leftovers(data_dir: Path, postgres_data: Path | None, patience_s: float = 45.0) -> int:
    """End what an earlier start of the same data folder left running, servers last. Returns how many processes."""
    supervisors, others = [], []
    for pid in _marked(data_dir):
        line = _command_line(pid)
        if "supervisord" in line:
            supervisors.append(pid)
        elif not ("bin/postgres" in line or line.startswith("postgres:")):
            others.append(pid)
    servers = _valkeys(data_dir / "valkey")
    others = [pid for pid in others if pid not in servers]
    database = postmaster(postgres_data) if postgres_data else []
    # A living supervisor stops its programs in order; what is left then is stopped here in the same order.
    for group, first_signal in (
        (supervisors, signal.SIGTERM),
        (others, signal.SIGTERM),
        (database, signal.SIGINT),
        (servers, signal.SIGTERM),
    ):
        end(group, first_signal, patience_s)
    return len({*supervisors, *servers, *others, *database})


def end(pids: Iterable[int], first_signal: signal.Signals, patience_s: float) -> None:
    """Ask processes to end, wait, and kill those that do not."""
    waiting = [pid for pid in pids if _send(pid, first_signal)]
    deadline = time.monotonic() + patience_s
    while waiting and time.monotonic() < deadline:
        time.sleep(0.05)
        waiting = [pid for pid in waiting if is_alive(pid)]
    for pid in waiting:
        _send(pid, signal.SIGKILL)


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; one that has ended and only waits for its parent does not."""
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except PermissionError:
        return True
    except ProcessLookupError:
        return False
    except OSError:
        return not Path("/proc/self").exists()
    return state != "Z"


def children_of(pid: int) -> list[int]:
    """Return the processes that a process has started itself (Linux only)."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _marked(data_dir: Path) -> list[int]:
    """Processes that carry our mark with this data folder, ourselves excepted."""
    mark = f"{MARK}={data_dir}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if mark in environment and int(folder.name) != os.getpid():
            found.append(int(folder.name))
    return sorted(found)


def postmaster(data: Path) -> list[int]:
    """Return the server that holds this cluster, if one does: its pid file names it, its command line proves it."""
    try:
        pid = int((data / "postmaster.pid").read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return []
    arguments = _command_line(pid).split("\0")
    return [pid] if str(data) in arguments and arguments[0].endswith("postgres") else []


def _valkeys(home: Path) -> list[int]:
    """Servers that work in this folder; their command line and environment are overwritten by their title."""
    return [
        int(folder.name)
        for folder in Path("/proc").glob("[0-9]*")
        if _target(folder / "cwd") == str(home) and _target(folder / "exe").endswith("valkey-server")
    ]


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:
        return ""


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="surrogateescape")
    except OSError:
        return ""


def _send(pid: int, signal_number: signal.Signals) -> bool:
    try:
        os.kill(pid, signal_number)
    except (ProcessLookupError, PermissionError):
        return False
    return True
