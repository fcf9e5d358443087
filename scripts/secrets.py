"""Make the secrets of docker compose: .env, from .env.example, with a random text for each secret that has none."""

import os
import re
import secrets
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
_EMPTY = re.compile(r"^([A-Z][A-Z_]*(?:KEY|PASSWORD))=$", re.MULTILINE)


def filled(text: str) -> tuple[str, list[str]]:
    """Return the settings with a random text for each empty secret, and which those were."""
    names = _EMPTY.findall(text)
    return _EMPTY.sub(lambda found: f"{found[1]}={secrets.token_urlsafe(48)}", text), names


def main() -> int:
    """Write .env so that only we can read it; what is set there already stays as it is."""
    target = PROJECT / ".env"
    source = target if target.exists() else PROJECT / ".env.example"
    text, names = filled(source.read_text())
    fresh = target.with_name(".env.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    fresh.replace(target)
    print(f"{target}: made {', '.join(names)}." if names else f"{target}: every secret is there already.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
