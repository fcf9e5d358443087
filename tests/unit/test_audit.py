"""`make audit` tells a weakness from a network that is away, and says which it was."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from scripts import audit

CLEAN = {"dependencies": [{"name": "django", "version": "5", "vulns": []}]}
WEAK = {"dependencies": [{"name": "django", "version": "5", "vulns": [{"id": "PYSEC-1"}]}]}
NPM_CLEAN = {"vulnerabilities": {}, "metadata": {"dependencies": {"total": 3}}}
NPM_WEAK = {"vulnerabilities": {"preact": {"severity": "high"}}, "metadata": {"dependencies": {"total": 3}}}
NPM_AWAY = {"message": "request to https://registry.npmjs.org failed", "error": {}}


def answering(monkeypatch: pytest.MonkeyPatch, pip: Any, npm: Any) -> None:
    """Let pip-audit and npm answer with these; None for no report at all."""

    def run(command: list[str]) -> "subprocess.CompletedProcess[str]":
        if "--output" in command and pip is not None:
            Path(command[command.index("--output") + 1]).write_text(json.dumps(pip))
        return subprocess.CompletedProcess(command, 1, json.dumps(npm), "Network is unreachable")

    monkeypatch.setattr(audit, "_run", run)


@pytest.mark.parametrize(
    ("pip", "npm", "status", "said"),
    [
        (CLEAN, NPM_CLEAN, 0, "nothing is known against its 3 packages"),
        (WEAK, NPM_CLEAN, 1, "django: PYSEC-1"),
        (CLEAN, NPM_WEAK, 1, "preact: high"),
        (None, NPM_CLEAN, 2, "PyPI could not be asked: Network is unreachable"),
        (CLEAN, NPM_AWAY, 2, "could not be asked: request to https://registry.npmjs.org failed"),
        (WEAK, NPM_AWAY, 1, "Not everything was audited"),
    ],
)
def test_the_status_says_what_is_known(
    pip: Any, npm: Any, status: int, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answering(monkeypatch, pip, npm)
    assert audit.main() == status
    shown = "".join(capsys.readouterr())
    assert said in shown
    assert ("Not everything" in shown) == (pip is None or npm is NPM_AWAY)
