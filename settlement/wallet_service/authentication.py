"""Authentication at the wallet service: by its token; where none is set, no request gets in."""

from hmac import compare_digest

import structlog
from django.conf import settings
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import Throttled
from rest_framework.request import Request

from base.refused import REFUSED
from base.throttling import address_of
from base.throttling.counts import stand
from settlement.wallet.protocol import WalletCode, WalletRefusalError

log = structlog.get_logger(__name__)

WRONG_PER_MINUTE = 10


class Exchange:
    """The exchange that this wallet serves."""

    is_authenticated = True
    is_active = True
    pk = None


class WalletTokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer <WALLET_SERVICE_TOKEN>`, compared in constant time.

    Wrong ones are logged and limited. The right one gets in all the same: nobody at the exchange's address can keep it
    from its money, and no number of tries finds a token that is long enough.
    """

    def authenticate(self, request: Request) -> tuple[Exchange, None]:
        token = settings.WALLET_SERVICE_TOKEN
        assert token, "Invariant: without the token there is no service to ask"
        scheme, _, given = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() != "bearer" or not compare_digest(given.strip().encode(), token.encode()):
            _count_wrong(address_of(request))
            raise WalletRefusalError(WalletCode.UNAUTHENTICATED, "Send Authorization: Bearer <WALLET_SERVICE_TOKEN>")
        return Exchange(), None


def _count_wrong(address: str) -> None:
    standing = stand(f"wallet-token:{address}", 60, WRONG_PER_MINUTE)
    log.warning("wallet_token_wrong", address=address, count=standing.used)
    if not standing.is_within:
        REFUSED.labels("wallet token").inc()
        raise Throttled(wait=standing.reset_s)
