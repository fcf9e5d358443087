"""The system user that PostgreSQL runs as: it refuses root, so for root it is an unprivileged one."""

import hashlib
import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from config.embedded.errors import LaunchError

FALLBACK_HOME = Path("/var/lib/trade-engine")


class RunAs(TypedDict, total=False):
    """The arguments of `subprocess` that change the user of a child."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class SystemUser:
    """A user of the operating system."""

    name: str
    uid: int
    gid: int

    @property
    def run_as(self) -> RunAs:
        """Arguments for `subprocess` that start a program as this user; none for ourselves."""
        if self.uid == os.geteuid():
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def can(self, *command: str | Path) -> bool:
        """Tell whether a command succeeds when this user runs it from the root folder."""
        try:
            finished = subprocess.run(command, **self.run_as, cwd="/", capture_output=True, timeout=30)
        except (PermissionError, FileNotFoundError):
            return False
        return finished.returncode == 0

    def own(self, folder: Path) -> None:
        """Make a private folder of this user."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.uid != os.geteuid():
            os.chown(folder, self.uid, self.gid)


def postgres_system_user() -> SystemUser:
    """Return the user we run as, or for root the first unprivileged one that exists."""
    if os.geteuid() != 0:
        return SystemUser(name=str(os.geteuid()), uid=os.geteuid(), gid=os.getegid())
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return SystemUser(name=name, uid=entry.pw_uid, gid=entry.pw_gid)
    raise LaunchError(
        "PostgreSQL does not run as root and this system has neither a 'postgres' nor a 'nobody' user:"
        " start the exchange as an ordinary user, or set DATABASE_URL."
    )


def postgres_home(data_dir: Path, system_user: SystemUser) -> Path:
    """Return a folder the system user can use: below the data folder, else below /var/lib/trade-engine. Creates it."""
    home = data_dir / "postgres"
    system_user.own(home)
    if system_user.can("test", "-w", home):
        return home
    if any(home.iterdir()):
        raise LaunchError(
            f"PostgreSQL runs as {system_user.name!r}, which cannot enter {home}: let every user pass to it."
        )
    home.rmdir()
    FALLBACK_HOME.mkdir(parents=True, exist_ok=True)
    FALLBACK_HOME.chmod(0o755)
    fallback = FALLBACK_HOME / hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:12]
    system_user.own(fallback)
    if not system_user.can("test", "-w", fallback):
        raise LaunchError(
            f"PostgreSQL, which runs as {system_user.name!r} because root may not, can use neither {home} nor"
            f" {fallback}: set DATA_DIR to a folder that every user may enter."
        )
    return fallback
