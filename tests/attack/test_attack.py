"""The short form of the attacks: one of them, as a program of its own, as `make attack` runs it."""

import subprocess
import sys

import pytest

from config.embedded.settings import PROJECT

# They measure, so they want a machine of their own; `tests/integration/door/` makes the same attacks without a clock.
pytestmark = [pytest.mark.xdist_group("launcher"), pytest.mark.long]


def attack(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "tests.attack", *arguments]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=900)


def test_unfinished_bodies_hold_nobody_up() -> None:
    finished = attack("--seconds", "4", "--only", "unfinished bodies")
    assert finished.returncode == 0, finished.stdout + finished.stderr


def test_no_attack_holds_anybody_up() -> None:
    finished = attack()
    assert finished.returncode == 0, finished.stdout + finished.stderr
