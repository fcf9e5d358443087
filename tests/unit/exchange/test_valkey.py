"""What the client of Valkey asks of a server when it connects."""

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from exchange.valkey import valkey


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
