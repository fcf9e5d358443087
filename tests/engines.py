"""Engines for tests: the real server, in a thread of the test or in a process that can be killed."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.conf import settings
from redis import Redis

from config.embedded.settings import PROJECT
from exchange.models import Market
from matching.journal import Journal
from matching.messages import heartbeat_key
from matching.server import EngineServer
from orders.journal import PostgresJournal

PATIENCE_S = 15.0


def wait_until(condition: Callable[[], object], what: str, timeout_s: float = PATIENCE_S) -> None:
    """Wait until something is true; fail with its name when it does not come true in time."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"waited {timeout_s} s in vain for {what}"
        time.sleep(0.02)


def is_served(market: Market) -> bool:
    """Tell whether an engine takes commands for the market."""
    with Redis.from_url(settings.REDIS_URL) as redis:
        return bool(redis.exists(heartbeat_key(market.slug)))


@contextmanager
def running_engine(
    *markets: Market, make_journal: Callable[[str], Journal] = PostgresJournal
) -> Iterator[EngineServer]:
    """Serve markets from a thread of this process until the block ends; stops gracefully."""
    started: list[tuple[EngineServer, asyncio.AbstractEventLoop]] = []

    async def serve() -> None:
        server = EngineServer(lambda: [market.symbol for market in markets], make_journal)
        started.append((server, asyncio.get_running_loop()))
        await server.serve()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="engine-server")
    thread.start()
    try:
        wait_until(lambda: all(is_served(market) for market in markets), "the engine")
        yield started[0][0]
    finally:
        server, loop = started[0]
        loop.call_soon_threadsafe(server.stop)
        thread.join(PATIENCE_S)
        assert not thread.is_alive(), f"the engine did not stop: {[str(task) for task in asyncio.all_tasks(loop)]}"


class EngineProcess:
    """`manage.py run_engine` for some markets, as its own process."""

    def __init__(self, *markets: Market) -> None:
        self._markets = markets
        arguments = [argument for market in markets for argument in ("--market", market.slug)]
        self._process = subprocess.Popen(
            [sys.executable, "manage.py", "run_engine", *arguments], cwd=PROJECT, env={**os.environ}
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait_until_served(self) -> None:
        wait_until(lambda: all(is_served(market) for market in self._markets), "the engine process", 30)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> int:
        """Ask it to stop; return its exit status."""
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(PATIENCE_S)

    def __enter__(self) -> "EngineProcess":
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self.kill()
