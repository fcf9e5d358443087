"""Make a new copy of the exchange from a backup: `python -m config.embedded.restore BACKUP`, or `make restore`.

DATA_DIR names the new copy's folder, which must hold no database yet. Nothing is left running: `make run` starts it.
"""

import os
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import environ
import psycopg
from psycopg import sql

from config.embedded import checks
from config.embedded.console import complain, say, tail
from config.embedded.errors import LaunchError
from config.embedded.programs import embedded_postgres, owner_environment, shared_environment
from config.embedded.servers import ADMINISTRATOR, EmbeddedPostgres
from config.embedded.settings import PROJECT, LaunchSettings
from config.processes import die_with_parent
from operations.backups import SUFFIX, BackupError, base_check, decrypted

RECOVERY_S = 3_600.0
_RECOVERED = "SELECT NOT pg_is_in_recovery()"


def restore_dump(settings: LaunchSettings, postgres: EmbeddedPostgres, dump: Path) -> None:
    """Set up a new server and read a dump into it. Raises LaunchError."""
    postgres.prepare()
    with _running(settings, postgres, postgres.command()):
        postgres.wait_until_ready()
        if not _manage(settings, postgres, "restore", str(dump.absolute())):
            raise LaunchError(f"{dump} was not restored: remove {postgres.data} before the next try.")


def say_what_is_lost(settings: LaunchSettings, postgres: EmbeddedPostgres) -> None:
    """Name what the new copy cannot use, because a backup has no secrets: API keys of another SECRET_KEY."""
    with _running(settings, postgres, postgres.command()):
        postgres.wait_until_ready()
        if not _manage(settings, postgres, "lost_api_keys"):
            raise LaunchError("The copy is restored, but it cannot be told which API keys are lost.")


def _manage(settings: LaunchSettings, postgres: EmbeddedPostgres, *arguments: str) -> bool:
    environment = shared_environment(settings, os.environ, postgres, None) | {"STATEMENT_TIMEOUT_MS": "0"}
    environment = owner_environment(environment, os.environ, postgres)
    return subprocess.run([sys.executable, "manage.py", *arguments], cwd=PROJECT, env=environment).returncode == 0


def restore_base(
    settings: LaunchSettings, postgres: EmbeddedPostgres, base: Path, log: Path | None, until: datetime | None
) -> None:
    """Unpack a base backup, play the log that was followed on top of it, up to a moment if there is one.

    Raises LaunchError. The database's password becomes that of the new copy.
    """
    try:
        base_check(base)
    except BackupError as error:
        raise LaunchError(str(error)) from error
    fresh = postgres.home / "data.new"
    shutil.rmtree(fresh, ignore_errors=True)
    _unpack(base / "base.tar.gz", fresh)
    _unpack(base / "pg_wal.tar.gz", fresh / "pg_wal")
    followed = postgres.home / "log.restored"
    shutil.rmtree(followed, ignore_errors=True)
    if log is not None:
        _copy_log(log, followed)
        (fresh / "recovery.signal").touch()
    _chown(postgres, fresh, followed)
    fresh.rename(postgres.data)
    _recover(settings, postgres, followed if log is not None else None, until)
    shutil.rmtree(followed, ignore_errors=True)


