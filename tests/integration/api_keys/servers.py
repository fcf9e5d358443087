"""The two roles that serve REST, as processes of their own, with the command lines of `make run`."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import requests

from config.embedded.programs import role_programs
from config.embedded.settings import LOOPBACK, PROJECT, LaunchSettings
from config.processes import die_with_parent
from tests.engines import wait_until
from tests.servers import free_port

START_S = 60.0
STOP_S = 30.0


@contextmanager
def running_role(name: str, **settings: str) -> Iterator[str]:
    """Serve `api` (granian) or `web` (Daphne) until the block ends; gives its address."""
    port = free_port()
    ports = {"API_PORT": str(port), "WEB_PORT": str(port), "WEB_PRIVATE_PORT": str(free_port())}
    environment = {**os.environ, **ports, **settings}
    programs = {program.name: program for program in role_programs(LaunchSettings.from_environ(environment))}
    process = subprocess.Popen(
        programs[name].command, cwd=PROJECT, env=environment, start_new_session=True,
        preexec_fn=die_with_parent(signal.SIGKILL),
    )  # fmt: skip
    url = f"http://{LOOPBACK}:{port}"
    try:
        wait_until(lambda: _answers(url), f"the role {name}", START_S)
        yield url
    finally:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/health", timeout=5).ok
    except requests.RequestException:
        return False
