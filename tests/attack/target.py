"""The exchange under attack: a copy as `make run` starts it, with the limits that it has by default."""

import contextlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from config.embedded.processes import MARK
from tests.launcher.copies import own_environment
from tests.launcher.running import RunningExchange, running
from tests.servers import UNLIMITED

MB = 1_000_000
_IS_POSTGRES = (b"postgres", b"valkey", b"supervisord")  # theirs is bounded by their own settings
_SETTINGS = {"ACCESS_TOKEN_MINUTES": "600"}  # the bystander logs in once


class Target:
    """What attacks and the table need to know of the copy."""

    def __init__(self, exchange: RunningExchange) -> None:
        self.exchange = exchange
        self.api_port = int(exchange.environment["API_PORT"])
        self.web_port = int(exchange.environment["WEB_PORT"])
        self._mark = f"{MARK}={exchange.environment['DATA_DIR']}".encode()

    def memory_mb(self) -> float:
        """Return what the roles and their children have in memory together, shared pages counted once."""
        return sum(_memory_bytes(pid) for pid in self._roles()) / MB

    def _roles(self) -> Iterator[Path]:
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                line = (process / "cmdline").read_bytes()
                if not any(word in line for word in _IS_POSTGRES) and self._is_marked(process):
                    yield process

    def _is_marked(self, process: Path) -> bool:
        return self._mark in (process / "environ").read_bytes().split(b"\0")


def _memory_bytes(process: Path) -> int:
    with contextlib.suppress(OSError):
        for line in (process / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


@contextmanager
def target() -> Iterator[Target]:
    """Run a copy of the exchange until the block ends."""
    with own_environment() as environment:
        limited = {name: value for name, value in environment.items() if name not in UNLIMITED}
        with running(limited | _SETTINGS) as exchange:
            yield Target(exchange)


def attacker_address(number: int) -> str:
    """Return a loopback address of an attacker's own: limits by address must not hit the bystander for it."""
    return f"127.66.{number // 250 % 250}.{number % 250 + 1}"


def raise_limit_of_files() -> None:
    """Let this process hold as many sockets as the system allows it."""
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65_536), hard))


def sleep_until(until: Callable[[], bool], seconds: float) -> None:
    """Sleep, but not beyond the end of the attack."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and not until():
        time.sleep(0.05)
