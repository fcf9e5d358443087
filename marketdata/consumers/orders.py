import asyncio
import time
from typing import Any

from django.db import Error as DatabaseError
from rest_framework_simplejwt.tokens import AccessToken

from exchange.authentication import authenticate_token
from exchange.errors import ApiError, ErrorCode
from exchange.models import User
from exchange.sessions import decode_token
from exchange.times import iso_ms_of
from marketdata import messages
from marketdata.consumers.base import BadMessageError, CloseCode, StreamConsumer
from marketdata.database import in_database


class OrdersConsumer(StreamConsumer):
    """`/ws/orders`: an account's own orders, fills and balances, after a login as the first message."""

    stream = "orders"
    login_s = 5.0
    recheck_s = 30.0  # how long an ended session or a frozen account may still listen

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._user: User | None = None
        self.operations |= {"auth": self._log_in}

    async def opened(self) -> None:
        self.start(self._expect_login())

    def closed(self) -> None:
        self.hub.forget(self.outbox, self._user.pk if self._user else None)

    async def _log_in(self, message: dict[str, Any]) -> None:
        if self._user:
            raise ApiError(ErrorCode.VALIDATION_ERROR, "You are logged in already")
        token = message.get("token")
        if not isinstance(token, str):
            raise BadMessageError("Give `token`, an access token")
        try:
            user, expires_s = await in_database(_identify, token)
        except ApiError as error:
            await self.end(CloseCode.UNAUTHENTICATED, error)
            return
        self._user = user
        expires_at = iso_ms_of(int(expires_s * 1000))
        self.outbox.put(messages.authenticated(user.pk, expires_at))
        self.start(self._stay_logged_in(token, expires_s))
        await self.hub.subscribe_private(user.pk, self.outbox)

    async def _expect_login(self) -> None:
        await asyncio.sleep(self.login_s)
        if self._user is None:
            await self.end(CloseCode.UNAUTHENTICATED, ApiError(ErrorCode.UNAUTHENTICATED, "Log in first"))

    async def _stay_logged_in(self, token: str, expires_s: float) -> None:
        """Close at the token's expiry, or soon after the session was ended or the account frozen."""
        while (left_s := expires_s - time.time()) > 0:
            await asyncio.sleep(min(left_s, self.recheck_s))
            try:
                if time.time() < expires_s:
                    await in_database(authenticate_token, token)
            except ApiError as error:
                await self.end(CloseCode.UNAUTHENTICATED, error)
                return
            except DatabaseError:
                continue
        await self.end(CloseCode.UNAUTHENTICATED, ApiError(ErrorCode.TOKEN_EXPIRED, "The token has expired"))


def _identify(token: str) -> tuple[User, float]:
    user = authenticate_token(token)
    return user, float(decode_token(AccessToken, token)["exp"])
