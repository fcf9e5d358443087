"""Engines for tests: the real server, in a thread of the test or in a process that can be killed."""

import asyncio
import functools
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone
from redis import Redis

from config.embedded.settings import PROJECT
from exchange.models import Market
from journal import PostgresStorage
from matching.messages import heartbeat_key
from matching.server import EngineServer
from matching.storage import MarketStorage
from orders.models import EngineProcess as StoredProcess

PATIENCE_S = 15.0


def wait_until(condition: Callable[[], object], what: str, timeout_s: float = PATIENCE_S) -> None:
    """Wait until something is true; fail with its name when it does not come true in time."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"waited {timeout_s} s in vain for {what}"
        time.sleep(0.02)


def is_served(market: Market) -> bool:
    """Tell whether an engine takes commands for the market."""
    return bool(_valkey(settings.REDIS_URL).exists(heartbeat_key(market.slug)))


@functools.cache
def _valkey(url: str) -> Redis:
    """Stay connected: this is asked every few milliseconds."""
    return Redis.from_url(url)


@contextmanager
def running_engine(
    *markets: Market, open_storage: Callable[[str], MarketStorage] = PostgresStorage
) -> Iterator[EngineServer]:
    """Serve markets from a thread of this process until the block ends; stops gracefully."""
    started: list[tuple[EngineServer, asyncio.AbstractEventLoop]] = []

    async def serve() -> None:
        server = EngineServer(lambda: [market.symbol for market in markets], open_storage)
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
    """`manage.py run_engine` for some markets, as its own process. What it prints is kept."""

    def __init__(self, *markets: Market) -> None:
        self._markets = markets
        self._start(self._command(markets))

    def _command(self, markets: Sequence[Market]) -> list[str]:
        return ["manage.py", "run_engine", *[part for market in markets for part in ("--market", market.slug)]]

    def _start(self, command: Sequence[str]) -> None:
        descriptor, path = tempfile.mkstemp(prefix="trade-engine-tests-", suffix=".log")
        self._output = Path(path)
        self._process = subprocess.Popen(
            [sys.executable, *command],
            cwd=PROJECT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            stdout=descriptor,
            stderr=descriptor,
        )
        os.close(descriptor)

    @property
    def output(self) -> str:
        """All that it has printed and logged so far."""
        return self._output.read_text()

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return what it has logged under a name."""
        lines = [json.loads(line) for line in self.output.splitlines() if line.startswith("{") and line.endswith("}")]
        return [entry for entry in lines if entry["event"] == name]

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait_until_served(self) -> None:
        wait_until(lambda: all(is_served(market) for market in self._markets), "the engine process", 60)

    def suspend(self) -> None:
        """Stop it in the middle of whatever it does; it keeps its connections."""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._process.send_signal(signal.SIGCONT)

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
        self._output.unlink()


class SharingProcess(EngineProcess):
    """An engine process that shares some markets, and those that are made later, with others of its kind."""

    def _command(self, markets: Sequence[Market]) -> list[str]:
        return ["-m", "tests.sharing_engine", str(min(market.pk for market in markets))]


def role_of(process: EngineProcess, market: Market) -> str:
    """Return what a process last reported to be for a market; "" when it does not live or does not know it."""
    live = timezone.now() - timedelta(seconds=2)
    found = StoredProcess.objects.filter(pid=process.pid, beat_at__gt=live).order_by("-beat_at").first()
    return next((each["role"] for each in found.markets if each["symbol"] == market.symbol), "") if found else ""
