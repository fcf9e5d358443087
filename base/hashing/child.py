"""Hashes for the process that started it: a question a line on standard input, an answer a line on standard output.

It ends when its input does, so it cannot outlive who asks.
"""

import contextlib
import json
import os
import signal
import sys
from typing import Any

from django.conf import settings
from django.contrib.auth import hashers

NICER = 10
KINDS = {kind.__name__: kind for kind in (hashers.Argon2PasswordHasher, hashers.PBKDF2PasswordHasher)}


def main() -> None:
    """Answer until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent
    with contextlib.suppress(OSError):
        os.nice(NICER)
    settings.configure()
    for line in sys.stdin:
        sys.stdout.write(json.dumps({"result": _answer(json.loads(line))}) + "\n")
        sys.stdout.flush()


def _answer(question: dict[str, Any]) -> Any:
    hasher = KINDS[question["kind"]]()
    for name, value in question["effort"].items():
        setattr(hasher, name, value)
    return getattr(hasher, question["method"])(*question["arguments"])


if __name__ == "__main__":
    main()
