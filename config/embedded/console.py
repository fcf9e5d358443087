"""Everything that `make run` shows."""

import sys
from pathlib import Path

from config.embedded.settings import LOOPBACK, LaunchSettings
from exchange.seeds import DEMO_ROLES, DEMO_STAFF, DEMO_TRADERS


def say(text: str) -> None:
    """Print one line at once, also when the console is a pipe."""
    print(text, flush=True)


def complain(text: str) -> None:
    """Print one line on standard error."""
    print(text, file=sys.stderr, flush=True)


def tail(path: Path, lines: int = 15) -> list[str]:
    """Return the last lines of a log, none when there is no log."""
    try:
        with path.open("rb") as log:
            log.seek(max(0, path.stat().st_size - 64_000))
            return log.read().decode(errors="replace").splitlines()[-lines:]
    except OSError:
        return []


def banner(settings: LaunchSettings, *, postgres_home: Path | None) -> str:
    """Return the text that tells a person where everything is."""
    web, api = settings.web_url(settings.web_port), settings.web_url(settings.api_port)
    private = f"http://{LOOPBACK}:{settings.web_private_port}"
    rows = [
        ("Page", f"{web}/"),
        ("API", f"{web}/api/v1 and, faster, {api}/api/v1"),
        ("API docs", f"{web}/api/docs"),
        ("Admin", f"{web}/admin/"),
        ("Health", f"{web}/health  {web}/ready"),
        ("Private", f"{private}/ready (in detail)  {private}/metrics"),
    ]
    if settings.demo_mode:
        rows += [
            ("Accounts", f"{', '.join((*DEMO_TRADERS, DEMO_STAFF))} (password: {settings.demo_password})"),
            ("Roles", f"{', '.join(DEMO_ROLES)} see what staff of each role may do (the same password)"),
        ]
    if settings.demo_flow:
        rows += [("Demo", "a maker and takers trade all markets; DEMO_FLOW=0 leaves them quiet")]
    rows += [("Data", str(settings.data_dir))]
    if postgres_home is not None and settings.data_dir not in postgres_home.parents:
        rows += [("", f"{postgres_home} (PostgreSQL)")]
    rows += [("Logs", f"{settings.data_dir / 'log'}/<program>.log"), ("Stop", "Ctrl-C")]
    return "\n".join(["", "The exchange is open.", "", *(f"  {name:<10}{value}" for name, value in rows), ""])