def _unpack(archive: Path, folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")


def _copy_log(log: Path, folder: Path) -> None:
    """Copy the followed log to where the server can read it; that includes the piece that was being written."""
    folder.mkdir(mode=0o700)
    for piece in sorted(log.iterdir()):
        shutil.copy(piece, folder / piece.name.removesuffix(".partial"))


def _chown(postgres: EmbeddedPostgres, *folders: Path) -> None:
    for folder in folders:
        for path in [folder, *folder.rglob("*")] if folder.exists() else []:
            os.chown(path, postgres.system_user.uid, postgres.system_user.gid)
            path.chmod(0o700 if path.is_dir() else 0o600)


def _recover(settings: LaunchSettings, postgres: EmbeddedPostgres, log: Path | None, until: datetime | None) -> None:
    """Run the server on a private socket until its recovery has ended, and give it the new copy's password."""
    with tempfile.TemporaryDirectory(prefix="te-") as name:
        socket_folder = Path(name)
        (socket_folder / "hba.conf").write_text("local all all trust\n")
        _chown(postgres, socket_folder)
        options = {
            "listen_addresses": "",
            "unix_socket_directories": str(socket_folder),
            "hba_file": str(socket_folder / "hba.conf"),
        }
        if log is not None:
            options |= {"restore_command": f'cp "{log}/%f" "%p"', "recovery_target_action": "promote"}
        if until is not None:
            options["recovery_target_time"] = until.isoformat()
        command = postgres.command() + [part for item in options.items() for part in ("-c", "=".join(item))]
        with _running(settings, postgres, command) as server:
            postgres.wait_for(lambda: _set_password(postgres, socket_folder, server), RECOVERY_S)


def _set_password(postgres: EmbeddedPostgres, socket_folder: Path, server: "subprocess.Popen[bytes]") -> None:
    if server.poll() is not None:
        raise LaunchError("PostgreSQL could not play the log to where it was told to.")
    with psycopg.connect(
        host=str(socket_folder), port=postgres.port, user=ADMINISTRATOR, dbname="postgres", autocommit=True
    ) as connection:
        row = connection.execute(_RECOVERED).fetchone()
        if row is None or not row[0]:
            raise psycopg.OperationalError("it is still playing the log")
        change = sql.SQL("ALTER ROLE {} PASSWORD {}").format(
            sql.Identifier(ADMINISTRATOR), sql.Literal(postgres.password)
        )
        connection.execute(change)


@contextmanager
def _running(
    settings: LaunchSettings, postgres: EmbeddedPostgres, command: list[str]
) -> Iterator["subprocess.Popen[bytes]"]:
    log_path = settings.data_dir / "log" / "restore.log"
    with log_path.open("ab") as log:
        server = subprocess.Popen(
            command,
            **postgres.system_user.run_as,
            env=postgres.environment,
            cwd="/",
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=die_with_parent(signal.SIGINT),
        )
    try:
        yield server
    except LaunchError:
        for line in tail(log_path):
            complain(f"  postgres: {line}")
        raise
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(60)


def restore(settings: LaunchSettings, backup: Path, log: Path | None, until: datetime | None) -> None:
    """Make a copy of the exchange in the settings' data folder from a dump or a base backup. Raises LaunchError."""
    postgres = embedded_postgres(settings)
    if postgres is None:
        raise LaunchError("DATABASE_URL names a server of its own: use manage.py restore with a dump.")
    if postgres.data.exists():
        raise LaunchError(f"There is a database in {postgres.data} already: set DATA_DIR to a new folder.")
    if log is not None and not log.is_dir():
        raise LaunchError(f"There is no log in {log}.")
    if any((backup / f"base.tar.gz{suffix}").is_file() for suffix in ("", SUFFIX)):
        _restore_readable_base(settings, postgres, backup, log, until)
    elif backup.is_file():
        restore_dump(settings, postgres, backup)
    else:
        raise LaunchError(f"{backup} is neither a dump nor a base backup.")
    say_what_is_lost(settings, postgres)


def _restore_readable_base(
    settings: LaunchSettings, postgres: EmbeddedPostgres, backup: Path, log: Path | None, until: datetime | None
) -> None:
    identity = os.environ.get("BACKUP_IDENTITY_FILE", "")
    try:
        with decrypted(backup, identity_file=identity, work=settings.data_dir) as base:
            restore_base(settings, postgres, base, log, until)
    except BackupError as error:
        raise LaunchError(str(error)) from error


def main() -> int:
    """Restore what the command line names; return the exit status."""
    parser = ArgumentParser(prog="make restore", description=__doc__)
    parser.add_argument("backup", type=Path, help="a dump, or the folder of a base backup")
    parser.add_argument("--log", type=Path, metavar="FOLDER", help="the log that was followed since the base backup")
    parser.add_argument("--until", type=datetime.fromisoformat, metavar="TIME", help="stop there; needs --log")
    arguments = parser.parse_args()
    environ.Env.read_env(PROJECT / ".env")
    try:
        settings = LaunchSettings.from_environ(os.environ)
        lock = checks.folder_claim(settings.data_dir)
        try:
            restore(settings, arguments.backup, arguments.log, arguments.until)
        finally:
            os.close(lock)
    except LaunchError as error:
        complain(f"make restore: {error}")
        return 1
    say(f"{settings.data_dir} holds the exchange of {arguments.backup}; start it with make run.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
