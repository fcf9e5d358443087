"""The API key that signed a request, its user, and whether the key is still good.

A client that proves to have the secret is told what is wrong with the key or the clock. All others get one message,
whether the key exists or not.
"""

import time
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import ip_address, ip_network
from uuid import UUID

import structlog
from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import Q

from base.errors import ApiError, too_many
from base.refused import REFUSED
from base.times import iso_ms, ms_of
from exchange.audit import audit_record
from exchange.models import ApiKey, ApiKeyAddress, User
from exchange.signatures import WINDOW_MS, Signed, bad_signature, secret_of, signature_spend

__all__ = [
    "KeyStatus",
    "KnownKey",
    "api_key_refusals",
    "forget_api_keys",
    "key_status",
    "lost_api_keys",
    "recognise_signature",
]

log = structlog.get_logger(__name__)

_NOTED_EVERY = timedelta(minutes=1)
_KNOWN_MAX = 10_000
UNKNOWN_PER_MINUTE = 20
GUESS_WINDOW_S = 60.0


class KeyStatus(StrEnum):
    """What an API key is good for, in order of precedence."""

    REVOKED = "revoked"
    EXPIRED = "expired"
    LOST = "lost"
    """Its SECRET_KEY is gone, and its secret with it."""
    ACTIVE = "active"


@dataclass(slots=True)
class KnownKey:
    """A key as it was read, and until when (monotonic seconds) this process believes it."""

    row: ApiKey
    secret: str | None = field(repr=False)
    until: float

    @property
    def id(self) -> UUID:
        return self.row.pk

    @property
    def user(self) -> User:
        return self.row.user

    def may(self, scope: ApiKey.Scope) -> bool:
        return scope in self.row.scopes


_known: dict[UUID, KnownKey] = {}
_guesses: dict[str, tuple[int, float]] = {}  # keys that do not exist, by address: how many, and until when they count
_seen: set[tuple[UUID, str]] = set()  # keys and addresses that are recorded
ADDRESSES_MAX = 1_000  # of one key; whoever has so many is not told about any more


def recognise_signature(signed: Signed, now: datetime, address: str) -> KnownKey:
    """Return the key that signed a request, and spend the signature: one round trip to Valkey.

    An address from which UNKNOWN_PER_MINUTE keys were asked for that do not exist is refused before the next is looked
    for (RATE_LIMITED); keys that are known go on.

    The key is read at most every TOKEN_TRUST_SECONDS, its last use noted at most once a minute, and where it is used
    from once for each address and process, with an audit entry if the address is new; else no query.
    Raises BAD_SIGNATURE, SERVICE_UNAVAILABLE.
    """
    key = _find(signed.key_id, address)
    if key is None or key.secret is None or not signed.is_signed_with(key.secret):
        raise bad_signature(
            "There is no such API key, or the signature is not right: it is HMAC-SHA256 of the secret over"
            " timestamp + METHOD + path?query + body, as they are sent"
        )
    if refusal := _refusal(key.row, now):
        raise refusal
    _check_age(signed.timestamp_ms, now)
    if not signature_spend(signed.signature):
        raise bad_signature("This signature was used before: sign each request with a timestamp of its own")
    _note_use(key.row, now)
    _note_address(key, address, now)
    return key


def api_key_refusals(key_ids: Collection[UUID], now: datetime) -> dict[UUID, ApiError]:
    """Return why keys are no longer good; good ones are left out. One query."""
    rows = {row.pk: row for row in ApiKey.objects.select_related("user").filter(pk__in=key_ids)}
    refusals = {
        key_id: _refusal(rows[key_id], now) if key_id in rows else bad_signature("There is no such API key")
        for key_id in key_ids
    }
    return {key_id: error for key_id, error in refusals.items() if error}


def key_status(row: ApiKey, now: datetime) -> KeyStatus:
    """Return a key's status, without regard to its user. No query."""
    if row.revoked_at is not None:
        return KeyStatus.REVOKED
    if row.expires_at is not None and row.expires_at <= now:
        return KeyStatus.EXPIRED
    return KeyStatus.LOST if _secret(row) is None else KeyStatus.ACTIVE


def lost_api_keys(now: datetime) -> list[ApiKey]:
    """Return the keys that would be good if their SECRET_KEY were known, with their users. One query."""
    keys = ApiKey.objects.select_related("user").filter(revoked_at=None).order_by("id")
    return [key for key in keys if key_status(key, now) is KeyStatus.LOST]


