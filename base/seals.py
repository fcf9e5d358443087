"""Seals: proof that what lies in Valkey or in the broker was put there by a process of this exchange.

A seal is a keyed hash (BLAKE2b, RFC 7693) over a content, with a key for where it is to go. The key follows from
SECRET_KEY, which the servers in between do not have: whoever can write there can add something, but not something that
is believed. What was sealed under one of SECRET_KEY_FALLBACKS is believed, too, so that processes can be restarted one
after the other.

BLAKE2b and not HMAC, because Python gives the interpreter away for each HMAC, however short its content, and a process
with many busy threads waits for milliseconds until it has it back.
"""

import hmac
from functools import lru_cache
from hashlib import blake2b

from django.conf import settings

__all__ = ["SEAL_BYTES", "Seal", "SealBrokenError"]

SEAL_BYTES = 16


class SealBrokenError(ValueError):
    """Say that a content was not sealed by this exchange, or for another purpose or place."""


class Seal:
    """Seals contents of one purpose. Safe to share among threads."""

    def __init__(self, purpose: bytes) -> None:
        self._purpose = purpose

    def closed(self, content: bytes, place: str = "") -> bytes:
        """Return a content with its seal before it."""
        return self._of(settings.SECRET_KEY, content, place) + content

    def opened(self, sealed: bytes, place: str = "") -> bytes:
        """Return what was sealed for a place. Raises SealBrokenError. Compares in constant time."""
        seal, content = sealed[:SEAL_BYTES], sealed[SEAL_BYTES:]
        for secret_key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
            if hmac.compare_digest(seal, self._of(secret_key, content, place)):
                return content
        raise SealBrokenError("the seal is not of this exchange")

    def _of(self, secret_key: str, content: bytes, place: str) -> bytes:
        return blake2b(content, key=_key(secret_key, self._purpose, place), digest_size=SEAL_BYTES).digest()


@lru_cache(maxsize=4_096)
def _key(secret_key: str, purpose: bytes, place: str) -> bytes:
    """Return the key of one purpose and place. It tells nothing about SECRET_KEY, nor about another's key."""
    master = hmac.digest(secret_key.encode(), b"base.seals", "sha256")
    return hmac.digest(hmac.digest(master, purpose, "sha256"), place.encode(), "sha256")
