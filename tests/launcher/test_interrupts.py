"""Ctrl-C at a terminal: what a person sees who started the exchange with `make run` and wants their prompt back."""

import os
import pty
import signal
import time

import pytest

from config.embedded.settings import PROJECT
from tests.launcher.copies import own_environment
from tests.launcher.running import assert_gone

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("launcher")]

CTRL_C = b"\x03"
CTRL_Z = b"\x1a"


class Terminal:
    """A terminal in which `make run` was typed."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.shown = ""
        self._pid, self._terminal = pty.fork()
        if self._pid == 0:
            os.chdir(PROJECT)
            os.execvpe("make", ["make", "run"], environment)  # noqa: S606 - a shell is what we do not want

    def press(self, key: bytes) -> None:
        os.write(self._terminal, key)

    def wait_for(self, text: str) -> None:
        while text not in self.shown:
            assert self._read(), f"it ended without {text!r}:\n{self.shown}"

    def end(self) -> int:
        """Wait for the prompt; return what the shell would call the status."""
        while self._read():
            pass
        _, status = os.waitpid(self._pid, 0)
        return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)

    def _read(self) -> str:
        try:
            read = os.read(self._terminal, 65_536).decode(errors="replace")
        except OSError:  # nobody is left on the other side
            return ""
        self.shown += read
        return read


@pytest.mark.parametrize("times", [1, 2, 5])
def test_everything_is_gone_when_the_prompt_is_back(times: int) -> None:
    with own_environment() as environment:
        terminal = Terminal(environment)
        terminal.wait_for("The exchange is open.")
        terminal.press(CTRL_Z)  # does nothing
        terminal.press(CTRL_C)
        terminal.wait_for("Stopping;")
        for _ in range(times - 1):
            terminal.press(CTRL_C)
            time.sleep(0.1)

        status = terminal.end()

        assert_gone(environment)
        assert "Traceback" not in terminal.shown
        assert "Everything has stopped." in terminal.shown
        assert status == (0 if times == 1 else 128 + signal.SIGINT)


def test_two_interrupts_during_the_start_leave_nothing() -> None:
    with own_environment() as environment:
        terminal = Terminal(environment)
        terminal.wait_for("Bringing the database up to date")
        terminal.press(CTRL_C)
        terminal.wait_for("again Ctrl-C to hurry")  # signals of the same moment are one
        terminal.press(CTRL_C)

        status = terminal.end()

        assert_gone(environment)
        assert "Traceback" not in terminal.shown
        assert status == 128 + signal.SIGINT
