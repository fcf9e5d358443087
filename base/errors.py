"""Everything that can go wrong for a client.

    CodedError                  code, message for a person, details; a status follows from the code
    └── ApiError                what the public interface answers with
        └── ValidationError     400, details name the field

Anticipated errors are raised as `ApiError(ErrorCode.X, ...)` by services; Django's and DRF's own are translated
here. Anything else is a bug, answered with INTERNAL_ERROR and nothing more.
"""

from collections.abc import Mapping
from enum import StrEnum
from math import ceil
from typing import Any, ClassVar, Generic, TypeVar

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import DataError, InterfaceError, OperationalError
from django.http import Http404
from redis.exceptions import RedisError
from rest_framework import exceptions as drf


class ErrorCode(StrEnum):
    """The codes of the public contract, in order of precedence: the first that applies is the one answered."""

    PAYLOAD_TOO_LARGE = "PAYLOAD_TOO_LARGE"
    REQUEST_TIMEOUT = "REQUEST_TIMEOUT"
    UNSUPPORTED_MEDIA_TYPE = "UNSUPPORTED_MEDIA_TYPE"
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    NOT_ACCEPTABLE = "NOT_ACCEPTABLE"
    RATE_LIMITED = "RATE_LIMITED"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    TOKEN_EXPIRED = "TOKEN_EXPIRED"
    TOKEN_REVOKED = "TOKEN_REVOKED"
    BAD_SIGNATURE = "BAD_SIGNATURE"
    FORBIDDEN = "FORBIDDEN"
    NOT_FOUND = "NOT_FOUND"
    MARKET_NOT_FOUND = "MARKET_NOT_FOUND"
    ORDER_NOT_FOUND = "ORDER_NOT_FOUND"
    TRADE_NOT_FOUND = "TRADE_NOT_FOUND"
    ASSET_NOT_FOUND = "ASSET_NOT_FOUND"
    API_KEY_NOT_FOUND = "API_KEY_NOT_FOUND"
    VALIDATION_ERROR = "VALIDATION_ERROR"
    TICK_SIZE = "TICK_SIZE"
    LOT_SIZE = "LOT_SIZE"
    MIN_QUANTITY = "MIN_QUANTITY"
    MAX_QUANTITY = "MAX_QUANTITY"
    MIN_NOTIONAL = "MIN_NOTIONAL"
    TOO_MANY_API_KEYS = "TOO_MANY_API_KEYS"
    INSUFFICIENT_BALANCE = "INSUFFICIENT_BALANCE"
    MARKET_CLOSED = "MARKET_CLOSED"
    MARKET_HALTED = "MARKET_HALTED"
    MARKET_PRE_OPEN = "MARKET_PRE_OPEN"
    DUPLICATE_ORDER_ID = "DUPLICATE_ORDER_ID"
    TOO_MANY_ORDERS = "TOO_MANY_ORDERS"
    TOO_MANY_STOPS = "TOO_MANY_STOPS"
    ALREADY_EXPIRED = "ALREADY_EXPIRED"
    NO_LAST_PRICE = "NO_LAST_PRICE"
    PRICE_OUT_OF_BAND = "PRICE_OUT_OF_BAND"
    STOP_WOULD_TRIGGER = "STOP_WOULD_TRIGGER"
    POST_ONLY_WOULD_TRADE = "POST_ONLY_WOULD_TRADE"
    SELF_TRADE = "SELF_TRADE"
    INSUFFICIENT_LIQUIDITY = "INSUFFICIENT_LIQUIDITY"
    ORDER_LINKED = "ORDER_LINKED"
    PRICE_NOT_AMENDABLE = "PRICE_NOT_AMENDABLE"
    TRIGGER_NOT_AMENDABLE = "TRIGGER_NOT_AMENDABLE"
    QUANTITY_BELOW_FILLED = "QUANTITY_BELOW_FILLED"
    ORDER_NOT_AMENDABLE = "ORDER_NOT_AMENDABLE"
    ORDER_NOT_CANCELLABLE = "ORDER_NOT_CANCELLABLE"
    OVERLOADED = "OVERLOADED"
    WALLET_UNAVAILABLE = "WALLET_UNAVAILABLE"
    ENGINE_UNAVAILABLE = "ENGINE_UNAVAILABLE"
    SERVICE_UNAVAILABLE = "SERVICE_UNAVAILABLE"
    TIMEOUT = "TIMEOUT"
    INTERNAL_ERROR = "INTERNAL_ERROR"


STATUS: dict[ErrorCode, int] = {
    ErrorCode.PAYLOAD_TOO_LARGE: 413,
    ErrorCode.REQUEST_TIMEOUT: 408,
    ErrorCode.UNSUPPORTED_MEDIA_TYPE: 415,
    ErrorCode.METHOD_NOT_ALLOWED: 405,
    ErrorCode.NOT_ACCEPTABLE: 406,
    ErrorCode.RATE_LIMITED: 429,
    ErrorCode.UNAUTHENTICATED: 401,
    ErrorCode.TOKEN_EXPIRED: 401,
    ErrorCode.TOKEN_REVOKED: 401,
    ErrorCode.BAD_SIGNATURE: 401,
    ErrorCode.FORBIDDEN: 403,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.MARKET_NOT_FOUND: 404,
    ErrorCode.ORDER_NOT_FOUND: 404,
    ErrorCode.TRADE_NOT_FOUND: 404,
    ErrorCode.ASSET_NOT_FOUND: 404,
    ErrorCode.API_KEY_NOT_FOUND: 404,
    ErrorCode.MARKET_CLOSED: 409,
    ErrorCode.MARKET_HALTED: 409,
    ErrorCode.MARKET_PRE_OPEN: 409,
    ErrorCode.DUPLICATE_ORDER_ID: 409,
    ErrorCode.ORDER_LINKED: 409,
    ErrorCode.ORDER_NOT_AMENDABLE: 409,
    ErrorCode.ORDER_NOT_CANCELLABLE: 409,
    ErrorCode.OVERLOADED: 503,
    ErrorCode.WALLET_UNAVAILABLE: 503,
    ErrorCode.ENGINE_UNAVAILABLE: 503,
    ErrorCode.SERVICE_UNAVAILABLE: 503,
    ErrorCode.TIMEOUT: 504,
    ErrorCode.INTERNAL_ERROR: 500,
}


