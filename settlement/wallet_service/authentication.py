"""Authentication at the wallet service: by its token; where none is set, no request gets in."""

from hmac import compare_digest

from django.conf import settings
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from settlement.wallet.protocol import WalletCode, WalletRefusalError


class Exchange:
    """The exchange that this wallet serves."""

    is_authenticated = True
    is_active = True
    pk = None


class WalletTokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer <WALLET_SERVICE_TOKEN>`. Without that setting there is no wallet service here."""

    def authenticate(self, request: Request) -> tuple[Exchange, None]:
        token = settings.WALLET_SERVICE_TOKEN
        if not token:
            raise WalletRefusalError(WalletCode.NOT_FOUND, "This copy is not a wallet: WALLET_SERVICE_TOKEN is not set")
        scheme, _, given = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() != "bearer" or not compare_digest(given.strip().encode(), token.encode()):
            raise WalletRefusalError(WalletCode.UNAUTHENTICATED, "Send Authorization: Bearer <WALLET_SERVICE_TOKEN>")
        return Exchange(), None
