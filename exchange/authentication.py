"""Authentication: bearer tokens, for REST and WebSockets, and requests signed with an API key."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework_simplejwt.tokens import AccessToken

from base.errors import ApiError, ErrorCode
from base.throttling import address_of
from exchange.api_keys import KnownKey, recognise_signature
from exchange.models import ApiKey, User
from exchange.sessions import decode_token, password_mark, token_ids
from exchange.signatures import Signed

if TYPE_CHECKING:
    from rest_framework.views import APIView  # which imports this module, by the settings

__all__ = [
    "ApiKeyAuthentication",
    "BearerAuthentication",
    "authenticate_token",
    "logged_in_user",
    "recognise_token",
    "require_trade",
]

# Each request runs this; building it by the ORM takes several times as long as the query.
_USER_SQL = """
SELECT exchange_user.*, EXISTS (SELECT FROM exchange_revokedsession WHERE sid = %s) AS is_session_revoked
FROM exchange_user WHERE id = %s
"""


class KnownToken(NamedTuple):
    """A token that was found good, and until when (monotonic seconds) this process believes it."""

    user: User
    until: float


_KNOWN_MAX = 10_000
_known: dict[str, KnownToken] = {}


def recognise_token(token: str) -> User:
    """Return the user of an access token, believing what was found up to TOKEN_TRUST_SECONDS ago; else one query.

    For requests that come by the hundred: a freeze or logout in another process takes that long to be seen here.
    Raises what `authenticate_token` raises.
    """
    known = _known.get(token)
    if known is not None and time.monotonic() < known.until:
        return known.user
    user = authenticate_token(token)
    if len(_known) >= _KNOWN_MAX:
        _known.clear()
    seconds_left = decode_token(AccessToken, token)["exp"] - time.time()
    _known[token] = KnownToken(user, time.monotonic() + min(settings.TOKEN_TRUST_SECONDS, seconds_left))
    return user


def authenticate_token(token: str) -> User:
    """Return the user of an access token. One query.

    Raises UNAUTHENTICATED (malformed, tampered with, no such user, not active), TOKEN_EXPIRED, TOKEN_REVOKED.
    """
    _known.pop(token, None)
    decoded = decode_token(AccessToken, token)
    user_id, sid = token_ids(decoded)
    user = next(iter(User.objects.raw(_USER_SQL, [sid, user_id])), None)
    if user is None or not user.is_active:
        raise ApiError(ErrorCode.UNAUTHENTICATED, "There is no such user, or the user is not active")
    if vars(user).pop("is_session_revoked") or decoded.get("pw") != password_mark(user):
        raise ApiError(ErrorCode.TOKEN_REVOKED, "This login was ended; log in again")
    return user


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer <access>`. A request without it is anonymous; with a bad one it is refused."""

    def authenticate(self, request: Request) -> tuple[User, None] | None:
        header = request.META.get("HTTP_AUTHORIZATION", "")
        if not header:
            return None
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise _challenge(ApiError(ErrorCode.UNAUTHENTICATED, "Send Authorization: Bearer <access token>"))
        try:
            return recognise_token(token.strip()), None
        except ApiError as error:
            raise _challenge(error) from None

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class ApiKeyAuthentication(BaseAuthentication):
    """`X-API-KEY`, `X-API-TIMESTAMP`, `X-API-SIGNATURE`. A request without the first is anonymous.

    Reading needs nothing but a good key. Anything else is refused unless the view names, in its `key_scopes`, the scope
    that allows the action, so an action that was forgotten there needs a login.
    """

    def authenticate(self, request: Request) -> tuple[User, KnownKey] | None:
        meta = request.META
        if "HTTP_X_API_KEY" not in meta:
            return None
        method = request.method or ""
        try:
            signed = Signed.read(
                meta["HTTP_X_API_KEY"],
                meta.get("HTTP_X_API_TIMESTAMP", ""),
                meta.get("HTTP_X_API_SIGNATURE", ""),
                method,
                _targets(request._request),
                request._request.body,
            )
            key = recognise_signature(signed, timezone.now(), address_of(request))
        except ApiError as error:
            raise _challenge(error) from None
        if method not in SAFE_METHODS:
            _require(key, _scope_of(request.parser_context["view"]))
        return key.user, key


def _scope_of(view: "APIView") -> ApiKey.Scope | None:
    """Return the scope with which a key may do what is asked of a view; None when no key may."""
    scopes: Mapping[str | None, ApiKey.Scope] = getattr(view, "key_scopes", {})
    return scopes.get(getattr(view, "action", None))


def _targets(request: HttpRequest) -> list[str]:
    """Return path and query as they were sent.

    WSGI knows the path only unescaped, as do some servers of ASGI. There both usual ways of
    escaping it are tried, which differ only for `:` and the like; in either case the signature is over the path that
    the view gets.
    """
    raw_path: bytes | None = getattr(request, "scope", {}).get("raw_path")
    if raw_path is not None:
        paths = [raw_path.decode("latin-1")]
    else:
        paths = list(dict.fromkeys((quote(request.path, safe=_UNESCAPED), quote(request.path))))
    query = request.META.get("QUERY_STRING", "")
    return [f"{path}?{query}" if query else path for path in paths]


_UNESCAPED = "/!$&'()*+,;=:@"


def require_trade(key: KnownKey) -> None:
    """Check that a key may place, amend and cancel orders. Raises FORBIDDEN."""
    _require(key, ApiKey.Scope.TRADE)


def _require(key: KnownKey, scope: ApiKey.Scope | None) -> None:
    if scope is None:
        raise ApiError(ErrorCode.FORBIDDEN, "This cannot be done with an API key: log in")
    if not key.may(scope):
        raise ApiError(ErrorCode.FORBIDDEN, f"This API key does not have the scope {scope.value}")


def _challenge(error: ApiError) -> ApiError:
    if error.status == 401:
        error.headers["WWW-Authenticate"] = "Bearer"
    return error


def logged_in_user(request: Request) -> User:
    """Return the user of a request. Raises UNAUTHENTICATED where a view lets anonymous requests in."""
    if not isinstance(request.user, User):
        raise ApiError(ErrorCode.UNAUTHENTICATED, "Log in first: send Authorization: Bearer <access token>")
    return request.user
