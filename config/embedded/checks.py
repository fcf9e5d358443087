"""What must be true before anything is started; each failure is one sentence."""

import errno
import fcntl
import os
import socket
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import redis

from config.embedded.errors import LaunchError
from config.embedded.settings import LaunchSettings


def folder_claim(data_dir: Path) -> int:
    """Make the data folder and lock it for this process. Returns the open lock, which lasts until we end."""
    try:
        (data_dir / "log").mkdir(parents=True, exist_ok=True)
        (data_dir / "static").mkdir(exist_ok=True)
        lock = os.open(data_dir / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise LaunchError(
            f"The data folder {data_dir} cannot be written ({error.strerror}): set DATA_DIR to one that can."
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.read(lock, 32).decode(errors="replace").strip() or "unknown"
        raise LaunchError(
            f"An exchange with the data folder {data_dir} is already running (process {holder}):"
            " stop it first, or set DATA_DIR and the ports of a second copy."
        ) from error
    os.ftruncate(lock, 0)
    os.write(lock, str(os.getpid()).encode())
    return lock


def check_ports(settings: LaunchSettings) -> None:
    """Raise LaunchError unless all ports are different and free."""
    names: dict[int, str] = {}
    for name, (host, port) in settings.ports.items():
        if port in names:
            raise LaunchError(f"{names[port]} and {name} are both {port}: give each its own port.")
        names[port] = name
        _check_port(name, host, port)


def check_database(url: str) -> None:
    """Raise LaunchError unless PostgreSQL answers at the address."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise LaunchError("DATABASE_URL must look like postgres://user:password@host:5432/name.")
    try:
        psycopg.connect(f"postgresql{url[len(parts.scheme) :]}", connect_timeout=5).close()
    except psycopg.Error as error:
        reason = _one_line(error)
        raise LaunchError(f"DATABASE_URL: PostgreSQL at {_place(url)} is not usable: {reason}.") from error


def check_redis(url: str) -> None:
    """Raise LaunchError unless a Redis-protocol server answers at the address."""
    try:
        with redis.Redis.from_url(url, socket_timeout=5, socket_connect_timeout=5) as client:
            client.ping()
    except (redis.RedisError, ValueError, OSError) as error:
        raise LaunchError(f"REDIS_URL: no server to use at {_place(url)}: {_one_line(error)}.") from error


def _check_port(name: str, host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise LaunchError(f"Port {port} is in use by another program: set {name} to a free port.") from error
            raise LaunchError(f"{name}: cannot listen on {host} port {port}: {error.strerror or error}.") from error


def _place(url: str) -> str:
    """Host and port of an address, without its password."""
    return urlsplit(url).netloc.rpartition("@")[2] or "an empty address"


def _one_line(error: Exception) -> str:
    """The part of a library's message that says what happened."""
    first = str(error).strip().partition("\n")[0].removeprefix("connection failed: ")
    return first.rstrip(".") or type(error).__name__
