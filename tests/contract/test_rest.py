"""The REST interface keeps to its OpenAPI document, whatever it is asked: schemathesis asks it.

`make schema-test` asks more. A finding shows the request as a curl command.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from exchange.selectors import forget_markets
from tests.contract.served import ServedApi, served_api
from tests.separate_database import separate_database

EXAMPLES = int(os.environ.get("SCHEMA_EXAMPLES", "5"))
ROLE = os.environ.get("SCHEMA_ROLE", "api")
PHASES = os.environ.get("SCHEMA_PHASES", "examples,coverage,fuzzing,stateful")
CONFIG = Path(__file__).with_name("schemathesis.toml")


@pytest.fixture(scope="module")
def api() -> Iterator[ServedApi]:
    with separate_database("contract"):  # what is asked of all markets is asked of one that has an engine
        forget_markets()
        with served_api(ROLE) as api:
            yield api
    forget_markets()


def test_nothing_that_is_asked_has_an_answer_that_is_not_described(api: ServedApi, tmp_path: Path) -> None:
    document = tmp_path / "openapi.json"
    document.write_text(json.dumps(api.document()))

    finished = subprocess.run(
        [
            sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIG), "run", str(document),
            "--url", api.url, "--header", f"Authorization: Bearer {api.token}", "--phases", PHASES,
            "--max-examples", str(EXAMPLES), "--seed", os.environ["TEST_SEED"], "--request-timeout", "20",
            "--continue-on-failure", "--no-color", "--report", "ndjson",
            "--report-ndjson-path", str(tmp_path / "report.ndjson"),
        ],
        cwd=tmp_path, text=True, capture_output=True, timeout=3_600,
    )  # fmt: skip

    print(finished.stdout)
    assert finished.returncode == 0, f"repeat with TEST_SEED={os.environ['TEST_SEED']}\n{finished.stdout[-20_000:]}"
    assert "Authentication failed" not in finished.stdout, "operations were only ever refused for their login"
