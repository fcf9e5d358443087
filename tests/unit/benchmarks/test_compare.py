"""How runs of two commits are compared."""

import math
from pathlib import Path

import pytest

from benchmarks.compare import STORED, Change, compare, losses
from benchmarks.targets import TARGETS, Run

RATE, TIME, COUNT = "durable_orders_per_s", "durable_p99_ms", "backlog_deadlocks"


def test_medians_of_the_figures_that_all_runs_have_are_compared() -> None:
    before = [{RATE: 100.0, TIME: 10.0}, {RATE: 300.0, TIME: 30.0}, {RATE: 200.0, TIME: 20.0}]
    after = [{RATE: 90.0}, {RATE: 180.0}, {RATE: 400.0}]

    assert compare(before, after) == [Change(RATE, 200.0, 180.0, 0.9)]


@pytest.mark.parametrize(
    ("name", "before", "after", "ratio"),
    [
        (RATE, 100.0, 50.0, 0.5),
        (RATE, 100.0, 200.0, 2.0),
        (TIME, 100.0, 200.0, 0.5),
        (TIME, 100.0, 50.0, 2.0),
        (COUNT, 0.0, 0.0, 1.0),
        (COUNT, 0.0, 1.0, 0.0),
        (COUNT, 1.0, 0.0, math.inf),
    ],
)
def test_a_loss_is_a_ratio_below_one_of_rates_and_of_times(
    name: str, before: float, after: float, ratio: float
) -> None:
    assert compare([{name: before}], [{name: after}]) == [Change(name, before, after, ratio)]


def test_a_loss_within_the_tolerance_is_noise() -> None:
    changes = compare([{RATE: 100.0, TIME: 100.0}], [{RATE: 96.0, TIME: 110.0}])

    assert losses(changes, 0.05) == [TIME]
    assert losses(changes, 0.1) == []


def test_a_run_is_read_as_it_was_written(tmp_path: Path) -> None:
    run = Run(figures={RATE: 1.5}, machine={"cores": "2"}, measured_on="2026-01-31")

    run.write(tmp_path / "run.json")

    assert Run.read(tmp_path / "run.json") == run


def test_the_stored_figures_are_named_as_measured_and_say_on_what() -> None:
    stored = Run.read(STORED)

    assert stored.figures.keys() <= TARGETS.keys()
    assert {"cpu", "cores", "python"} <= stored.machine.keys()