def forget_api_keys() -> None:
    """Make this process read all keys again: it has changed one."""
    _known.clear()


def _find(key_id: UUID, address: str) -> KnownKey | None:
    key = _known.get(key_id)
    if key is not None and time.monotonic() < key.until:
        return key
    if key is None:
        _refuse_guesses(address)
    _known.pop(key_id, None)
    row = ApiKey.objects.select_related("user").filter(pk=key_id).first()
    if row is None:
        _count_guess(address)
        return None
    if len(_known) >= _KNOWN_MAX:
        _known.clear()
    key = _known[key_id] = KnownKey(row, _secret(row), time.monotonic() + settings.TOKEN_TRUST_SECONDS)
    return key


def _refuse_guesses(address: str) -> None:
    count, until = _guesses.get(address, (0, 0.0))
    if count >= UNKNOWN_PER_MINUTE and (left_s := until - time.monotonic()) > 0:
        REFUSED.labels("unknown api keys").inc()
        raise too_many(left_s, "Too many API keys that do not exist")


def _count_guess(address: str) -> None:
    """Count in this process: each costs it a query, and others theirs."""
    count, until = _guesses.pop(address, (0, 0.0))
    now = time.monotonic()
    if until < now:
        count, until = 0, now + GUESS_WINDOW_S
    if len(_guesses) >= _KNOWN_MAX:
        del _guesses[next(iter(_guesses))]
    _guesses[address] = (count + 1, until)


def _secret(row: ApiKey) -> str | None:
    return secret_of(row.pk, bytes(row.salt), row.master)


def _refusal(row: ApiKey, now: datetime) -> ApiError | None:
    """Return why a key whose secret is known is no longer good."""
    if row.revoked_at is not None:
        return bad_signature("This API key was revoked")
    if row.expires_at is not None and row.expires_at <= now:
        return bad_signature(f"This API key expired at {iso_ms(row.expires_at)}")
    return None if row.user.is_active else bad_signature("The user of this API key is not active")


def _check_age(timestamp_ms: int, now: datetime) -> None:
    now_ms = ms_of(now)
    age_ms = now_ms - timestamp_ms
    if abs(age_ms) > WINDOW_MS:
        age = f"{abs(age_ms) / 1000:.1f} s {'old' if age_ms > 0 else 'ahead'}"
        message = f"The timestamp is {age}; at most {WINDOW_MS // 1000} s are accepted: look at your clock"
        raise bad_signature(message, server_time_ms=now_ms)


def _note_use(row: ApiKey, now: datetime) -> None:
    """Note roughly when a key was last used. A failure is logged and nothing more."""
    if row.last_used_at is not None and now - row.last_used_at < _NOTED_EVERY:
        return
    row.last_used_at = now  # in the cache, for the next requests
    is_old = Q(last_used_at=None) | Q(last_used_at__lt=now - _NOTED_EVERY)
    try:
        ApiKey.objects.filter(is_old, pk=row.pk).update(last_used_at=now)
    except DatabaseError as error:
        log.warning("api_key_use_not_noted", error=str(error))


def _note_address(key: KnownKey, address: str, now: datetime) -> None:
    """Record the first use of a key from an address. A failure is logged, and the next use tries again."""
    network = _network(address)
    if (key.id, network) in _seen:
        return
    try:
        _record_address(key.row, network, now)
    except DatabaseError as error:
        log.warning("api_key_address_not_noted", error=str(error))
        return
    if len(_seen) >= _KNOWN_MAX:
        _seen.clear()
    _seen.add((key.id, network))


@transaction.atomic
def _record_address(row: ApiKey, network: str, now: datetime) -> None:
    known = row.addresses.all()
    if known.filter(address=network).exists() or known.count() >= ADDRESSES_MAX:
        return
    _, is_new = ApiKeyAddress.objects.get_or_create(api_key=row, address=network, defaults={"first_used_at": now})
    if is_new:
        audit_record(actor=row.user, action="api_key.new_address", target=row, new={"address": network})


def _network(address: str) -> str:
    """Return an address, of IPv6 the network of 64 bits: a client has all of it."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address[:64]
    parsed = getattr(parsed, "ipv4_mapped", None) or parsed
    return str(parsed) if parsed.version == 4 else str(ip_network((parsed, 64), strict=False))
