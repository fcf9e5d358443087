"""What becomes of the requests of a batch that failed.

Of many, one may be to blame: they are tried one by one, so that only that one is refused. When storage failed none is,
so they have a second chance. When storage keeps failing they are refused.
"""

from collections import deque
from collections.abc import Sequence

from matching.messages import MaintenanceRequest, Request
from matching.processor import BatchFailedError

FAILURES_MAX = 3  # of storage, one after the other


class BatchRetries:
    """The requests of failed batches that are to be tried one by one, and how many batches failed in a row."""

    def __init__(self) -> None:
        self._requests: deque[Request] = deque()
        self._failures = 0
        self._is_blameless = False  # the last failure was not a request's fault, so the next attempt may fail, too

    @property
    def needs_pause(self) -> bool:
        """Tell whether the next recovery may lead to nothing, too; after a bad request there is no reason to wait."""
        return self._failures > 1 and self._is_blameless

    def take(self) -> Request | None:
        """Return the next request to be tried alone, None when there are no more."""
        return self._requests.popleft() if self._requests else None

    def take_all(self) -> list[Request]:
        requests = list(self._requests)
        self._requests.clear()
        return requests

    def succeeded(self) -> None:
        """Take note of a batch that was committed."""
        self._failures = 0

    def failed(self, requests: Sequence[Request], error: BatchFailedError) -> list[Request]:
        """Take note of a batch that failed; return those of its requests that are to be refused, the others are kept.

        A batch in doubt is decided by its commit, and none of its requests here.
        """
        self._failures += 1
        if error.in_doubt:
            return []
        asked: list[Request] = [request for request in requests if not isinstance(request, MaintenanceRequest)]
        self._is_blameless = error.is_transient or not asked
        if len(requests) == 1 and not (error.is_transient and self._failures == 1):
            return asked
        self._requests.extend(asked)
        return []

    def is_hopeless(self, error: BatchFailedError) -> bool:
        """Tell whether storage has failed so often that what waits is to be refused."""
        return error.is_transient and not error.in_doubt and self._failures > FAILURES_MAX
