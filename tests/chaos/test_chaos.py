"""The short form of the chaos: two kills, as a program of its own, as `make chaos` runs it."""

import os
import subprocess
import sys

import pytest

from config.embedded.settings import PROJECT

pytestmark = pytest.mark.xdist_group("chaos")


def test_two_kills_lose_nothing() -> None:
    command = [sys.executable, "-m", "tests.chaos", "--kills", "2", "--round", "2", "--seed", os.environ["TEST_SEED"]]
    finished = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=400)
    assert finished.returncode == 0, finished.stdout + finished.stderr
