"""What the launcher does while the exchange runs: tell when a program died, start again what gave up."""

import os
import signal
import time
from pathlib import Path

from config.embedded.console import say
from config.embedded.supervision import ProgramState, Supervisor

START_AGAIN_AFTER_S = 5.0


class Watch:
    """Compares the programs with what they were at the last look."""

    def __init__(self, supervisor: Supervisor, log_dir: Path) -> None:
        self._supervisor = supervisor
        self._log_dir = log_dir
        self._last_pid = {name: state.pid for name, state in supervisor.states().items()}
        self._given_up_at: dict[str, float] = {}

    def look(self) -> None:
        """Say what happened since the last look."""
        for state in self._supervisor.states().values():
            self._compare(state)

    def _compare(self, state: ProgramState) -> None:
        before = self._last_pid[state.name]
        if before and state.pid != before:
            say(f"{state.name} (process {before}) died; see {self._log_dir / state.name}.log")
        if state.pid and state.pid != before:
            say(f"{state.name} was started again (process {state.pid})")
        self._last_pid[state.name] = state.pid
        if state.status == "FATAL":
            self._start_again_later(state.name)

    def _start_again_later(self, name: str) -> None:
        """The supervisor gives a program up after a few tries; we never do."""
        given_up_at = self._given_up_at.setdefault(name, time.monotonic())
        if time.monotonic() - given_up_at > START_AGAIN_AFTER_S:
            del self._given_up_at[name]
            self._supervisor.start_program(name)


class ParentMake:
    """The `make` that started us, if one did.

    A SIGINT sent to make only makes it wait for us without telling us: all that can be seen is that make, which caught
    SIGINT, does not catch it any more (Linux only).
    """

    def __init__(self) -> None:
        self._pid = os.getppid() if "MAKELEVEL" in os.environ else 0
        self._caught_at_first = self._catches_interrupts()

    def was_interrupted(self) -> bool:
        """Tell whether somebody wants us to stop and told only make."""
        return self._caught_at_first and self._pid == os.getppid() and not self._catches_interrupts()

    def interrupt(self) -> None:
        """Have make end as interrupted as soon as we have: by itself it would turn our exit status into its own."""
        if self._caught_at_first and self._pid == os.getppid():
            os.kill(self._pid, signal.SIGINT)

    def _catches_interrupts(self) -> bool:
        try:
            folder = Path(f"/proc/{self._pid}")
            if (folder / "comm").read_text().strip() not in {"make", "gmake"}:
                return False
            status = (folder / "status").read_text()
        except OSError:
            return False
        caught = next(line for line in status.splitlines() if line.startswith("SigCgt:"))
        return bool(int(caught.split()[1], 16) >> (signal.SIGINT - 1) & 1)
