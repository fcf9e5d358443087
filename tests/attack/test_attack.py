"""The short form of the attacks: one of them, as a program of its own, as `make attack` runs it."""

import subprocess
import sys

import pytest

from config.embedded.settings import PROJECT

pytestmark = pytest.mark.xdist_group("launcher")


def attack(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "tests.attack", *arguments]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=900)


def test_unfinished_bodies_hold_nobody_up() -> None:
    finished = attack("--seconds", "4", "--only", "unfinished bodies")
    assert finished.returncode == 0, finished.stdout + finished.stderr


@pytest.mark.long
def test_no_attack_holds_anybody_up() -> None:
    finished = attack()
    assert finished.returncode == 0, finished.stdout + finished.stderr
