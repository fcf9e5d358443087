"""Dumps: one file, one moment, written while everything runs."""

import os
from pathlib import Path

import psycopg
from django.conf import settings

from operations.backups.encryption import encrypt_stream
from operations.backups.errors import BackupError
from operations.backups.programs import pipe_tool, run_tool
from operations.backups.watermarks import Watermarks, watermarks_read, watermarks_write

_HAS_TABLES = (
    "SELECT EXISTS (SELECT FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace)"
)
_LOCK_WAIT = "10s"


def dump_write(*, path: Path) -> Watermarks:
    """Write everything as of now into one file, and return how far each market had come at that moment.

    Trading goes on meanwhile: the dump reads from one snapshot and waits for nobody. The file appears when it is
    complete. For BACKUP_RECIPIENTS it is encrypted as it is written; otherwise its list is read back. Raises
    BackupError.
    """
    unfinished = path.with_name(path.name + ".part")
    with psycopg.connect(settings.ENGINE_DATABASE_URL, connect_timeout=5, autocommit=True) as connection:
        connection.execute("SET statement_timeout = 0")
        connection.execute("SET idle_in_transaction_session_timeout = 0")
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        row = connection.execute("SELECT pg_export_snapshot()").fetchone()
        assert row is not None, "Invariant: a snapshot has a name"
        watermarks = watermarks_read(connection)
        _write(unfinished, snapshot=row[0])
    _sync(unfinished)
    watermarks_write(path, watermarks)
    unfinished.rename(path)
    _sync(path.parent)
    return watermarks


def dump_restore(*, path: Path, jobs: int) -> Watermarks:
    """Read a dump into the database of ENGINE_DATABASE_URL, which must be empty; return how far each market has come.

    Raises BackupError; what a failed restore leaves is no exchange: drop that database and begin with another.
    """
    with psycopg.connect(settings.ENGINE_DATABASE_URL, connect_timeout=5, autocommit=True) as connection:
        row = connection.execute(_HAS_TABLES).fetchone()
        if row is None or row[0]:
            raise BackupError("This database is not empty: a dump can only be restored into a new one.")
        run_tool(
            "pg_restore",
            "--no-owner",
            "--no-privileges",
            "--exit-on-error",
            "--jobs",
            str(jobs),
            "--dbname",
            connection.info.dbname,
            path,
        )
        connection.execute("SET statement_timeout = 0")
        connection.execute("ANALYZE")
        return watermarks_read(connection)


def _write(path: Path, *, snapshot: str) -> None:
    arguments = ["--format=custom", "--no-owner", "--no-privileges", "--snapshot", snapshot]
    arguments += ["--lock-wait-timeout", _LOCK_WAIT]
    if not settings.BACKUP_RECIPIENTS:
        run_tool("pg_dump", *arguments, "--file", path)
        run_tool("pg_restore", "--list", path)
        return
    with path.open("wb") as target:
        pipe_tool("pg_dump", *arguments, into=lambda dump: encrypt_stream(dump, target, settings.BACKUP_RECIPIENTS))


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
