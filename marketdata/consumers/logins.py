"""How a client of `/ws/orders` logs in: by an access token, or by the signature of an API key."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from django.utils import timezone
from rest_framework_simplejwt.tokens import AccessToken

from exchange.api_keys import KnownKey, recognise_signature
from exchange.authentication import authenticate_token, require_trade
from exchange.models import User
from exchange.sessions import decode_token
from exchange.signatures import Signed
from marketdata.consumers.base import BadMessageError

_BY_TOKEN, _BY_KEY = {"token"}, {"api_key", "timestamp", "signature"}
SIGNED_METHOD, SIGNED_PATH = "GET", "/ws/orders"  # what a login signs after the timestamp; no query, no body


class Login(NamedTuple):
    """A login by a token or by a key; `expires_s` is since 1970, None for a key that never expires."""

    user: User
    expires_s: float | None
    token: str = ""
    key: KnownKey | None = None

    def require_trade(self) -> None:
        """Check that this login may cancel orders. Raises FORBIDDEN."""
        if self.key:
            require_trade(self.key)


def login_finder(message: dict[str, Any], address: str) -> Callable[[], Login]:
    """Return a function that checks the login of an `auth` message from an address; it queries, and raises ApiError.

    Raises BadMessageError for fields that are neither a token nor a signature.
    """
    given = {name: message[name] for name in (*_BY_TOKEN, *_BY_KEY) if name in message}
    if isinstance(given.get("timestamp"), int) and not isinstance(given["timestamp"], bool):
        given["timestamp"] = str(given["timestamp"])
    if all(isinstance(value, str) for value in given.values()):
        if given.keys() == _BY_TOKEN:
            return partial(_by_token, **given)
        if given.keys() == _BY_KEY:
            return partial(_by_key, address=address, **given)
    raise BadMessageError("Give `token`, an access token, or `api_key`, `timestamp` and `signature`")


def _by_token(token: str) -> Login:
    user = authenticate_token(token)
    return Login(user, float(decode_token(AccessToken, token)["exp"]), token=token)


def _by_key(api_key: str, timestamp: str, signature: str, address: str) -> Login:
    signed = Signed.read(api_key, timestamp, signature, SIGNED_METHOD, [SIGNED_PATH], b"")
    key = recognise_signature(signed, timezone.now(), address)
    expires_at = key.row.expires_at
    return Login(key.user, expires_at.timestamp() if expires_at else None, key=key)
