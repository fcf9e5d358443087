"""Logins: a session begins with a password, goes on by rotated refresh tokens, and ends for all of them at once.

Every token of a session carries its `sid`, and `pw`, a mark of the password that was good then: with another password
all sessions of a user are over. A refresh token is good for one refresh; using one twice is a sign of theft, and
ends the session. Only the ids of refresh tokens are stored, never the tokens.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.contrib.auth import authenticate
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from rest_framework_simplejwt.exceptions import ExpiredTokenError, TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

from base.errors import ApiError, ErrorCode
from base.ids import uuid7
from exchange.login_trail import session_ended
from exchange.models import RevokedSession, User

__all__ = [
    "TokenPair",
    "decode_token",
    "logins_prune",
    "password_mark",
    "session_open",
    "session_refresh",
    "session_revoke",
    "tokens_issue",
]


PRUNE_ROWS = 5_000


@dataclass(frozen=True, slots=True)
class TokenPair:
    access: str
    refresh: str
    expires_in: int


class _SessionToken(RefreshToken):
    """A refresh token; whether it was spent is looked up under a lock, not while decoding."""

    def check_blacklist(self) -> None:
        return None


def session_open(*, username: str, password: str, request: HttpRequest | None = None) -> TokenPair:
    """Log in, and note when and from where, in the audit trail too; it has what fails as well.

    Takes the same time whether the name or the password is wrong. Raises UNAUTHENTICATED.
    """
    user = authenticate(request, username=username, password=password)
    if not isinstance(user, User):
        raise ApiError(ErrorCode.UNAUTHENTICATED, "The username or the password is wrong")
    with transaction.atomic():
        user_logged_in.send(sender=User, request=request, user=user)
        return tokens_issue(user=user, sid=uuid7())


def session_refresh(*, refresh: str, request: HttpRequest | None = None) -> TokenPair:
    """Spend a refresh token for a new pair of the same session. Locks the token's row.

    Of several refreshes with one token one succeeds; the others raise TOKEN_REVOKED and end the session.
    """
    token = decode_token(_SessionToken, refresh)
    if not _spend(token["jti"]):
        _revoke(token, request, "a refresh token was used twice")
        raise ApiError(ErrorCode.TOKEN_REVOKED, "This refresh token was used before; log in again")
    user_id, sid = token_ids(token)
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user is None:
        raise ApiError(ErrorCode.UNAUTHENTICATED, "There is no such user, or the user is not active")
    if token.get("pw") != password_mark(user) or RevokedSession.objects.filter(sid=sid).exists():
        raise ApiError(ErrorCode.TOKEN_REVOKED, "This login was ended; log in again")
    return tokens_issue(user=user, sid=sid)


def session_revoke(*, refresh: str, request: HttpRequest | None = None) -> None:
    """End the session of a refresh token: all its tokens are refused from now on. Safe to repeat."""
    _revoke(decode_token(_SessionToken, refresh), request, "logged out")


def decode_token(kind: Any, text: str) -> Any:
    """Return a verified token of a kind. Raises TOKEN_EXPIRED, else UNAUTHENTICATED. No query."""
    try:
        return kind(text)
    except ExpiredTokenError:
        raise ApiError(ErrorCode.TOKEN_EXPIRED, "The token has expired") from None
    except (TokenError, ValueError):
        raise ApiError(ErrorCode.UNAUTHENTICATED, "The token is not valid") from None


def token_ids(token: Any) -> tuple[UUID, UUID]:
    """Return the user's id and the session's id that a token carries. Raises UNAUTHENTICATED."""
    try:
        return UUID(token["sub"]), UUID(token["sid"])
    except (KeyError, ValueError, AttributeError, TypeError):
        raise ApiError(ErrorCode.UNAUTHENTICATED, "The token is not valid") from None


def logins_prune(*, now: datetime) -> int:
    """Forget refresh tokens, ended logins and browser sessions that have expired.

    No token of theirs is accepted any more. Returns how many rows went, in steps of PRUNE_ROWS. Safe at any time.
    """
    removed = 0
    for expired in (
        BlacklistedToken.objects.filter(token__expires_at__lt=now),  # before the tokens they are about
        OutstandingToken.objects.filter(expires_at__lt=now),
        RevokedSession.objects.filter(expires_at__lt=now),
        Session.objects.filter(expire_date__lt=now),
    ):
        removed += _remove(expired)
    return removed


def _remove(expired: QuerySet[Any]) -> int:
    removed = 0
    while ids := list(expired.values_list("pk", flat=True)[:PRUNE_ROWS]):
        removed += expired.model._default_manager.filter(pk__in=ids).delete()[0]
    return removed


@transaction.atomic
def _spend(jti: str) -> bool:
    outstanding = OutstandingToken.objects.select_for_update().filter(jti=jti).first()
    if outstanding is None:
        return False
    _, is_first_use = BlacklistedToken.objects.get_or_create(token=outstanding)
    return is_first_use


@transaction.atomic
def _revoke(token: Any, request: HttpRequest | None, reason: str) -> None:
    user_id, sid = token_ids(token)
    user = User.objects.filter(pk=user_id).first()
    if user is None:
        return
    # Until then every token of the session has expired by itself.
    expires_at = timezone.now() + api_settings.REFRESH_TOKEN_LIFETIME
    _, is_first = RevokedSession.objects.get_or_create(sid=sid, defaults={"user": user, "expires_at": expires_at})
    if is_first:
        session_ended(user, request, reason)


def tokens_issue(*, user: User, sid: UUID) -> TokenPair:
    """Return a new pair of tokens of a session, without asking for the password. Stores the id of the refresh token."""
    refresh = _SessionToken()
    refresh["sub"], refresh["sid"], refresh["pw"] = str(user.pk), str(sid), password_mark(user)
    OutstandingToken.objects.create(
        user=user,
        jti=refresh["jti"],
        token="",
        created_at=refresh.current_time,
        expires_at=datetime.fromtimestamp(refresh["exp"], UTC),
    )
    lifetime = AccessToken.lifetime
    assert lifetime is not None, "Invariant: access tokens have a lifetime"
    return TokenPair(str(refresh.access_token), str(refresh), int(lifetime.total_seconds()))


def password_mark(user: User) -> str:
    """Return the `pw` of a user's tokens, which changes with the password. No query.

    It is derived from the stored hash with SECRET_KEY; a token gives neither of them away.
    """
    return user.get_session_auth_hash()[:16]
