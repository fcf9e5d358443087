"""Wait until the exchange serves, or say what keeps it from serving."""

import json
import time
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from config.embedded.console import complain, tail
from config.embedded.errors import LaunchError
from config.embedded.supervision import ProgramState

STARTS_MAX = 4
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def wait_until_ready(
    url: str, states: Callable[[], dict[str, ProgramState]], log_dir: Path, timeout_s: float = 120.0
) -> None:
    """Poll the address until it answers 200. Raise LaunchError after the time, or when a program keeps dying."""
    deadline = time.monotonic() + timeout_s
    seen: dict[str, set[int]] = defaultdict(set)
    while True:
        failing = ask(url)
        if failing is None:
            return
        for name, state in states().items():
            seen[name].add(state.pid)
        dying = [name for name, pids in seen.items() if len(pids - {0}) >= STARTS_MAX]
        if dying:
            raise _explained(f"{' and '.join(dying)} keep dying", dying, log_dir)
        if time.monotonic() > deadline:
            reason = f"after {timeout_s:.0f} s /ready still says: {failing}"
            raise _explained(reason, _suspects(failing, states()), log_dir)
        time.sleep(0.25)


def ask(url: str) -> str | None:
    """Return None when the address answers 200, else what it says is failing."""
    request = urllib.request.Request(url, headers={"Host": "localhost", "Accept": "application/json"})  # noqa: S310
    try:
        with _DIRECT.open(request, timeout=5):
            return None
    except urllib.error.HTTPError as error:
        return _failing_parts(error.read().decode(errors="replace")) or f"answer {error.code}"
    except (OSError, ValueError) as error:
        return f"web does not answer ({getattr(error, 'reason', error)})"


def _failing_parts(body: str) -> str:
    """Shorten the answer of /ready to the parts that are not ok."""
    try:
        document = json.loads(body)
    except ValueError:
        return body[:200].strip()
    return json.dumps(document.get("error", document) if isinstance(document, dict) else document)[:500]


def _suspects(failing: str, states: dict[str, ProgramState]) -> list[str]:
    stopped = [name for name, state in states.items() if state.status != "RUNNING"]
    named = [name for name in states if name in failing]
    return stopped or named or ["web"]


def _explained(reason: str, suspects: list[str], log_dir: Path) -> LaunchError:
    for name in suspects:
        for line in tail(log_dir / f"{name}.log"):
            complain(f"  {name}: {line}")
    logs = " and ".join(str(log_dir / f"{name}.log") for name in suspects)
    return LaunchError(f"The exchange did not become ready: {reason} (logs: {logs}).")
