"""Read files of data, by their suffix, and say which of them cannot be read: JSON, TOML, YAML."""

import json
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import yaml


def _read_yaml(text: str) -> None:
    for _ in yaml.safe_load_all(text):
        pass


READERS: dict[str, Callable[[str], object]] = {
    ".json": json.loads,
    ".toml": tomllib.loads,
    ".yaml": _read_yaml,
    ".yml": _read_yaml,
}


def main(arguments: list[str]) -> int:
    """Print what is wrong with each file; return 1 if anything is."""
    found = [(name, problem) for name in arguments if (problem := problem_of(Path(name)))]
    for name, problem in found:
        print(f"{name}: {problem}", file=sys.stderr)
    return 1 if found else 0


def problem_of(path: Path) -> str | None:
    """Return why a file cannot be read; None if it can."""
    try:
        READERS[path.suffix](path.read_text())
    except (ValueError, yaml.YAMLError) as error:
        return str(error)
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
