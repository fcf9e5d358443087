"""Servers of the distribution that talk TLS only, each as a process of its own."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from config.embedded.settings import LOOPBACK, PROJECT
from config.embedded.system_users import RunAs, postgres_system_user
from config.processes import die_with_parent
from tests.certificates import Certificate, make_certificate
from tests.engines import wait_until
from tests.programs import program
from tests.servers import folder_for_everybody, free_port

PASSWORD = "of-a-test-run"
START_S = 60.0


@contextlib.contextmanager
def folder_with_certificate() -> Iterator[tuple[Path, Certificate]]:
    """Give a folder that servers can enter, with a certificate in it, until the block ends."""
    folder = Path(tempfile.mkdtemp(prefix="trade-engine-tls-", dir=folder_for_everybody()))
    folder.chmod(0o711)
    try:
        yield folder, make_certificate(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def postgres() -> Iterator[tuple[str, Certificate]]:
    """Run PostgreSQL 15; gives its address without what is about TLS."""
    server = program("postgres", "postgresql-15")
    user, port = postgres_system_user(), free_port()
    with folder_with_certificate() as (folder, certificate):
        data = folder / "data"
        data.mkdir(mode=0o700)
        password, key = folder / "password", folder / "server.key"
        password.write_text(PASSWORD)
        shutil.copy(certificate.key, key)
        for path in (data, password, key):
            os.chown(path, user.uid, user.gid)
            path.chmod(0o700 if path.is_dir() else 0o600)
        initdb = [str(Path(server).with_name("initdb")), "-D", str(data), "-U", "exchange", "--pwfile", str(password)]
        subprocess.run([*initdb, "--no-sync"], **user.run_as, cwd="/", check=True, capture_output=True)
        (data / "pg_hba.conf").write_text("hostssl all all 127.0.0.1/32 scram-sha-256\n")
        settings = {
            "port": port, "listen_addresses": LOOPBACK, "unix_socket_directories": "", "ssl": "on", "fsync": "off",
            "ssl_cert_file": certificate.certificate, "ssl_key_file": key,
        }  # fmt: skip
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with _running([server, "-D", str(data), *options], port, folder, run_as=user.run_as, stop=signal.SIGINT):
            yield f"postgres://exchange:{PASSWORD}@localhost:{port}/postgres", certificate


@contextlib.contextmanager
def redis() -> Iterator[tuple[str, Certificate]]:
    """Run Redis by the script of docker compose; gives the address for the account of the worker."""
    server, port = program("redis-server", "redis-server"), free_port()
    with folder_with_certificate() as (folder, certificate):
        tls = ["--tls-port", str(port), "--port", "0", "--tls-auth-clients", "no"]
        tls += ["--tls-cert-file", str(certificate.certificate), "--tls-key-file", str(certificate.key)]
        passwords = {f"VALKEY_{name}_PASSWORD": PASSWORD + name for name in ("ENGINE", "WEB", "API", "WORKER")}
        environment = {
            **os.environ, **passwords, "VALKEY_MONITORING_PASSWORD": PASSWORD, "VALKEY_SERVER": server,
            "ACCOUNTS_FOLDER": str(folder),
        }  # fmt: skip
        command = ["sh", str(PROJECT / "deploy" / "valkey" / "start.sh"), *tls, "--bind", LOOPBACK, "--save", ""]
        with _running([*command, "--dir", str(folder)], port, folder, environment=environment):
            yield f"rediss://worker:{PASSWORD}WORKER@localhost:{port}/0", certificate


@contextlib.contextmanager
def rabbitmq() -> Iterator[tuple[str, Certificate]]:
    """Run RabbitMQ; gives its address."""
    server = program("rabbitmq-server", "rabbitmq-server")
    script = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")  # the other one changes the user
    port, distribution, epmd = free_port(), free_port(), free_port()
    with folder_with_certificate() as (folder, certificate):
        configuration = folder / "rabbitmq.conf"
        configuration.write_text(
            f"listeners.tcp = none\nlisteners.ssl.default = {LOOPBACK}:{port}\n"
            f"ssl_options.cacertfile = {certificate.authority}\nssl_options.certfile = {certificate.certificate}\n"
            f"ssl_options.keyfile = {certificate.key}\nssl_options.verify = verify_none\n"
            f"default_user = exchange\ndefault_pass = {PASSWORD}\nlog.console = true\nlog.file = false\n"
        )
        (folder / "plugins").write_text("[].\n")
        environment = {
            "PATH": os.environ["PATH"], "HOME": str(folder), "RABBITMQ_NODENAME": "exchange-test@localhost",
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"), "RABBITMQ_LOG_BASE": str(folder),
            "RABBITMQ_CONFIG_FILE": str(configuration), "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
            "RABBITMQ_DIST_PORT": str(distribution), "ERL_EPMD_PORT": str(epmd), "ERL_EPMD_ADDRESS": LOOPBACK,
        }  # fmt: skip
        command = [str(script) if script.exists() else server]
        with _running(command, port, folder, environment=environment):
            yield f"amqps://exchange:{PASSWORD}@localhost:{port}//", certificate


@contextlib.contextmanager
def _running(
    command: list[str], port: int, folder: Path, *, environment: Mapping[str, str] | None = None,
    run_as: RunAs | None = None, stop: signal.Signals = signal.SIGTERM,
) -> Iterator[None]:  # fmt: skip
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd="/", env=environment, stdout=log, stderr=log, start_new_session=True,
            preexec_fn=die_with_parent(signal.SIGKILL), **(run_as or {}),
        )  # fmt: skip
    try:
        wait_until(_listening(port, process), command[0], START_S)
        assert process.poll() is None, (folder / "log").read_text()
        yield
    finally:
        process.send_signal(stop)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(30)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _listening(port: int, process: "subprocess.Popen[bytes]") -> Callable[[], bool]:
    def is_over() -> bool:
        if process.poll() is not None:
            return True
        with contextlib.suppress(OSError), socket.create_connection((LOOPBACK, port), timeout=1):
            return True
        return False

    return is_over
