"""The programs of one copy of the exchange, and the environment that they share."""

import os
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path

from config.embedded.errors import LaunchError
from config.embedded.processes import MARK
from config.embedded.servers import EmbeddedPostgres
from config.embedded.settings import LOOPBACK, LaunchSettings
from config.embedded.supervision import Program
from config.embedded.system_users import postgres_home, postgres_system_user
from config.embedded.valkey import EmbeddedValkey, own_address

_DATABASES = ("DATABASE_URL", "ENGINE_DATABASE_URL", "OWNER_DATABASE_URL")
_SERVERS = (*_DATABASES, "REDIS_URL", "SECRET_KEY", "DEMO_MODE")
_PORTS = ("WEB_PORT", "API_PORT", "WEB_PRIVATE_PORT", "API_PRIVATE_PORT")
_WALLET = ("WALLET", "WALLET_URL", "WALLET_TOKEN", "WALLET_SERVICE_TOKEN")
KEPT = (*_SERVERS, *_PORTS, *_WALLET)
# HTTP/1.1 only: streams within a connection would escape the limits by connection. A kept connection waits 30 s for its
# next request, and an unfinished head is given as long. API_THREADS says in how many threads requests are answered.
GRANIAN = [
    *["granian", "--interface", "rsgi", "--http", "1", "--no-ws", "--workers", "1", "--workers-kill-timeout", "5"],
    *["--backlog", "4096", "--backpressure", "4096", "--http1-buffer-size", "65536"],
]


def embedded_postgres(settings: LaunchSettings) -> EmbeddedPostgres | None:
    """Return the PostgreSQL of this copy, None when DATABASE_URL names another. Makes its folder and password."""
    if settings.database_url is not None:
        return None
    system_user = postgres_system_user()
    home = postgres_home(settings.data_dir, system_user)
    return EmbeddedPostgres(
        home=home, port=settings.postgres_port, password=kept_secret(home / "password"), system_user=system_user
    )


def embedded_valkey(settings: LaunchSettings) -> EmbeddedValkey | None:
    """Return the Valkey of this copy, None when REDIS_URL names another. Makes its secret."""
    if settings.redis_url is not None:
        return None
    secret = kept_secret(settings.data_dir / "valkey-secret")
    return EmbeddedValkey(home=settings.data_dir / "valkey", port=settings.valkey_port, secret=secret)


def kept_secret(path: Path) -> str:
    """Return the secret in a file that only we can read, made on the first call."""
    try:
        if path.exists():
            return path.read_text().strip()
        secret = secrets.token_urlsafe(48)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secret + "\n")
    except OSError as error:
        raise LaunchError(f"{path} cannot be used ({error.strerror}): was it made by another user?") from error
    return secret


def shared_environment(
    settings: LaunchSettings,
    outer: Mapping[str, str],
    postgres: EmbeddedPostgres | None,
    valkey: EmbeddedValkey | None,
) -> dict[str, str]:
    """Return the environment of every program: the outer one, completed, without the address of the tables' owner.

    Where Valkey is ours, its account is the worker's, for migrations and commands; each role is given its own.
    """
    environment = {
        **{name: value for name, value in outer.items() if name != "OWNER_DATABASE_URL"},
        MARK: str(settings.data_dir),
        "DATA_DIR": str(settings.data_dir),
        "DEMO_MODE": "1" if settings.demo_mode else "0",
        "DEMO_PASSWORD": settings.demo_password,
        "WEB_PORT": str(settings.web_port),
        "API_PORT": str(settings.api_port),
        "WEB_PRIVATE_PORT": str(settings.web_private_port),
        "API_PRIVATE_PORT": str(settings.api_private_port),
        "API_WORKERS": "1",
        "PRIVATE_BIND": LOOPBACK,
        "BIND": settings.bind,
        "SECRET_KEY": outer.get("SECRET_KEY") or kept_secret(settings.data_dir / "secret-key"),
        "API_THREADS": str(settings.api_threads),
        "PYTHONUNBUFFERED": "1",
    }
    if postgres is not None:
        environment |= {"DATABASE_URL": postgres.url(), "ENGINE_DATABASE_URL": postgres.url()}
    if valkey is not None:
        environment["REDIS_URL"] = valkey.url()
    return environment


