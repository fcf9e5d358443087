"""Signed requests: what is signed, with which secret, and that each signature is good once.

    signature = HMAC-SHA256(secret, timestamp + METHOD + path?query + body), as 64 hexadecimal digits

A secret is not stored. It follows from SECRET_KEY, the key's id and its salt, so neither the database nor its backups
can sign anything. Keys made under an earlier SECRET_KEY go on for as long as SECRET_KEY_FALLBACKS names it.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from django.conf import settings

from base.errors import ApiError, ErrorCode
from base.valkey import TIMEOUT_S, ValkeyLine, ValkeyUnreachableError

__all__ = ["SALT_BYTES", "WINDOW_MS", "Signed", "bad_signature", "present_master", "secret_of", "signature_spend"]

SALT_BYTES = 16
WINDOW_MS = 5_000
# Longer than any signature is good for: the window to both sides, and hosts whose clocks differ by a second or two.
_REMEMBERED_MS = 15_000
_TIMESTAMP = re.compile(r"[0-9]{1,15}")
_SIGNATURE = re.compile(r"[0-9a-fA-F]{64}")
_KEY_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_LINE = ValkeyLine("signatures", TIMEOUT_S)  # patient: without an answer the request is refused


class Signed(NamedTuple):
    """A signature and what it may be over; several `payloads` if the server does not know the path as sent."""

    key_id: UUID
    timestamp_ms: int
    signature: bytes
    payloads: tuple[bytes, ...]

    @classmethod
    def read(
        cls, key_id: str, timestamp: str, signature: str, method: str, targets: Sequence[str], body: bytes
    ) -> "Signed":
        """Return the signature that a request carries. Raises BAD_SIGNATURE when it is malformed."""
        if not _KEY_ID.fullmatch(key_id):
            raise bad_signature("The API key is a UUID, as it was shown when the key was made")
        if not _TIMESTAMP.fullmatch(timestamp):
            raise bad_signature("The timestamp is a whole number: milliseconds since 1970, UTC")
        if not _SIGNATURE.fullmatch(signature):
            raise bad_signature("The signature is 64 hexadecimal digits: HMAC-SHA256")
        payloads = tuple(f"{timestamp}{method}{target}".encode(errors="replace") + body for target in targets)
        return cls(UUID(key_id), int(timestamp), bytes.fromhex(signature), payloads)

    def is_signed_with(self, secret: str) -> bool:
        """Tell whether this is the signature of one of the payloads. In constant time."""
        key = secret.encode()
        return any(hmac.compare_digest(hmac.digest(key, each, "sha256"), self.signature) for each in self.payloads)


def bad_signature(message: str, **details: object) -> ApiError:
    return ApiError(ErrorCode.BAD_SIGNATURE, message, details)


def signature_spend(signature: bytes) -> bool:
    """Note that a signature was used; return False when it had been used before. One round trip.

    Raises SERVICE_UNAVAILABLE when that is unknown: what is signed moves money, so in doubt it is refused.
    """
    name, mine = b"te:signed:" + signature, secrets.token_bytes(8)
    try:
        # The client repeats a request whose answer was lost; it then finds its own mark.
        other = _LINE.ask(lambda valkey: valkey.set(name, mine, px=_REMEMBERED_MS, nx=True, get=True))
    except ValkeyUnreachableError:
        raise _cannot_tell() from None
    return other is None or other == mine


def _cannot_tell() -> ApiError:
    message = "It cannot be checked whether this signature was used before; try again with a new one"
    return ApiError(ErrorCode.SERVICE_UNAVAILABLE, message)


# --- secrets --------------------------------------------------------------------------------------


def present_master() -> str:
    """Return the name of the SECRET_KEY that new secrets follow from."""
    return _master(settings.SECRET_KEY).name


def secret_of(key_id: UUID, salt: bytes, master: str) -> str | None:
    """Return a key's secret; None when its SECRET_KEY is neither the present one nor among the fallbacks."""
    for secret_key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        known = _master(secret_key)
        if known.name == master:
            return hmac.new(known.key, key_id.bytes + salt, hashlib.sha256).hexdigest()
    return None


class _Master(NamedTuple):
    """What secrets are derived with: never SECRET_KEY itself, which signs tokens. Its name gives nothing away."""

    name: str
    key: bytes


@lru_cache(maxsize=16)
def _master(secret_key: str) -> _Master:
    key = hmac.digest(secret_key.encode(), b"exchange.api-keys", "sha256")
    return _Master(hmac.digest(key, b"name", "sha256").hex()[:16], key)
