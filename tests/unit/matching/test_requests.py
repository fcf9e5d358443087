"""Which requests a batch gets, and in which order: also when some are put back or kept back."""

from unittest.mock import AsyncMock, Mock

import pytest

from matching import requests as requests_module
from matching.messages import CancelAllRequest, Correlation, MaintenanceRequest, Request, RequestKind
from matching.requests import RequestQueue
from matching.storage import BatchOutcome

ONE, TWO = b"1" * 16, b"2" * 16


def asked(number: int, user_id: bytes = ONE) -> Request:
    return CancelAllRequest(Correlation("here", number), 0, user_id)


@pytest.fixture
def publisher() -> Mock:
    return Mock(put=AsyncMock(), publish=AsyncMock())


@pytest.fixture
def queue(publisher: Mock) -> RequestQueue:
    return RequestQueue("a-b", publisher)


def test_requests_that_are_put_back_come_first_in_their_order(queue: RequestQueue) -> None:
    queue.put_back([asked(3)])
    queue.put_back([asked(1), asked(2)])
    assert queue.take_batch() == [asked(1), asked(2), asked(3)]


def test_requests_of_a_user_that_is_held_wait_and_those_of_others_do_not(queue: RequestQueue) -> None:
    queue.put_back([asked(2), asked(3, TWO), MaintenanceRequest(), asked(4)])
    queue.hold(ONE)
    assert queue.take_batch() == [asked(3, TWO), MaintenanceRequest()]
    assert len(queue) == 2
    queue.release(ONE, [asked(1)])
    assert queue.take_batch() == [asked(1), asked(2), asked(4)]
    assert len(queue) == 0


async def test_what_is_kept_back_is_refused_with_all_others_and_counts_as_waiting(
    queue: RequestQueue, publisher: Mock, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue.put_back([asked(1), asked(2, TWO)])
    queue.hold(ONE)
    assert queue.take_batch() == [asked(2, TWO)]
    monkeypatch.setattr(requests_module, "WAITING_MAX", 1)
    await queue.receive("here", [[RequestKind.CANCEL_ALL.value, 3, "", 0, ONE]])
    (refused,) = publisher.publish.await_args.args
    assert [reply.code for reply in refused.replies] == ["OVERLOADED"]
    await queue.refuse_all()
    (outcome,) = publisher.put.await_args.args
    assert isinstance(outcome, BatchOutcome)
    assert [reply.correlation.number for reply in outcome.replies] == [1]
    assert len(queue) == 0
