"""What the client of Valkey asks of a server when it connects."""

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from base.valkey import ValkeyLine, ValkeyUnreachableError, valkey
from tests.engines import wait_until
from tests.servers import silent_server


@pytest.fixture
def asked(settings: Any) -> Iterator[bytearray]:
    """Return what a server has been sent that says yes to everything."""
    received = bytearray()

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            while part := connection.recv(4_096):
                received.extend(part)
                connection.sendall(b"+OK\r\n" * part.count(b"*"))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        settings.REDIS_URL = f"redis://127.0.0.1:{listener.getsockname()[1]}/0"
        valkey.cache_clear()
        yield received
        valkey().close()
        valkey.cache_clear()
        thread.join(5)


def test_a_new_connection_asks_for_no_notices_of_maintenance(asked: bytearray) -> None:
    """A connection that was cut while it asked raised a ValueError, and a request was answered with 500."""
    assert valkey().set("a", "b")

    assert b"SET" in asked
    assert b"MAINT_NOTIFICATIONS" not in asked and b"HELLO" not in asked


@pytest.fixture
def hanging(settings: Any) -> Iterator[None]:
    """Let Valkey be one that takes connections and does not answer."""
    with silent_server() as settings.REDIS_URL:
        valkey.cache_clear()
        yield
        valkey.cache_clear()


def ask(line: ValkeyLine) -> float:
    """Return how long it took to get no answer."""
    began = time.monotonic()
    with pytest.raises(ValkeyUnreachableError):
        line.ask(lambda client: client.ping())
    return time.monotonic() - began


@pytest.mark.usefixtures("hanging")
def test_a_server_that_hangs_costs_its_timeout_once() -> None:
    line = ValkeyLine("a test", 0.2)
    with ThreadPoolExecutor(8) as threads:
        first = list(threads.map(ask, [line] * 8))
        then = list(threads.map(ask, [line] * 8))

    assert 0.2 <= max(first) < 0.39, "nobody waits for a second time-out"
    assert max(then) < 0.1


@pytest.mark.usefixtures("hanging")
def test_one_thread_looks_again_while_the_others_go_on() -> None:
    line = ValkeyLine("a test", 0.5)
    ask(line)
    wait_until(lambda: not line.breaker.rejects, "the time to look again")
    with ThreadPoolExecutor(4) as threads:
        took = sorted(threads.map(ask, [line] * 4))

    assert took[2] < 0.4 < took[3]


def test_a_server_that_is_back_is_asked_by_all(settings: Any) -> None:
    line = ValkeyLine("a test", 0.2)
    with silent_server() as url, pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "REDIS_URL", url)
        valkey.cache_clear()
        ask(line)
    valkey.cache_clear()
    wait_until(lambda: not line.breaker.rejects, "the time to look again")

    assert line.ask(lambda client: client.ping())
    assert line.breaker.is_closed
