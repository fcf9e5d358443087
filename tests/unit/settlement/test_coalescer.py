"""Many hints become few messages, and none is lost between."""

import threading
import time
from collections.abc import Sequence

from settlement.coalescer import IDS_MAX, Coalescer


def test_hints_within_an_interval_become_one_message_a_key() -> None:
    sent: list[int] = []
    hints = Coalescer(lambda key, _: sent.append(key), interval_s=0.1)

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

    def send(key: int, _: Sequence[str]) -> None:
        sent.append(key)
        raise ConnectionError("the broker is away")

    hints = Coalescer(send, interval_s=0.001)
    hints.add(1)
    _wait_for(sent, 1)
    hints.add(2)
    _wait_for(sent, 2)

    assert sent == [1, 2]


def test_a_message_has_the_ids_of_all_its_hints_each_once_and_not_too_many() -> None:
    sent: list[int] = []
    messages: list[Sequence[str]] = []

    def send(key: int, ids: Sequence[str]) -> None:
        messages.append(ids)
        sent.append(key)

    hints = Coalescer(send, interval_s=0.1)
    hints.add(1, ["a"])
    _wait_for(sent, 1)
    hints.add(1, ["b", "c"])
    hints.add(1, ["c", "d", *map(str, range(100))])
    _wait_for(sent, 2)

    assert messages[0] == ["a"]
    assert messages[1][:3] == ["b", "c", "d"]
    assert len(messages[1]) == IDS_MAX


def _wait_for(sent: list[int], length: int) -> None:
    deadline = time.monotonic() + 5
    while len(sent) < length:
        assert time.monotonic() < deadline, f"only {sent}"
        threading.Event().wait(0.002)
