"""System checks of the wallet's settings."""

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.checks import Warning as Caution

__all__ = ["check_wallet"]

_TIMEOUT_MS_MAX = 4_000
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_TOKEN_MIN = 16


@register()
def check_wallet(app_configs: Sequence[AppConfig] | None, **_: Any) -> Iterable[CheckMessage]:
    """E001 to E004, W001, W002: the wallet is one of two, and a remote one can be reached within bounds."""
    if settings.WALLET not in settings.WALLETS:
        yield Error(
            f"WALLET is {settings.WALLET!r}.",
            hint=f"Set WALLET to {' or '.join(settings.WALLETS)}.",
            id="settlement.E001",
        )
    if settings.WALLET == "remote":
        yield from _check_remote()
    if settings.WALLET_SERVICE_TOKEN and len(settings.WALLET_SERVICE_TOKEN) < _TOKEN_MIN:
        yield Error(
            f"WALLET_SERVICE_TOKEN has fewer than {_TOKEN_MIN} characters: anybody who guesses it can move all money.",
            hint='Set it to a long random text: python -c "import secrets; print(secrets.token_urlsafe(48))"',
            id="settlement.E004",
        )


def _check_remote() -> Iterable[CheckMessage]:
    url = urlsplit(settings.WALLET_URL)
    if url.scheme not in ("http", "https") or not url.hostname or not settings.WALLET_TOKEN:
        yield Error(
            "WALLET is remote, but WALLET_URL or WALLET_TOKEN is missing, or WALLET_URL is not an address.",
            hint="Set WALLET_URL to where the wallet service is, such as http://10.0.0.5:8001, and WALLET_TOKEN to its"
            " WALLET_SERVICE_TOKEN.",
            id="settlement.E002",
        )
    if not 1 <= settings.WALLET_TIMEOUT_MS <= _TIMEOUT_MS_MAX or settings.WALLET_CONCURRENCY < 1:
        yield Error(
            f"WALLET_TIMEOUT_MS is {settings.WALLET_TIMEOUT_MS}, WALLET_CONCURRENCY {settings.WALLET_CONCURRENCY}.",
            hint=f"An order waits for up to three timeouts: set 1 to {_TIMEOUT_MS_MAX:,} ms, and at least one call.",
            id="settlement.E003",
        )
    if settings.WALLET_CONCURRENCY > settings.API_THREADS // 2:
        yield Caution(
            f"WALLET_CONCURRENCY is {settings.WALLET_CONCURRENCY}: a slow wallet would keep that many threads of each"
            " process.",
            hint=f"Keep it well below API_THREADS ({settings.API_THREADS}), so that cancels find a free one.",
            id="settlement.W001",
        )
    if url.scheme == "http" and url.hostname not in _LOOPBACK:
        yield Caution(
            "WALLET_URL is plain http to another host: the token and all amounts travel in the clear.",
            hint="Use https, or a network of your own.",
            id="settlement.W002",
        )
