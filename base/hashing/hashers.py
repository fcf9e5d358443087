"""Django's password hashers, run by `base.hashing.place` instead of by the thread that asks.

Hashes look the same as Django's own, and are verified by them.
"""

from typing import Any, ClassVar

from django.contrib.auth import hashers

from base.hashing.place import PLACE

__all__ = ["BoundedArgon2PasswordHasher", "BoundedPBKDF2PasswordHasher"]


class _Bounded:
    """Every method that takes long is a request to the place. Raises OVERLOADED when too many wait there."""

    kind: ClassVar[str]
    effort: ClassVar[tuple[str, ...]]
    """What says how much effort a hash is, by the names of Django's attributes."""

    def encode(self, password: str, salt: str, *more: Any) -> str:
        return str(self._ask("encode", password, salt, *more))

    def verify(self, password: str, encoded: str) -> bool:
        return bool(self._ask("verify", password, encoded))

    def harden_runtime(self, password: str, encoded: str) -> None:
        self._ask("harden_runtime", password, encoded)

    def _ask(self, method: str, *arguments: Any) -> Any:
        return PLACE.ask(self.kind, {name: getattr(self, name) for name in self.effort}, method, arguments)


class BoundedArgon2PasswordHasher(_Bounded, hashers.Argon2PasswordHasher):
    kind = "Argon2PasswordHasher"
    effort = ("time_cost", "memory_cost", "parallelism")


class BoundedPBKDF2PasswordHasher(_Bounded, hashers.PBKDF2PasswordHasher):
    kind = "PBKDF2PasswordHasher"
    effort = ("iterations",)
