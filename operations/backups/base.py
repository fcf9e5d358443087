"""Base backups: the server's folder while it runs, and the log that goes on from there."""

import os
from pathlib import Path
from typing import NoReturn

from django.conf import settings

from operations.backups.encryption import encrypt_files
from operations.backups.manifest import base_check
from operations.backups.programs import run_tool, tool, tool_environment

# The replication slot for which the server keeps its log, as far as max_slot_wal_keep_size allows.
SLOT = "trade_engine_log"


def base_write(*, path: Path) -> None:
    """Write a base backup of the whole server into a new folder, complete in itself, while everything runs.

    The folder appears when all of it is on disk and its checksums are right; for BACKUP_RECIPIENTS its files are
    encrypted after that. Raises BackupError.
    """
    unfinished = path.with_name(path.name + ".part")
    run_tool(
        "pg_basebackup",
        "--pgdata",
        unfinished,
        "--format=tar",
        "--gzip",
        "--wal-method=stream",
        "--checkpoint=fast",
        "--manifest-checksums=SHA256",
        "--label",
        path.name,
    )
    base_check(unfinished)
    if settings.BACKUP_RECIPIENTS:
        encrypt_files(unfinished, settings.BACKUP_RECIPIENTS)
    unfinished.rename(path)


def log_follow(*, folder: Path) -> NoReturn:
    """Become the process that copies the server's log into a folder as it is written, until it is told to stop.

    When run again it continues where it stopped: the server keeps what is missing. Raises BackupError.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    run_tool("pg_receivewal", "--slot", SLOT, "--create-slot", "--if-not-exists")
    command = [
        tool("pg_receivewal"),
        "--slot",
        SLOT,
        "--directory",
        str(folder),
        "--synchronous",
        "--status-interval=1",
    ]
    os.execvpe(command[0], command, dict(tool_environment()))  # noqa: S606 - a shell is what we do not want
