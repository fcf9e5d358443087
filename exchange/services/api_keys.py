"""Making and ending API keys. Each act leaves an audit entry; no secret is stored or logged."""

import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from base.errors import ApiError, ErrorCode, ValidationError
from base.times import iso_ms
from exchange.api_keys import KeyStatus, forget_api_keys, key_status
from exchange.audit import audit_record
from exchange.models import ApiKey, User
from exchange.signatures import SALT_BYTES, present_master, secret_of

__all__ = ["API_KEYS_MAX", "NewApiKey", "api_key_create", "api_key_revoke", "api_keys_prune", "api_keys_revoke"]

API_KEYS_MAX = 20  # of one user, not counting those that have ended
KEPT = timedelta(days=90)
_PRUNE_ROWS = 5_000


class NewApiKey(NamedTuple):
    """A key and its secret, which can never be shown again."""

    row: ApiKey
    secret: str


@transaction.atomic
def api_key_create(
    *, user: User, label: str, scopes: Collection[str], now: datetime, expires_at: datetime | None = None
) -> NewApiKey:
    """Make a key of a user, who must be logged in. Locks the user's row, writes an audit entry.

    A key that may trade may also read. Raises VALIDATION_ERROR, TOO_MANY_API_KEYS.
    """
    if expires_at is not None and expires_at <= now:
        raise ValidationError({"expires_at": ["Give a time in the future, or leave it out for a key without an end"]})
    # Weak enough for orders to refer to the user meanwhile.
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if len(_usable(user, now)) >= API_KEYS_MAX:
        message = f"A user has at most {API_KEYS_MAX} API keys: revoke one that is not needed"
        raise ApiError(ErrorCode.TOO_MANY_API_KEYS, message, {"limit": API_KEYS_MAX})
    row = ApiKey(
        user=user,
        label=label,
        scopes=_ordered({*scopes, ApiKey.Scope.READ.value}),
        created_at=now,
        expires_at=expires_at,
        salt=secrets.token_bytes(SALT_BYTES),
        master=present_master(),
    )
    row.save(force_insert=True)
    audit_record(actor=user, action="api_key.create", target=row, new=_as_json(row))
    secret = secret_of(row.pk, bytes(row.salt), row.master)
    assert secret is not None, "Invariant: a secret follows from the present SECRET_KEY"
    return NewApiKey(row, secret)


@transaction.atomic
def api_key_revoke(
    *, actor: User, key_id: UUID, now: datetime, owner: User | None = None, note: str = ""
) -> tuple[ApiKey, bool]:
    """End a key for good; return it, and whether it had not been ended before. Locks its row, writes an audit entry.

    It is refused everywhere within TOKEN_TRUST_SECONDS. Raises API_KEY_NOT_FOUND, also for one that is not `owner`'s.
    """
    rows = ApiKey.objects.select_for_update().filter(pk=key_id)
    row = rows.filter(user=owner).first() if owner else rows.first()
    if row is None:
        raise ApiError(ErrorCode.API_KEY_NOT_FOUND, "There is no such API key")
    if row.revoked_at is not None:
        return row, False
    _revoke(actor, row, now, note)
    return row, True


@transaction.atomic
def api_keys_revoke(*, actor: User, owner: User, now: datetime, note: str = "") -> int:
    """End all keys of a user; return how many. Locks their rows, writes an audit entry for each."""
    rows = list(ApiKey.objects.select_for_update().filter(user=owner, revoked_at=None).order_by("id"))
    for row in rows:
        _revoke(actor, row, now, note)
    return len(rows)


def api_keys_prune(*, now: datetime) -> int:
    """Forget keys that ended 90 days ago; the audit trail keeps who made and ended them. Returns how many rows went."""
    removed, ended = 0, Q(revoked_at__lt=now - KEPT) | Q(expires_at__lt=now - KEPT)
    while ids := list(ApiKey.objects.filter(ended).values_list("pk", flat=True)[:_PRUNE_ROWS]):
        removed += ApiKey.objects.filter(pk__in=ids).delete()[0]
    return removed


def _usable(user: User, now: datetime) -> list[ApiKey]:
    rows = ApiKey.objects.filter(user=user, revoked_at=None)
    return [row for row in rows if key_status(row, now) is KeyStatus.ACTIVE]


def _revoke(actor: User, row: ApiKey, now: datetime, note: str) -> None:
    row.revoked_at = now
    row.save(update_fields=["revoked_at"])
    audit_record(actor=actor, action="api_key.revoke", target=row, old=_as_json(row), note=note)
    transaction.on_commit(forget_api_keys)


def _ordered(scopes: Collection[str]) -> list[str]:
    return [scope for scope in ApiKey.Scope.values if scope in scopes]


def _as_json(row: ApiKey) -> dict[str, object]:
    expires_at = iso_ms(row.expires_at) if row.expires_at else None
    return {"user": str(row.user_id), "label": row.label, "scopes": row.scopes, "expires_at": expires_at}
