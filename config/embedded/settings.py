"""What `make run` takes from the environment, checked before anything is started."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from config.embedded.errors import LaunchError
from exchange.reach import public_places

PROJECT = Path(__file__).resolve().parents[2]
LOOPBACK = "127.0.0.1"
ANY_ADDRESS = {"": LOOPBACK, "0.0.0.0": LOOPBACK, "::": "::1"}  # noqa: S104 - names the value, binds nothing


@dataclass(frozen=True, slots=True)
class LaunchSettings:
    """Addresses and folders of one copy of the exchange.

    `database_url` and `redis_url` are None when the embedded servers are to be used.
    """

    data_dir: Path
    bind: str
    web_port: int
    api_port: int
    web_private_port: int
    api_private_port: int
    staff_port: int | None
    postgres_port: int
    valkey_port: int
    api_threads: int
    engines: int
    database_url: str | None
    redis_url: str | None
    demo_mode: bool
    demo_password: str
    demo_flow: bool

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "LaunchSettings":
        """Read the settings; an empty value counts as not set. Raise LaunchError for a value that cannot be."""
        database_url = environ.get("DATABASE_URL") or None
        data_dir = environ.get("DATA_DIR") or PROJECT / "var"
        demo_mode = _switch(environ, "DEMO_MODE", default=database_url is None)
        if demo_mode and (reasons := public_places(environ)):
            raise LaunchError(
                f"{' and '.join(reasons)}: others could reach the demo accounts, whose password is known."
                " Set DEMO_MODE=0, or leave the exchange on this machine."
            )
        # With a wallet elsewhere, or as one, each order would also be a call between two exchanges.
        keeps_own_money = environ.get("WALLET") in (None, "", "embedded") and not environ.get("WALLET_SERVICE_TOKEN")
        return cls(
            data_dir=Path(os.path.abspath(Path(data_dir).expanduser())),
            bind=environ.get("BIND") or LOOPBACK,
            web_port=_number(environ, "WEB_PORT", 8000),
            api_port=_number(environ, "API_PORT", 8001),
            web_private_port=_number(environ, "WEB_PRIVATE_PORT", 8002),
            api_private_port=_number(environ, "API_PRIVATE_PORT", 8003),
            staff_port=_number(environ, "STAFF_PORT", 1) if environ.get("STAFF_PORT") not in (None, "", "0") else None,
            postgres_port=_number(environ, "POSTGRES_PORT", 25432),
            valkey_port=_number(environ, "VALKEY_PORT", 26379),
            api_threads=_number(environ, "API_THREADS", 24, highest=1024),
            engines=_number(environ, "ENGINES", 1, highest=16),
            database_url=database_url,
            redis_url=environ.get("REDIS_URL") or None,
            demo_mode=demo_mode,
            demo_password=environ.get("DEMO_PASSWORD") or "demo-password",
            demo_flow=demo_mode and _switch(environ, "DEMO_FLOW", default=keeps_own_money),
        )

    @property
    def ports(self) -> dict[str, tuple[str, int]]:
        """Every address this copy will listen on, by the name of the setting."""
        wanted = {"WEB_PORT": (self.bind, self.web_port), "API_PORT": (self.bind, self.api_port)}
        wanted["WEB_PRIVATE_PORT"] = (LOOPBACK, self.web_private_port)
        wanted["API_PRIVATE_PORT"] = (LOOPBACK, self.api_private_port)
        if self.staff_port is not None:
            wanted["STAFF_PORT"] = (self.bind, self.staff_port)
        if self.database_url is None:
            wanted["POSTGRES_PORT"] = (LOOPBACK, self.postgres_port)
        if self.redis_url is None:
            wanted["VALKEY_PORT"] = (LOOPBACK, self.valkey_port)
        return wanted

    @property
    def ready_urls(self) -> list[str]:
        """Addresses that answer 200 once the exchange serves; the first one says what is missing."""
        public = [self.web_url(port) for port in (self.web_port, self.api_port)]
        return [f"{url}/ready" for url in (f"http://{LOOPBACK}:{self.web_private_port}", *public)]

    def web_url(self, port: int) -> str:
        """Address under which this machine reaches one of its own ports."""
        host = ANY_ADDRESS.get(self.bind, self.bind)
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _number(environ: Mapping[str, str], name: str, default: int, highest: int = 65535) -> int:
    text = environ.get(name) or str(default)
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= highest:
        raise LaunchError(f"{name} must be a whole number from 1 to {highest}, not {text!r}.")
    return int(text)


def _switch(environ: Mapping[str, str], name: str, *, default: bool) -> bool:
    text = environ.get(name, "").lower()
    if text not in {"", "0", "1", "true", "false", "yes", "no", "on", "off"}:
        raise LaunchError(f"{name} must be 1 or 0, not {text!r}.")
    return text in {"1", "true", "yes", "on"} if text else default
