"""The modules of the page that neither show nor ask anything, under Node's own test runner."""

import subprocess
from pathlib import Path

from tests.node import node_program

TESTS = sorted(str(path) for path in (Path(__file__).parent / "javascript").glob("*.test.mjs"))


def test_the_modules_of_the_page_keep_their_own_tests() -> None:
    finished = subprocess.run(
        [node_program(), "--test", "--test-reporter=tap", *TESTS], capture_output=True, text=True, timeout=60
    )

    assert TESTS
    assert finished.returncode == 0, finished.stdout + finished.stderr
