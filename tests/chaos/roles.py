"""One role of the exchange as a real process: started, killed, suspended, and started again when it is gone."""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from config.embedded.settings import PROJECT
from config.processes import die_with_parent


class Role:
    """A process of its own session. All methods may be called from any thread."""

    def __init__(
        self,
        name: str,
        command: list[str],
        *,
        environment: Mapping[str, str],
        log: Path,
        folder: Path = PROJECT,
        run_as: Mapping[str, Any] | None = None,
    ) -> None:
        self.name = name
        self.command = command
        self.starts = 0
        self.surprises: list[str] = []  # ends that nobody asked for
        self._environment = environment
        self._log = log
        self._folder = folder
        self._run_as = dict(run_as or {})
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.RLock()
        self._is_expected_to_end = False

    @property
    def pid(self) -> int | None:
        """The process's id; None while it does not run."""
        with self._lock:
            return self._process.pid if self._process and self._process.poll() is None else None

    @property
    def is_ending(self) -> bool:
        """Whether it still runs, though it was told to end: what it answers now says nothing about the next one."""
        with self._lock:
            return self._is_expected_to_end and self.pid is not None

    def start(self) -> None:
        """Start it, unless it runs. It dies with the harness."""
        with self._lock:
            if self.pid is not None:
                return
            self._is_expected_to_end = False
            with self._log.open("ab") as log:
                self._process = subprocess.Popen(
                    self.command, **self._run_as, env=dict(self._environment), cwd=self._folder, stdout=log, stderr=log,
                    stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=die_with_parent(signal.SIGKILL),
                )  # fmt: skip
            self.starts += 1

    def children(self) -> list[int]:
        """Return the processes it has started, and theirs."""
        pid = self.pid
        return [] if pid is None else list(_descendants(pid))

    def send(self, number: signal.Signals, pids: list[int] | None = None) -> bool:
        """Send a signal to it, or to the given processes of its; False when nothing runs."""
        with self._lock:
            if self.pid is None:
                return False
            if number in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGQUIT) and pids is None:
                self._is_expected_to_end = True
            for pid in [self.pid] if pids is None else pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
            return True

    def terminate(self, number: signal.Signals, patience_s: float) -> bool:
        """Ask it to end, and kill it when it does not in time, as an orchestrator would; False when it does not run."""
        process = self._process
        if process is None or not self.send(number):
            return False
        timer = threading.Timer(patience_s, self._kill_late, [process, patience_s])
        timer.daemon = True
        timer.start()
        return True

    def _kill_late(self, process: subprocess.Popen[bytes], patience_s: float) -> None:
        if process.poll() is None:
            self.surprises.append(f"{self.name} had not ended {patience_s:.0f} s after it was asked to")
            process.kill()

    def has_ended(self) -> bool:
        """Tell whether it ran and runs no more, once for each end; an end that nobody asked for is noted."""
        with self._lock:
            if self._process is None or (status := self._process.poll()) is None:
                return False
            if not self._is_expected_to_end:
                self.surprises.append(f"{self.name} ended by itself with status {status} at {time.time():.3f}")
            self._process = None
            return True

    def end(self, first: signal.Signals, patience_s: float) -> None:
        """End it and whatever it started, first politely."""
        with self._lock:
            process, pids = self._process, [*self.children()]
            if process is None:
                return
            self.send(signal.SIGCONT, [process.pid, *pids])
            self.send(first)
            try:
                process.wait(patience_s)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self._process = None


def _descendants(pid: int) -> Iterator[int]:
    """Yield all processes below one; a database's are sessions of their own, so groups do not tell."""
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
    except OSError:
        return
    for task in tasks:
        with contextlib.suppress(OSError):
            for child in (task / "children").read_text().split():
                yield int(child)
                yield from _descendants(int(child))
