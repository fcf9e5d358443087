"""Hold a commit message to the project's form: a subject of at most 72 characters, a blank line, a wrapped body.

Git runs it by way of pre-commit, with the file that holds the message.
"""

import sys
from pathlib import Path

WIDTH = 72
# Git writes these subjects itself, and makes others of them later.
BY_GIT = ("Merge ", "Revert ", "fixup! ", "squash! ")
CUT = "# ------------------------ >8 ------------------------"


def main(arguments: list[str]) -> int:
    """Print what is wrong with the message in a file; return 1 if anything is."""
    found = problems(Path(arguments[0]).read_text())
    for problem in found:
        print(f"commit message: {problem}", file=sys.stderr)
    return 1 if found else 0


def problems(message: str) -> list[str]:
    """Return what is wrong with a message; comments of git are no part of it."""
    kept = message.partition(CUT)[0].splitlines()
    lines = [line.rstrip() for line in kept if not line.startswith("#")]
    text = "\n".join(lines).strip()
    if not text:
        return ["there is none"]
    subject, *body = text.split("\n")
    return [*_of_subject(subject), *_of_body(body)]


def _of_subject(subject: str) -> list[str]:
    if subject.startswith(BY_GIT):
        return []
    found = []
    if len(subject) > WIDTH:
        found.append(f"the subject has {len(subject)} characters, at most {WIDTH} are read everywhere")
    if subject.endswith("."):
        found.append("the subject is a title and ends without a full stop")
    return found


def _of_body(body: list[str]) -> list[str]:
    found = ["a blank line stands between subject and body"] if body and body[0] else []
    # An address or a name that is longer cannot be broken.
    too_long = [line for line in body if len(line) > WIDTH and " " in line.strip()]
    return [*found, *(f"a line of the body has {len(line)} characters: {line[:40]}..." for line in too_long)]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
