"""What is kept about logins goes when they have expired, and nothing else does."""

from datetime import timedelta

from django.contrib.sessions.models import Session
from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from base.ids import uuid7
from exchange.models import RevokedSession, User
from exchange.sessions import logins_prune, session_refresh, session_revoke, tokens_issue


def rows_of(user: User) -> tuple[int, int, int]:
    tokens = OutstandingToken.objects.filter(user=user)
    return (
        tokens.count(),
        BlacklistedToken.objects.filter(token__in=tokens).count(),
        RevokedSession.objects.filter(user=user).count(),
    )


def test_what_has_expired_is_forgotten_and_the_rest_goes_on(maker: User, taker: User) -> None:
    for user in (maker, taker):
        pair = session_refresh(refresh=tokens_issue(user=user, sid=uuid7()).refresh)
        session_revoke(refresh=pair.refresh)
    now = timezone.now()
    OutstandingToken.objects.filter(user=maker).update(expires_at=now - timedelta(minutes=1))
    RevokedSession.objects.filter(user=maker).update(expires_at=now - timedelta(minutes=1))
    Session.objects.create(session_key=f"old-{maker.pk}", expire_date=now - timedelta(minutes=1))
    Session.objects.create(session_key=f"new-{maker.pk}", expire_date=now + timedelta(minutes=1))

    removed = logins_prune(now=now)

    assert removed >= 5
    assert rows_of(maker) == (0, 0, 0)
    assert rows_of(taker) == (2, 1, 1)
    assert list(Session.objects.filter(session_key__endswith=str(maker.pk)).values_list("session_key", flat=True)) == [
        f"new-{maker.pk}"
    ]
    assert logins_prune(now=now) == 0
