"""Many hints become few messages, and none is lost between."""

import threading
import time

from settlement.coalescer import Coalescer


def test_hints_within_an_interval_become_one_message_a_key() -> None:
    sent: list[int] = []
    hints = Coalescer(sent.append, interval_s=0.1)

    hints.add(1)
    _wait_for(sent, 1)
    for _ in range(50):
        hints.add(1)
        hints.add(2)
    _wait_for(sent, 3)
    time.sleep(0.15)

    assert sent == [1, 1, 2]


def test_a_failure_does_not_end_the_thread() -> None:
    sent: list[int] = []

    def send(key: int) -> None:
        sent.append(key)
        raise ConnectionError("the broker is away")

    hints = Coalescer(send, interval_s=0.001)
    hints.add(1)
    _wait_for(sent, 1)
    hints.add(2)
    _wait_for(sent, 2)

    assert sent == [1, 2]


def _wait_for(sent: list[int], length: int) -> None:
    deadline = time.monotonic() + 5
    while len(sent) < length:
        assert time.monotonic() < deadline, f"only {sent}"
        threading.Event().wait(0.002)
