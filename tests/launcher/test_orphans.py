"""The api role as a process: what its server started goes when the server is killed."""

import os
import signal
import subprocess
import urllib.request
from pathlib import Path

import pytest

from config.embedded.processes import is_alive
from config.embedded.programs import role_programs
from config.embedded.settings import LOOPBACK, PROJECT, LaunchSettings
from tests.engines import wait_until
from tests.servers import free_port

pytestmark = pytest.mark.xdist_group("launcher")


def test_no_worker_of_a_killed_api_server_goes_on_serving(tmp_path: Path) -> None:
    port = free_port()
    settings = LaunchSettings.from_environ({"API_PORT": str(port), "DATA_DIR": str(tmp_path)})
    command = next(program.command for program in role_programs(settings) if program.name == "api")
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen(command, cwd=PROJECT, env=dict(os.environ), stdout=log, stderr=log)
    worker = 0
    try:
        wait_until(lambda: _answers(port), "the api to serve", 60)
        (worker,) = map(int, Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split())
        os.kill(server.pid, signal.SIGKILL)
        wait_until(lambda: not is_alive(worker), "the worker to go with its server", 5)
    finally:
        server.kill()
        server.wait()
        if worker and is_alive(worker):
            os.kill(worker, signal.SIGKILL)


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://{LOOPBACK}:{port}/health", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
