"""Watches an exchange while it is attacked: how long a bystander waits, and what the roles have in memory."""

import json
import subprocess
import sys
import threading
import time
from collections import defaultdict
from types import TracebackType
from typing import Any

from config.embedded.settings import PROJECT
from tests.attack.target import Target

MEMORY_EVERY_S = 0.25
QUIET_PRICE = "60000.00"  # far from any trade, and within the band
_JOB = {"symbol": "BTC/USDT", "slug": "BTC-USDT", "price": QUIET_PRICE, "quantity": "0.01"}


class Watch:
    """A bystander and the memory, as long as the block lasts."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._answers: list[tuple[float, str, float, bool]] = []
        self._memory: list[tuple[float, float]] = []
        self._over = threading.Event()

    def __enter__(self) -> "Watch":
        self._bystander = subprocess.Popen(
            [sys.executable, "-m", "tests.attack.bystander"], cwd=PROJECT, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert self._bystander.stdin is not None
        self._bystander.stdin.write(json.dumps(self._job()) + "\n")
        self._bystander.stdin.flush()
        self._threads = [threading.Thread(target=read, daemon=True) for read in (self._read_answers, self._read_memory)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        assert self._bystander.stdin is not None
        self._bystander.stdin.close()
        self._bystander.wait(timeout=10)
        for thread in self._threads:
            thread.join(timeout=10)

    def p99_ms(self, began: float, ended: float) -> dict[str, float]:
        """Return the 99th percentile by kind of question, of those that were asked in this time."""
        found: dict[str, list[float]] = defaultdict(list)
        for at, kind, took_s, _ in list(self._answers):
            if began <= at < ended:
                found[kind].append(took_s * 1000)
        return {kind: sorted(took)[max(0, int(len(took) * 0.99) - 1)] for kind, took in found.items()}

    def failures(self, began: float, ended: float) -> int:
        return sum(1 for at, _, _, is_good in list(self._answers) if began <= at < ended and not is_good)

    def memory_mb(self, began: float, ended: float) -> float:
        """Return the most that was in memory in this time."""
        return max((size for at, size in list(self._memory) if began <= at < ended), default=0.0)

    def _job(self) -> dict[str, Any]:
        target = self._target
        token = target.exchange.tokens["taker"]
        return _JOB | {"api_port": target.api_port, "web_port": target.web_port, "token": token}

    def _read_answers(self) -> None:
        assert self._bystander.stdout is not None
        for line in self._bystander.stdout:
            at, kind, took_s, is_good = json.loads(line)
            self._answers.append((at, kind, took_s, is_good))

    def _read_memory(self) -> None:
        while not self._over.is_set():
            self._memory.append((time.monotonic(), self._target.memory_mb()))
            self._over.wait(MEMORY_EVERY_S)
