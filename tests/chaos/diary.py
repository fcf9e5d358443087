"""What clients asked and what they were told: kept by the harness, which is never killed."""

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

# Answers after which nothing was done and nothing will be.
REFUSED = frozenset({400, 401, 403, 404, 405, 406, 409, 413, 415, 429})
NOTHING_DONE = frozenset({"ENGINE_UNAVAILABLE", "OVERLOADED", "WALLET_UNAVAILABLE"})


@dataclass(slots=True)
class Entry:
    """One request and its answer. `error` is what happened to the connection when no answer came."""

    client: str
    what: str
    endpoint: str
    sent: float
    request: dict[str, Any]
    answered: float = 0.0
    status: int = 0
    code: str = ""
    data: Any = None
    details: dict[str, Any] = field(default_factory=dict)
    meta: dict[str, Any] = field(default_factory=dict)
    error: str = ""

    @property
    def is_acknowledged(self) -> bool:
        return self.status in (200, 201)

    @property
    def is_refused(self) -> bool:
        """Whether the answer says that nothing was done."""
        return self.status in REFUSED or self.code in NOTHING_DONE or self.never_left

    @property
    def never_left(self) -> bool:
        """Whether nobody was there to take it."""
        return self.error.startswith("ConnectionRefusedError")

    @property
    def is_unknown(self) -> bool:
        return not self.is_acknowledged and not self.is_refused

    def __str__(self) -> str:
        return json.dumps({name: value for name, value in asdict(self).items() if value}, default=str)


class Diary:
    """The entries of all clients of one round, also written to a file. Safe for all threads."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a")
        self._lock = threading.Lock()
        self._entries: list[Entry] = []

    def add(self, entry: Entry) -> None:
        """Note an entry that is complete."""
        line = str(entry)
        with self._lock:
            self._entries.append(entry)
            self._file.write(line + "\n")

    def take(self) -> list[Entry]:
        """Return what was noted since the last call, in the order of the requests."""
        with self._lock:
            entries, self._entries = self._entries, []
            self._file.flush()
        return sorted(entries, key=lambda entry: entry.sent)


class Outages:
    """When requests succeeded, per endpoint: what lies between is an outage."""

    def __init__(self) -> None:
        self._last: dict[str, float] = {}
        self._lock = threading.Lock()
        self.gaps: list[tuple[str, float, float]] = []  # endpoint, begin, end

    def succeeded(self, endpoint: str) -> None:
        """Note a success."""
        now = time.time()
        with self._lock:
            last = self._last.get(endpoint)
            self._last[endpoint] = now
            if last is not None and now - last > 0.3:
                self.gaps.append((endpoint, last, now))

    def forget(self) -> None:
        """Begin anew after a pause that was meant."""
        with self._lock:
            self._last = dict.fromkeys(self._last, time.time())

    def longest(self) -> Iterator[tuple[str, float]]:
        """Yield the longest outage of each endpoint, in seconds."""
        for endpoint in sorted(self._last):
            yield endpoint, max((end - begin for name, begin, end in self.gaps if name == endpoint), default=0.0)
