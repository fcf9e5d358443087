"""Answers to requests that never reach Django, in the envelope of all others."""

from datetime import UTC, datetime
from typing import Final

from base.encoders import dumps
from base.errors import ApiError, ErrorCode
from base.ids import uuid7
from base.refused import REFUSED
from base.times import iso_ms

__all__ = ["BODY_MAX", "SMALL_BODY", "Refusal", "headers_of", "refuse_body", "refuse_length"]

BODY_MAX: Final = 1_000_000
"""Bytes of a body; DATA_UPLOAD_MAX_MEMORY_SIZE is the same."""
SMALL_BODY: Final = 16_384
"""A body up to this costs no more than its connection; of larger ones only so many are taken at once."""
assert SMALL_BODY < BODY_MAX, "Invariant: a small body is one that is accepted"


class Refusal(Exception):  # noqa: N818  (an answer, not an error)
    """A request that is answered at once; its connection is closed where its body was not read."""

    def __init__(self, code: ErrorCode, message: str, *, retry_after: int | None = None) -> None:
        super().__init__(message)
        details = {} if retry_after is None else {"retry_after": retry_after}
        self.error = ApiError(code, message, details)
        self.retry_after = retry_after
        REFUSED.labels(f"door: {code.value.lower()}").inc()

    @property
    def status(self) -> int:
        return self.error.status

    def body(self) -> bytes:
        meta = {"request_id": str(uuid7()), "timestamp": iso_ms(datetime.now(UTC))}
        return dumps({"success": False, "error": self.error.body, "meta": meta})


def headers_of(refusal: Refusal) -> list[tuple[str, str]]:
    """Return the headers of a refusal's answer."""
    headers = [("content-type", "application/json"), ("cache-control", "no-store"), ("connection", "close")]
    if refusal.retry_after is not None:
        headers.append(("retry-after", str(refusal.retry_after)))
    return headers


def refuse_length(text: str) -> int:
    """Return the length that a request announces. Raises Refusal, before a byte of the body is taken."""
    if not (text.isascii() and text.isdecimal()):
        raise Refusal(ErrorCode.VALIDATION_ERROR, "Content-Length is not a number")
    length = int(text[:20])
    refuse_body(length)
    return length


def refuse_body(length: int) -> None:
    """Refuse a body that is larger than BODY_MAX."""
    if length > BODY_MAX:
        raise Refusal(ErrorCode.PAYLOAD_TOO_LARGE, f"The body is larger than {BODY_MAX:,} bytes")