Code = TypeVar("Code", bound=StrEnum)


class CodedError(Exception, Generic[Code]):
    """An anticipated refusal: a code of a closed list, a message for people, and details by name."""

    STATUS: ClassVar[Mapping[Any, int]] = {}
    """HTTP status by code, where it is not 400."""

    def __init__(self, code: Code, message: str, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = dict(details or {})

    @property
    def status(self) -> int:
        return self.STATUS.get(self.code, 400)

    @property
    def body(self) -> dict[str, Any]:
        """The `error` member of the answer."""
        return {"code": self.code.value, "message": self.message, "details": self.details}


class ApiError(CodedError[ErrorCode]):
    """A fault of the client, or a part that is down; never a bug. The public interface answers with it."""

    STATUS = STATUS

    def __init__(self, code: ErrorCode, message: str, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(code, message, details)
        self.headers: dict[str, str] = {}
        self.meta: dict[str, Any] = {}


class ValidationError(ApiError):
    """A field is missing, unknown or malformed: `details` maps each field to a list of messages."""

    def __init__(self, details: Mapping[str, Any]) -> None:
        super().__init__(ErrorCode.VALIDATION_ERROR, "The request is not valid", details)


def to_api_error(error: Exception) -> ApiError:
    """Return the ApiError that stands for an exception."""
    if isinstance(error, ApiError):
        return error
    if isinstance(error, drf.Throttled):
        return _throttled(error)
    if isinstance(error, drf.ValidationError):
        return ValidationError(_by_field(error.detail))
    for kind, code, message in _TRANSLATIONS:
        if isinstance(error, kind):
            return ApiError(code, message or str(error))
    return ApiError(ErrorCode.INTERNAL_ERROR, "Something went wrong on our side; it was logged")


_TRANSLATIONS: tuple[tuple[type[Exception], ErrorCode, str], ...] = (
    (RequestDataTooBig, ErrorCode.PAYLOAD_TOO_LARGE, "The body is larger than 1 MB"),
    (drf.NotAuthenticated, ErrorCode.UNAUTHENTICATED, "Log in first: send Authorization: Bearer <access token>"),
    (drf.AuthenticationFailed, ErrorCode.UNAUTHENTICATED, ""),
    (drf.PermissionDenied, ErrorCode.FORBIDDEN, "You may not do that"),
    (PermissionDenied, ErrorCode.FORBIDDEN, "You may not do that"),
    (drf.NotFound, ErrorCode.NOT_FOUND, "There is nothing here"),
    (Http404, ErrorCode.NOT_FOUND, "There is nothing here"),
    (drf.MethodNotAllowed, ErrorCode.METHOD_NOT_ALLOWED, ""),
    (drf.NotAcceptable, ErrorCode.NOT_ACCEPTABLE, "Only application/json is served"),
    (drf.UnsupportedMediaType, ErrorCode.UNSUPPORTED_MEDIA_TYPE, "Send application/json"),
    (drf.ParseError, ErrorCode.VALIDATION_ERROR, ""),
    (OperationalError, ErrorCode.SERVICE_UNAVAILABLE, "The database cannot be reached; try again"),
    (DataError, ErrorCode.VALIDATION_ERROR, "A value cannot be stored"),
    (InterfaceError, ErrorCode.SERVICE_UNAVAILABLE, "The database cannot be reached; try again"),
    (RedisError, ErrorCode.SERVICE_UNAVAILABLE, "The message broker cannot be reached; try again"),
)


def too_many(wait_s: float, message: str = "Too many requests") -> ApiError:
    """Return the refusal of one who has to wait."""
    return told_to_wait(ApiError(ErrorCode.RATE_LIMITED, message), wait_s)


def told_to_wait(error: ApiError, wait_s: float) -> ApiError:
    """Say in an error after how many seconds to ask again."""
    wait = max(1, ceil(wait_s))
    error.details["retry_after"] = wait
    error.headers["Retry-After"] = str(wait)
    return error


def _throttled(error: drf.Throttled) -> ApiError:
    return too_many(getattr(error, "wait", None) or 1)


def _by_field(detail: Any, prefix: str = "") -> dict[str, Any]:
    """Map each field to its messages; a field inside another one is called `outer.inner`, one in a list `outer.0`."""
    if not isinstance(detail, Mapping):
        return {prefix or "non_field_errors": detail}
    found: dict[str, Any] = {}
    for name, inner in detail.items():
        path = ".".join(part for part in (prefix, str(name) if name != "non_field_errors" else "") if part)
        found |= _by_field(inner, path)
    return found