def owner_environment(
    environment: Mapping[str, str], outer: Mapping[str, str], postgres: EmbeddedPostgres | None
) -> dict[str, str]:
    """Return a program's environment with the address of the tables' owner, for commands that migrate or back up."""
    address = outer.get("OWNER_DATABASE_URL") if postgres is None else postgres.owner_url()
    return {**environment, "OWNER_DATABASE_URL": address} if address else dict(environment)


def keep_environment(environment: Mapping[str, str], path: Path) -> None:
    """Write what `manage.py` needs to talk to this copy; settings read it where the environment names no database."""
    kept = "".join(f"{name}={environment[name]}\n" for name in KEPT if name in environment)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(kept)
    except OSError as error:
        raise LaunchError(f"{path} cannot be written ({error.strerror})") from error


def server_programs(postgres: EmbeddedPostgres | None, valkey: EmbeddedValkey | None) -> list[Program]:
    """Return what starts first and stops last."""
    programs = []
    if postgres is not None:
        # INT is PostgreSQL's fast shutdown: it ends the sessions and writes a checkpoint.
        user = postgres.system_user.name if postgres.system_user.run_as else None
        programs.append(Program("postgres", postgres.command(), 10, True, user=user, stop_signal="INT", stop_wait_s=30))
    if valkey is not None:
        programs.append(Program("valkey", valkey.command(), 20, True, stop_wait_s=15))
    return programs


def role_programs(settings: LaunchSettings, valkey: EmbeddedValkey | None = None) -> list[Program]:
    """Return the roles; those that take orders stop first, those that finish the work stop after them."""
    bind = settings.bind
    python = [sys.executable, "-m"]
    celery = [*python, "celery", "--app", "config"]
    return [
        Program(
            "worker",
            [*celery, "worker", "--concurrency", "2", "--without-gossip", "--without-mingle"],
            priority=30,
            stop_wait_s=30,
            environment=own_address(valkey, "worker"),
        ),
        Program("beat", [*celery, "beat", "--pidfile="], priority=40, environment=own_address(valkey, "worker")),
        *[
            Program(
                name,
                [sys.executable, "manage.py", "run_engine"],
                priority=50,
                stop_wait_s=20,
                environment=own_address(valkey, "engine"),
            )
            for name in engine_names(settings.engines)
        ],
        Program(
            "api",
            [
                *python,
                *GRANIAN,
                "--host",
                bind,
                "--port",
                str(settings.api_port),
                "config.rsgi:application",
            ],
            priority=60,
            environment=own_address(valkey, "api"),
        ),
        Program(
            "web",
            [*python, "daphne", *_endpoints(settings), "config.asgi:application"],
            priority=70,
            environment=own_address(valkey, "web"),
        ),
    ]


def _endpoints(settings: LaunchSettings) -> list[str]:
    """Return Daphne's arguments for every port of web."""
    places = [(settings.bind, settings.web_port), (LOOPBACK, settings.web_private_port)]
    if settings.staff_port is not None:
        places.append((settings.bind, settings.staff_port))
    endpoints = [f"tcp:port={port}:interface={host.replace(':', chr(92) + ':')}" for host, port in places]
    return [argument for endpoint in endpoints for argument in ("-e", endpoint)]


def demo_programs(settings: LaunchSettings, valkey: EmbeddedValkey | None = None) -> list[Program]:
    """Return what starts once the exchange is open, and stops first: the flow of a demo copy, unless it is off."""
    if not settings.demo_flow:
        return []
    command = [sys.executable, "manage.py", "demo_flow", "--url", settings.web_url(settings.api_port)]
    return [Program("demo", command, priority=80, environment=own_address(valkey, "monitoring"))]


def engine_names(engines: int) -> list[str]:
    """Return what the engine processes are called: several share the markets."""
    return ["engine"] if engines == 1 else [f"engine-{number}" for number in range(1, engines + 1)]
