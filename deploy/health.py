"""Tell whether the role in this container works (exit status 0 or 1); ROLE names it. A HEALTHCHECK runs this."""

import os
import subprocess
import sys
import urllib.request
from collections.abc import Callable

import psycopg

# With several engines there may be one that serves nothing and only stands by.
REPORTED_ITSELF_LATELY = """
    SELECT count(*) FROM orders_engineprocess WHERE host = %s AND beat_at > now() - interval '10 seconds'
"""
# The scheduler writes down what it ran every three minutes.
RAN_SOMETHING_LATELY = """
    SELECT count(*) FROM django_celery_beat_periodictask WHERE last_run_at > now() - interval '10 minutes'
"""


def main() -> int:
    """Check the role and say what is wrong with it."""
    role = os.environ.get("ROLE", "web")
    checks: dict[str, Callable[[], bool]] = {
        "web": lambda: _answers(8000),
        "api": lambda: _answers(8001),
        "engine": lambda: _counts(os.environ["ENGINE_DATABASE_URL"], REPORTED_ITSELF_LATELY, os.uname().nodename),
        "worker": _worker_answers,
        "beat": lambda: _counts(os.environ["DATABASE_URL"], RAN_SOMETHING_LATELY),
    }
    healthy = checks[role]()
    if not healthy:
        print(f"The role {role!r} does not do its work.", file=sys.stderr)
    return 0 if healthy else 1


def _answers(port: int) -> bool:
    request = urllib.request.Request(f"http://127.0.0.1:{port}/health", headers={"Host": "localhost"})
    try:
        with urllib.request.urlopen(request, timeout=5):  # noqa: S310 - our own address
            return True
    except OSError:
        return False


def _counts(url: str, query: str, *parameters: str) -> bool:
    try:
        with psycopg.connect(url, connect_timeout=5) as connection:
            row = connection.execute(query.encode(), parameters or None).fetchone()
    except psycopg.Error:
        return False
    return row is not None and row[0] > 0


def _worker_answers() -> bool:
    name = f"celery@{os.uname().nodename}"
    command = ["celery", "--app", "config", "inspect", "ping", "--destination", name, "--timeout", "5"]
    return subprocess.run(command, capture_output=True).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
