"""What the fuzzing of the engine prints when it fails."""

import pytest

import matching.engine
import tests.fuzz
from matching.engine import AmendOrder, Command

SEED, SEQUENCE = 5, 2


@pytest.fixture
def _amendments_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    def run_both(commands: list[Command], _: int) -> None:
        assert not any(isinstance(command, AmendOrder) for command in commands), "no amendments"

    monkeypatch.setattr(tests.fuzz, "run_both", run_both)


@pytest.mark.usefixtures("_amendments_fail")
def test_a_failure_prints_its_seed_and_the_fewest_commands_as_code(capsys: pytest.CaptureFixture[str]) -> None:
    status = tests.fuzz.main(["--seed", str(SEED), "--sequence", str(SEQUENCE)])

    printed = capsys.readouterr().out
    shortest = eval(printed.partition("commands = ")[2].partition("\n]")[0] + "]", vars(matching.engine))  # noqa: S307
    amendments = [c for c in tests.fuzz.commands_of(SEED, SEQUENCE) if isinstance(c, AmendOrder)]
    assert status == 1
    assert shortest in [[amendment] for amendment in amendments]
    assert "AssertionError: no amendments" in printed
    assert f"--seed {SEED} --sequence {SEQUENCE}" in printed


def test_so_many_commands_of_a_seed_agree_and_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    assert tests.fuzz.main(["--seed", str(SEED), "--commands", "1"]) == 0
    assert f"seed {SEED}\n" in (printed := capsys.readouterr().out)
    assert "1,000 commands agree" in printed


def test_a_sequence_depends_on_its_number_and_the_seed_alone() -> None:
    assert tests.fuzz.commands_of(SEED, SEQUENCE) == tests.fuzz.commands_of(SEED, SEQUENCE)
    assert tests.fuzz.commands_of(SEED, SEQUENCE) != tests.fuzz.commands_of(SEED, SEQUENCE + 1)
