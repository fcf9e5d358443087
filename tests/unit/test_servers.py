"""The ports of temporary servers."""

import subprocess
import sys

import pytest

from config.embedded.settings import PROJECT
from tests import servers

# Another process, which draws one number first and then others.
_ANOTHER = """
import itertools, sys
from tests import servers
numbers = itertools.count(int(sys.argv[1]) - 20_000)
servers.secrets.randbelow = lambda below: next(numbers) % below
print(servers.free_port())
"""


def given_to_another(first: int) -> int:
    command = [sys.executable, "-c", _ANOTHER, str(first)]
    return int(subprocess.run(command, cwd=PROJECT, timeout=60, check=True, capture_output=True).stdout)


def test_a_port_is_given_to_one_process_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "_claims", [])
    port = servers.free_port()
    assert given_to_another(port) != port, "two tests would start a server at the same address"

    for claim in servers._claims:
        claim.close()
    assert given_to_another(port) == port
