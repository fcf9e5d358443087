"""What becomes of the requests of a batch that failed."""

from collections.abc import Sequence

import pytest

from matching.messages import CancelAllRequest, Correlation, MaintenanceRequest, Request
from matching.processor import BatchFailedError
from matching.retries import FAILURES_MAX, BatchRetries

FIRST, SECOND = (CancelAllRequest(Correlation("test", number), 0, bytes(16)) for number in (1, 2))
OF_REQUEST = BatchFailedError("this request cannot be written", in_doubt=False, is_transient=False)
OF_STORAGE = BatchFailedError("the database is away", in_doubt=False, is_transient=True)
IN_DOUBT = BatchFailedError("the commit was not answered", in_doubt=True, is_transient=True)


@pytest.mark.parametrize(
    ("requests", "error", "refused", "kept"),
    [
        pytest.param([FIRST, SECOND], OF_REQUEST, [], [FIRST, SECOND], id="one of many may be to blame"),
        pytest.param([FIRST], OF_REQUEST, [FIRST], [], id="one alone is to blame"),
        pytest.param([FIRST], OF_STORAGE, [], [FIRST], id="storage failed: a second chance"),
        pytest.param([FIRST, MaintenanceRequest()], OF_REQUEST, [], [FIRST], id="maintenance is not tried again"),
        pytest.param([MaintenanceRequest()], OF_REQUEST, [], [], id="nobody waits for maintenance"),
        pytest.param([FIRST, SECOND], IN_DOUBT, [], [], id="the commit decides"),
    ],
)
def test_the_requests_of_a_first_failure_are_kept_or_refused(
    requests: Sequence[Request], error: BatchFailedError, refused: Sequence[Request], kept: Sequence[Request]
) -> None:
    retries = BatchRetries()

    assert retries.failed(requests, error) == refused
    assert retries.take_all() == kept
    assert retries.take() is None


def test_a_request_alone_has_one_second_chance_when_storage_fails() -> None:
    retries = BatchRetries()
    assert retries.failed([FIRST], OF_STORAGE) == []
    assert retries.take() == FIRST
    assert retries.failed([FIRST], OF_STORAGE) == [FIRST]


def test_a_commit_gives_storage_its_good_name_back() -> None:
    retries = BatchRetries()
    for _ in range(FAILURES_MAX):
        retries.failed([FIRST], OF_STORAGE)
    assert not retries.is_hopeless(OF_STORAGE) and retries.needs_pause
    retries.failed([FIRST], OF_STORAGE)
    assert retries.is_hopeless(OF_STORAGE) and not retries.is_hopeless(OF_REQUEST) and not retries.is_hopeless(IN_DOUBT)

    retries.succeeded()

    assert not retries.is_hopeless(OF_STORAGE) and not retries.needs_pause


def test_a_bad_request_is_no_reason_to_wait_before_the_next_recovery() -> None:
    retries = BatchRetries()
    for _ in range(5):
        retries.failed([FIRST], OF_REQUEST)
    assert not retries.needs_pause
