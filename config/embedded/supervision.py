"""The process supervisor: its configuration, and the few calls we make to it."""

import contextlib
import hashlib
import http.client
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from supervisor.xmlrpc import SupervisorTransport

from config.embedded.errors import LaunchError
from config.embedded.processes import children_of
from config.processes import die_with_parent

UNREACHABLE = (OSError, http.client.HTTPException, xmlrpc.client.Error)


@dataclass(frozen=True, slots=True)
class Program:
    """One thing that runs. Programs start in the order of `priority` and stop in the reverse order.

    `environment` is what it has besides the environment that all share.
    """

    name: str
    command: list[str]
    priority: int
    starts_at_once: bool = False
    user: str | None = None
    stop_signal: str = "TERM"
    stop_wait_s: int = 10
    environment: Mapping[str, str] = field(default_factory=dict)

    def section(self, log_dir: Path) -> str:
        """Return the program's part of the supervisor's configuration."""
        lines = {
            "command": shlex.join(self.command),
            "priority": self.priority,
            "autostart": str(self.starts_at_once).lower(),
            "autorestart": "true",
            "startsecs": 1,
            "startretries": 3,
            "stopsignal": self.stop_signal,
            "stopwaitsecs": self.stop_wait_s,
            "stopasgroup": "false",  # the program itself stops its children in order ...
            "killasgroup": "true",  # ... and what it did not stop goes with it
            "redirect_stderr": "true",
            "stdout_logfile": log_dir / f"{self.name}.log",
            "stdout_logfile_maxbytes": "20MB",
            "stdout_logfile_backups": 3,
            **({"user": self.user} if self.user else {}),
            **({"environment": _listed(self.environment)} if self.environment else {}),
        }
        return "\n".join([f"[program:{self.name}]", *(f"{key}={_escaped(value)}" for key, value in lines.items())])


@dataclass(frozen=True, slots=True)
class ProgramState:
    """What the supervisor knows about a program."""

    name: str
    status: str
    pid: int
    problem: str


class Supervisor:
    """A supervisord that belongs to this process: when we die, it stops everything in order and ends."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._log = data_dir / "log" / "supervisord.log"
        self._socket = socket_folder(data_dir) / "supervisor.sock"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, programs: list[Program], *, folder: Path, environment: Mapping[str, str]) -> None:
        """Start supervisord, which starts those programs that start at once, from `folder`."""
        _make_private(self._socket.parent)
        configuration = self._data_dir / "supervisord.conf"
        configuration.touch(mode=0o600)
        configuration.chmod(0o600)  # it has the passwords of the roles
        configuration.write_text(self._configuration(programs, folder))
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "supervisor.supervisord", "--nodaemon", "--configuration", configuration],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGTERM),
            )
        deadline = time.monotonic() + 20
        while not self._answers():
            if not self.is_running or time.monotonic() > deadline:
                raise LaunchError(f"The process supervisor did not start: see {self._log}.")
            time.sleep(0.05)

    @property
    def was_started(self) -> bool:
        """Tell whether supervisord was ever started."""
        return self._process is not None

    @property
    def is_running(self) -> bool:
        """Tell whether supervisord lives."""
        return self._process is not None and self._process.poll() is None

    def start_program(self, name: str) -> None:
        """Start one program without waiting for it."""
        self._call("startProcess", name, False)

    def states(self) -> dict[str, ProgramState]:
        """Return the state of every program by its name."""
        found = cast(list[dict[str, Any]], self._call("getAllProcessInfo"))
        return {
            info["name"]: ProgramState(
                name=info["name"],
                status=info["statename"],
                pid=info["pid"],
                problem=info["spawnerr"] or info["description"],
            )
            for info in found
        }

    def begin_stop(self) -> None:
        """Ask supervisord to stop all programs, one after the other, and then itself. Does not wait."""
        if self._process is not None and self.is_running:
            self._process.send_signal(signal.SIGTERM)

    def clean_up(self) -> None:
        """Remove the folder of the socket, once supervisord has ended."""
        shutil.rmtree(self._socket.parent, ignore_errors=True)

    def kill_programs(self, *, except_for: Collection[int]) -> None:
        """Kill programs with their children at once. Each leads a group; a supervisor that stops tells no states."""
        if self._process is None:
            return
        for pid in children_of(self._process.pid):
            if pid not in except_for:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(pid, signal.SIGKILL)

    def _answers(self) -> bool:
        try:
            self._call("getState")
        except UNREACHABLE:
            return False
        return True

    def _call(self, method: str, *arguments: Any) -> Any:
        transport = SupervisorTransport(None, None, f"unix://{self._socket}")
        with xmlrpc.client.ServerProxy("http://localhost", transport=transport) as proxy:
            return getattr(proxy.supervisor, method)(*arguments)

    def _configuration(self, programs: list[Program], folder: Path) -> str:
        head = f"""[supervisord]
nodaemon=true
silent=true
directory={_escaped(folder)}
logfile={_escaped(self._log)}
logfile_maxbytes=5MB
logfile_backups=1
pidfile={_escaped(self._data_dir / "supervisord.pid")}
{"user=root" if os.geteuid() == 0 else ""}

[unix_http_server]
file={_escaped(self._socket)}
chmod=0700

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
"""
        return "\n\n".join([head, *(program.section(self._data_dir / "log") for program in programs), ""])


def _listed(environment: Mapping[str, str]) -> str:
    return ",".join(f'{name}="{value}"' for name, value in environment.items())


def _escaped(value: object) -> str:
    return str(value).replace("%", "%%")


def socket_folder(data_dir: Path) -> Path:
    """Return where the supervisor's socket is: a short name, since a socket's path may have 108 characters only."""
    digest = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:12]
    return Path("/tmp") / f"trade-engine-{os.geteuid()}-{digest}"  # noqa: S108 - made private and verified below


def _make_private(folder: Path) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    if folder.is_symlink() or status.st_uid != os.geteuid() or status.st_mode & 0o077:
        raise LaunchError(f"{folder} belongs to somebody else or is open to others: remove it.")
