"""Start the whole exchange on this machine and stop it again: `python -m config.embedded.run`, or `make run`."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from types import FrameType

import environ

from config.embedded import checks
from config.embedded.console import banner, complain, say, tail
from config.embedded.errors import LaunchError
from config.embedded.processes import end_leftovers, postmaster
from config.embedded.programs import (
    demo_programs,
    embedded_postgres,
    embedded_valkey,
    keep_environment,
    owner_environment,
    role_programs,
    server_programs,
    shared_environment,
)
from config.embedded.readiness import wait_until_ready
from config.embedded.settings import PROJECT, LaunchSettings
from config.embedded.supervision import UNREACHABLE, Supervisor
from config.embedded.terminal import own_foreground
from config.embedded.watch import ParentMake, Watch
from config.processes import die_with_parent

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
HURRIED = 128 + signal.SIGINT


class StopRequested(BaseException):
    """Unwind from wherever we are: somebody wants the exchange stopped."""


class Launcher:
    """One start of the exchange, from the checks to the last process stopped."""

    def __init__(self, settings: LaunchSettings) -> None:
        self.settings = settings
        self.log_dir = settings.data_dir / "log"
        self.supervisor = Supervisor(settings.data_dir)
        self.postgres = embedded_postgres(settings)
        self.valkey = embedded_valkey(settings)
        self.environment = shared_environment(settings, os.environ, self.postgres, self.valkey)
        self.owner_environment = owner_environment(self.environment, os.environ, self.postgres)
        self._make = ParentMake()
        self._signals = 0
        self._is_stopping = False

    def run(self) -> int:
        """Start everything, watch over it until a signal comes, stop everything; return the exit status."""
        for number in STOP_SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._on_signal)
        try:
            self._start()
            self._watch()
        except StopRequested:
            say("\nStopping; what is under way is finished first (again Ctrl-C to hurry) ...")
        finally:
            self._is_stopping = True
            self._stop()
        if self._signals < 2:
            return 0
        self._make.interrupt()
        return HURRIED

    def _start(self) -> None:
        self._check()
        self._start_servers()
        self._set_up()
        say("Starting the roles: " + ", ".join(program.name for program in role_programs(self.settings)) + " ...")
        for program in role_programs(self.settings):
            self.supervisor.start_program(program.name)
        for url in self.settings.ready_urls:
            wait_until_ready(url, self.supervisor.states, self.log_dir)
        for program in demo_programs(self.settings):
            self.supervisor.start_program(program.name)
        say(banner(self.settings, postgres_home=self.postgres.home if self.postgres else None))

    def _check(self) -> None:
        say(f"Checking ports and folders; data folder {self.settings.data_dir} ...")
        ended = end_leftovers(self.settings.data_dir, self.postgres.data if self.postgres else None)
        if ended:
            say(f"Ended {ended} processes that an earlier start, itself killed, had left running.")
        checks.check_ports(self.settings)
        if self.settings.database_url is not None:
            checks.check_database(self.settings.database_url)
        if self.settings.redis_url is not None:
            checks.check_redis(self.settings.redis_url)

    def _start_servers(self) -> None:
        if self.postgres is not None:
            say(f"Starting PostgreSQL on port {self.postgres.port}, data in {self.postgres.data} ...")
            if self.settings.data_dir not in self.postgres.home.parents:
                say(f"  (PostgreSQL runs as {self.postgres.system_user.name!r}, which cannot enter the data folder)")
            self.postgres.prepare()
        if self.valkey is not None:
            say(f"Starting Valkey on port {self.valkey.port} ...")
            self.valkey.prepare()
        servers = server_programs(self.postgres, self.valkey)
        roles = role_programs(self.settings, self.valkey)
        programs = [*servers, *roles, *demo_programs(self.settings, self.valkey)]
        self.supervisor.start(programs, folder=PROJECT, environment=self.environment)
        for name, server in (("postgres", self.postgres), ("valkey", self.valkey)):
            if server is not None:
                self._wait_for(name, server.wait_until_ready)

    def _wait_for(self, name: str, wait: Callable[[], None]) -> None:
        try:
            wait()
        except LaunchError as error:
            for line in tail(self.log_dir / f"{name}.log"):
                complain(f"  {name}: {line}")
            raise LaunchError(f"{error} See {self.log_dir / name}.log.") from error

    def _set_up(self) -> None:
        keep_environment(self.owner_environment, self.settings.data_dir / "environment")
        say("Bringing the database up to date ...")
        self._manage("migrate", "--noinput")
        self._manage("partitions")
        seed = ["seed", "--demo"] if self.settings.demo_mode else ["seed"]
        say("Seeding assets and markets" + (" and demo accounts ..." if self.settings.demo_mode else " ..."))
        self._manage(*seed)

    def _manage(self, *arguments: str) -> None:
        log_path = self.log_dir / "setup.log"
        with log_path.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "manage.py", *arguments],
                cwd=PROJECT,
                stdin=subprocess.DEVNULL,
                env={**self.owner_environment, "STATEMENT_TIMEOUT_MS": "0"},
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGTERM),
            )
            try:
                status = process.wait()
            except StopRequested:
                process.terminate()
                process.wait()
                raise
        if status != 0:
            reason = "".join(tail(log_path, 1)) or f"exit status {status}"
            raise LaunchError(f"'manage.py {' '.join(arguments)}' failed: {reason} (all of it in {log_path}).")

    def _watch(self) -> None:
        watch = Watch(self.supervisor, self.log_dir)
        while True:
            if self._make.was_interrupted():
                raise StopRequested
            if not self.supervisor.is_running:
                raise LaunchError(f"The process supervisor died: see {self.log_dir / 'supervisord.log'}.")
            try:
                watch.look()
            except UNREACHABLE:
                continue  # asked while it was busy or dying; the next round tells which
            finally:
                time.sleep(0.5)

    def _stop(self) -> None:
        if not self.supervisor.was_started:
            return
        self.supervisor.begin_stop()
        killed = False
        while self.supervisor.is_running:
            if self._signals > 1 and not killed:
                killed = True
                say("Hurrying: only PostgreSQL ends in its own way ...")
                self.supervisor.kill_programs(except_for=postmaster(self.postgres.data) if self.postgres else [])
            time.sleep(0.1)
        end_leftovers(self.settings.data_dir, self.postgres.data if self.postgres else None, patience_s=5)
        self.supervisor.clean_up()
        say("Everything has stopped.")

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._signals += 1
        if not self._is_stopping:
            self._is_stopping = True
            raise StopRequested


def main() -> int:
    """Run the exchange until it is told to stop; return the exit status."""
    if "MAKELEVEL" in os.environ:
        die_with_parent(signal.SIGTERM, parent=os.getppid())()
    environ.Env.read_env(PROJECT / ".env")
    try:
        settings = LaunchSettings.from_environ(os.environ)
        lock = checks.folder_claim(settings.data_dir)
        try:
            with own_foreground():
                return Launcher(settings).run()
        finally:
            os.close(lock)
    except LaunchError as error:
        complain(f"make run: {error}")
        return 1
    except KeyboardInterrupt:
        return HURRIED


if __name__ == "__main__":
    sys.exit(main())
