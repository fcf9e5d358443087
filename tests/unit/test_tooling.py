"""Hold what contributors rely on: the hooks of git, the workflows, the files that say how others are laid out."""

import json
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts import commit_message, syntax

PROJECT = Path(__file__).resolve().parents[2]
HOOKS = PROJECT / ".pre-commit-config.yaml"
WORKFLOWS = sorted((PROJECT / ".github" / "workflows").glob("*.yml"))
# The names of the modules of packages that are called otherwise.
MODULES = {"check_jsonschema": "check-jsonschema"}
GIVEN_BY_THE_SYSTEM = {"bash", "git"}


def run_module(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", *arguments], cwd=PROJECT, capture_output=True, text=True, timeout=60)


def hooks() -> list[dict[str, Any]]:
    document: dict[str, Any] = yaml.safe_load(HOOKS.read_text())
    return [hook for repository in document["repos"] for hook in repository["hooks"]]


def words_of(entry: str) -> list[str]:
    """Return the words of a hook's command, without the variables that it sets."""
    words = shlex.split(entry)
    return [word for word in words if word != "env" and not re.match(r"[A-Z_]+=", word)]


# --- hooks ------------------------------------------------------------------------------------------------


def test_the_hooks_are_as_pre_commit_wants_them_and_come_from_here() -> None:
    finished = run_module("pre_commit", "validate-config", str(HOOKS))

    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert {repository["repo"] for repository in yaml.safe_load(HOOKS.read_text())["repos"]} == {"local"}
    assert {hook["language"] for hook in hooks()} == {"system"}


@pytest.mark.parametrize("hook", hooks(), ids=lambda hook: hook["id"])
def test_a_hook_runs_a_tool_that_the_project_locks(hook: dict[str, Any]) -> None:
    program, *rest = words_of(hook["entry"])

    tools = json.loads((PROJECT / "package.json").read_text())["devDependencies"]
    if program == ".venv/bin/node":
        name = rest[0].removeprefix("node_modules/.bin/")
        assert {"tsc": "typescript"}.get(name, name) in tools
    elif program == ".venv/bin/python" and rest[0] == "-m":
        assert MODULES.get(rest[1], rest[1]) in dev_packages()
    elif program == ".venv/bin/python":
        assert (PROJECT / rest[0]).is_file()
    else:
        assert program in GIVEN_BY_THE_SYSTEM


def dev_packages() -> set[str]:
    groups = tomllib.loads((PROJECT / "pyproject.toml").read_text())["dependency-groups"]
    return {re.split(r"[\[<>=]", package)[0] for package in groups["dev"]}


# --- workflows --------------------------------------------------------------------------------------------


def test_the_workflows_are_as_github_wants_them() -> None:
    names = [str(path) for path in WORKFLOWS]
    finished = run_module("check_jsonschema", "--builtin-schema", "vendor.github-workflows", *names)

    assert [path.name for path in WORKFLOWS] == ["nightly.yml", "pull-request.yml"]
    assert finished.returncode == 0, finished.stdout + finished.stderr


def test_docker_compose_is_as_compose_wants_it() -> None:
    finished = run_module("check_jsonschema", "--builtin-schema", "vendor.compose-spec", "docker-compose.yml")

    assert finished.returncode == 0, finished.stdout + finished.stderr


def test_what_the_workflows_run_is_there() -> None:
    steps = [step for workflow in WORKFLOWS for step in steps_of(yaml.safe_load(workflow.read_text()))]
    commands = "\n".join(step["run"] for step in steps if "run" in step)
    matrix = yaml.safe_load(WORKFLOWS[0].read_text())["jobs"]["long"]["strategy"]["matrix"]["target"]

    named = {target.split()[0] for target in matrix} | set(re.findall(r"\bmake ([a-z-]+)", commands))
    scripts = re.findall(r"\bbash (\S+)", commands)
    targets = set(re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))
    assert named >= {"test-long", "chaos", "chaos-controls", "fuzz", "schema-test", "bench-compare"}
    assert named <= targets
    assert scripts == [".ci/run"]
    assert all((PROJECT / script).is_file() for script in scripts)


def test_actions_are_pinned_to_a_major_version() -> None:
    steps = [step for workflow in WORKFLOWS for step in steps_of(yaml.safe_load(workflow.read_text()))]

    used = {step["uses"] for step in steps if "uses" in step}

    assert used
    assert [action for action in used if not re.fullmatch(r"actions/[a-z-]+@v\d+", action)] == []


def steps_of(workflow: dict[str, Any]) -> list[dict[str, Any]]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


# --- commit messages --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("Hold the form of messages\n", []),
        ("Hold the form of messages\n\nBecause they are read for years.\n", []),
        (f"{'x' * 72}\n\n{'y' * 72}\n", []),
        ("Merge branch 'of-a-name-that-is-so-long-that-the-subject-exceeds-the-limit' into main\n", []),
        ("Name it\n\nhttps://example.com/an-address-that-is-longer-than-a-line-and-has-no-place-to-break\n", []),
        ("# only what git wrote\n", ["there is none"]),
        (f"{'x' * 73}\n", ["73 characters"]),
        ("A title.\n", ["full stop"]),
        ("A title\nand no blank line\n", ["blank line"]),
        (f"A title\n\n{'word ' * 15}\n", ["74 characters"]),
        (f"A title\n\n# {'git says ' * 20}\n{commit_message.CUT}\n{'a diff ' * 20}\n", []),
    ],
)
def test_a_commit_message_has_its_form(message: str, words: list[str]) -> None:
    problems = commit_message.problems(message)

    assert len(problems) == len(words)
    assert all(word in problem for word, problem in zip(words, problems, strict=True))


def test_the_hook_refuses_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "COMMIT_EDITMSG"
    file.write_text("A title.\n")

    assert commit_message.main([str(file)]) == 1
    assert "full stop" in capsys.readouterr().err


# --- files of data ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("a.json", "{}", "{,}"),
        ("a.toml", "a = 1", "a = "),
        ("a.yml", "a: [1]\n---\nb: 2", "a: [1"),
        ("a.yaml", "", "\t"),
    ],
)
def test_the_syntax_of_data_is_read(tmp_path: Path, name: str, right: str, wrong: str) -> None:
    file = tmp_path / name

    file.write_text(right)
    assert syntax.main([str(file)]) == 0
    file.write_text(wrong)
    assert syntax.main([str(file)]) == 1


def test_lock_files_are_generated_and_layout_commits_are_named() -> None:
    attributes = (PROJECT / ".gitattributes").read_text()
    ignored = (PROJECT / ".git-blame-ignore-revs").read_text()

    assert "package-lock.json -diff linguist-generated" in attributes
    assert "requirements*.lock -diff linguist-generated" in attributes
    assert all(re.fullmatch(r"[0-9a-f]{40}|#.*|", line) for line in ignored.splitlines())
