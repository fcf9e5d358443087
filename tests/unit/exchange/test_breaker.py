"""The breaker: five failures in a row open it, one request at a time looks again, and requests run side by side."""

import threading

import pytest

from base.breaker import Breaker, BreakerOpenError
from tests.engines import wait_until

FAILURES_MAX, PROBE_S = 5, 0.1


def fail(breaker: Breaker) -> None:
    with pytest.raises(ConnectionError), breaker.guard():
        raise ConnectionError


def succeed(breaker: Breaker) -> None:
    with breaker.guard():
        pass


def closed() -> Breaker:
    return Breaker("something", failures_max=FAILURES_MAX, probe_s=PROBE_S)


def opened() -> Breaker:
    breaker = closed()
    for _ in range(FAILURES_MAX):
        fail(breaker)
    return breaker


def test_failures_in_a_row_open_it_and_a_success_starts_the_count_anew() -> None:
    breaker = closed()
    for _ in range(FAILURES_MAX - 1):
        fail(breaker)
    succeed(breaker)
    for _ in range(FAILURES_MAX - 1):
        fail(breaker)
    assert breaker.is_closed
    fail(breaker)

    assert breaker.rejects
    with pytest.raises(BreakerOpenError):
        succeed(breaker)


def test_after_a_while_a_success_closes_it_and_a_failure_does_not() -> None:
    breaker = opened()
    wait_until(lambda: not breaker.rejects, "the time to look again")
    assert not breaker.rejects
    fail(breaker)
    assert breaker.rejects
    wait_until(lambda: not breaker.rejects, "the time to look again")

    succeed(breaker)

    assert breaker.is_closed


def test_one_request_looks_while_the_others_are_rejected() -> None:
    breaker = opened()
    wait_until(lambda: not breaker.rejects, "the time to look again")

    with breaker.guard(), pytest.raises(BreakerOpenError):
        succeed(breaker)

    assert breaker.is_closed


def test_requests_run_side_by_side_and_late_news_count_no_more() -> None:
    breaker = closed()
    together = threading.Barrier(FAILURES_MAX + 3, timeout=5)

    def fail_together() -> None:
        together.wait()  # breaks unless all are inside at once
        raise ConnectionError

    def request() -> None:
        with pytest.raises(ConnectionError), breaker.guard():
            fail_together()

    threads = [threading.Thread(target=request) for _ in range(FAILURES_MAX + 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert not together.broken
    assert breaker.rejects
