"""Accounts with money for visitors of a demo copy of the exchange."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import connection, transaction

from base.advisory_locks import ExchangeLock
from base.errors import ApiError, ErrorCode
from base.ids import uuid7
from exchange.audit import audit_record
from exchange.models import Asset, User
from exchange.seeds import VISITOR_FUNDS
from exchange.sessions import TokenPair, tokens_issue
from settlement.services import ledger_deposit_several

__all__ = ["DemoAccount", "demo_account_open"]

_PREFIX = "demo-"
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is taken for another one
_LETTERS_OF_NAME = 6
_TRIES = 5


@dataclass(frozen=True, slots=True)
class DemoAccount:
    user: User
    password: str
    tokens: TokenPair


def demo_account_open(*, now: datetime) -> DemoAccount:
    """Create a user with money of every seeded asset and log it in.

    The password is returned here and stored nowhere. Calls take turns (an advisory lock) and leave an audit entry.
    Raises RATE_LIMITED when DEMO_ACCOUNTS_PER_DAY have been made since midnight in UTC, FORBIDDEN with a remote wallet.
    """
    password = secrets.token_urlsafe(12)
    hashed = make_password(password)  # slow on purpose, so not under the lock
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ExchangeLock.DEMO_ACCOUNTS])
        _refuse_too_many(now)
        user = User.objects.create(username=_free_name(), password=hashed)
        tokens = tokens_issue(user=user, sid=uuid7())
        audit_record(actor=None, action="demo.open_account", target=user)
        known = Asset.objects.filter(code__in=VISITOR_FUNDS).values_list("code", flat=True)
        ledger_deposit_several(owner=user, amounts={code: VISITOR_FUNDS[code] for code in known}, reason="Demo funds")
    return DemoAccount(user, password, tokens)


def _refuse_too_many(now: datetime) -> None:
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    made = User.objects.filter(username__startswith=_PREFIX, date_joined__gte=midnight).count()
    if made < settings.DEMO_ACCOUNTS_PER_DAY:
        return
    wait = str(max(1, int((midnight + timedelta(days=1) - now).total_seconds())))
    error = ApiError(
        ErrorCode.RATE_LIMITED, "No more demo accounts today; use an existing one", {"retry_after": int(wait)}
    )
    error.headers["Retry-After"] = wait
    raise error


def _free_name() -> str:
    for _ in range(_TRIES):
        name = _PREFIX + "".join(secrets.choice(_LETTERS) for _ in range(_LETTERS_OF_NAME))
        if not User.objects.filter(username=name).exists():
            return name
    raise ApiError(ErrorCode.SERVICE_UNAVAILABLE, "No free name was found; try again")
