"""Who is asking: bearer tokens, for REST and WebSockets."""

import time
from typing import NamedTuple

from django.conf import settings
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework_simplejwt.tokens import AccessToken

from exchange.errors import ApiError, ErrorCode
from exchange.models import User
from exchange.sessions import decode_token, token_ids

__all__ = ["BearerAuthentication", "authenticate_token", "logged_in_user", "recognise_token"]

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
    user_id, sid = token_ids(decode_token(AccessToken, token))
    user = next(iter(User.objects.raw(_USER_SQL, [sid, user_id])), None)
    if user is None or not user.is_active:
        raise ApiError(ErrorCode.UNAUTHENTICATED, "There is no such user, or it is not active")
    if vars(user).pop("is_session_revoked"):
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
            raise self._challenge(ApiError(ErrorCode.UNAUTHENTICATED, "Send Authorization: Bearer <access token>"))
        try:
            return recognise_token(token.strip()), None
        except ApiError as error:
            raise self._challenge(error) from None

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"

    def _challenge(self, error: ApiError) -> ApiError:
        error.headers["WWW-Authenticate"] = self.authenticate_header(None)  # type: ignore[arg-type]
        return error


def logged_in_user(request: Request) -> User:
    """Return the user of a request. Raises UNAUTHENTICATED where a view lets anonymous requests in."""
    if not isinstance(request.user, User):
        raise ApiError(ErrorCode.UNAUTHENTICATED, "Log in first: send Authorization: Bearer <access token>")
    return request.user
