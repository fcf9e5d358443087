import asyncio
import time
from typing import Any

from django.db import Error as DatabaseError

from base.errors import ApiError, ErrorCode
from base.times import iso_ms_of
from exchange.authentication import authenticate_token
from exchange.models import Market
from marketdata import messages
from marketdata.consumers.base import BadMessageError, CloseCode, StreamConsumer
from marketdata.consumers.logins import Login, login_finder
from marketdata.database import in_database
from marketdata.switches import DISCONNECT_TIMEOUT_MS, DisconnectSwitches, cancel_after_in_turn
from orders.services.cancellation import TIMEOUT_MS_MAX, TIMEOUT_MS_MIN


class OrdersConsumer(StreamConsumer):
    """`/ws/orders`: a user's own orders, fills and balances, after a login as the first message.

    A session may also ask for everything to be cancelled when it ends, or after a time.
    """

    stream = "orders"
    login_s = 5.0
    recheck_s = 30.0  # how long an ended session or a frozen user may still listen; an API key: `KeyWatch`

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._login: Login | None = None
        self._switches: DisconnectSwitches | None = None
        self.operations |= {
            "auth": self._log_in,
            "cancel_on_disconnect": self._cancel_on_disconnect,
            "cancel_after": self._cancel_after,
        }

    async def opened(self) -> None:
        self.start(self._expect_login())

    def is_subscribed(self) -> bool:
        return True  # a client that does not log in is disconnected earlier

    def closed(self) -> None:
        self.hub.forget(self.queue, self._login.user.pk if self._login else None)
        if self._login:
            self.hub.connections.log_out(self._login.user.pk)
            if self._login.key:
                self.hub.keys.remove(self._login.key.id, self)
        if self._switches:
            self._switches.end_session()

    async def _log_in(self, message: dict[str, Any]) -> None:
        if self._login:
            raise ApiError(ErrorCode.VALIDATION_ERROR, "You are already logged in")
        find, (session, seq) = login_finder(message, self._address), _session_of(message)
        try:
            login = await in_database(find)
        except ApiError as error:
            is_doubtful = error.code is ErrorCode.SERVICE_UNAVAILABLE
            await self.end(CloseCode.TRY_AGAIN_LATER if is_doubtful else CloseCode.UNAUTHENTICATED, error)
            return
        user = login.user
        if not self.hub.connections.log_in(user.pk):
            await self.end(CloseCode.TOO_MANY, ApiError(ErrorCode.RATE_LIMITED, "Too many connections of this user"))
            return
        self._login, self._switches = login, DisconnectSwitches(user)
        expires_at = None if login.expires_s is None else iso_ms_of(int(login.expires_s * 1000))
        self.queue.put(messages.authenticated(user.pk, expires_at))
        self._stay_logged_in(login)
        await self.hub.subscribe_private(user.pk, self.queue, self._lose_session, session, seq)

    def _stay_logged_in(self, login: Login) -> None:
        """Close when the login is no longer valid, or shortly after."""
        if login.key:
            self.hub.keys.add(login.key.id, self, self._lose_key)
        elif login.expires_s is not None:
            self.start(self._stay_until(login.token, login.expires_s))

    def _lose_key(self, error: ApiError) -> None:
        self.start(self.end(CloseCode.UNAUTHENTICATED, error))

    def _lose_session(self) -> None:
        error = ApiError(ErrorCode.VALIDATION_ERROR, "Another connection has taken over this session")
        self.start(self.end(CloseCode.TAKEN_OVER, error))

    async def _cancel_on_disconnect(self, message: dict[str, Any]) -> None:
        if self._login is None or self._switches is None:
            raise ApiError(ErrorCode.UNAUTHENTICATED, "Log in first")
        self._login.require_trade()
        timeout_ms = _timeout_ms(message, DISCONNECT_TIMEOUT_MS)
        market = await self._market_of(message)
        if timeout_ms:
            await self._switches.turn_on(market, timeout_ms)
        else:
            await self._switches.turn_off(market)
        self.queue.put(messages.cancel_on_disconnect(timeout_ms, market.symbol if market else None))

    async def _cancel_after(self, message: dict[str, Any]) -> None:
        if self._login is None:
            raise ApiError(ErrorCode.UNAUTHENTICATED, "Log in first")
        self._login.require_trade()
        timeout_ms = _timeout_ms(message, (TIMEOUT_MS_MIN, TIMEOUT_MS_MAX))
        market = await self._market_of(message)
        answer = await cancel_after_in_turn(user=self._login.user, timeout_ms=timeout_ms, market=market)
        self.queue.put(messages.cancel_after(answer))

    async def _market_of(self, message: dict[str, Any]) -> Market | None:
        """Return the market of a message's `symbol`; None, which is every market, without one."""
        symbol = message.get("symbol")
        return None if symbol is None else await self.find_market(symbol)

    async def _expect_login(self) -> None:
        await asyncio.sleep(self.login_s)
        if self._login is None:
            await self.end(CloseCode.UNAUTHENTICATED, ApiError(ErrorCode.UNAUTHENTICATED, "Log in first"))

    async def _stay_until(self, token: str, expires_s: float) -> None:
        """Close at the token's expiry, or soon after the session was ended or the user frozen."""
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


def _session_of(message: dict[str, Any]) -> tuple[str, int]:
    """Return the session that a client comes back to, and the number of the last message it has."""
    session, seq = message.get("session", ""), message.get("private_seq", 0)
    if not isinstance(session, str) or not isinstance(seq, int) or isinstance(seq, bool) or seq < 0:
        raise BadMessageError("Give `session` and `private_seq` as they came with the last message, or neither")
    return session, seq


def _timeout_ms(message: dict[str, Any], bounds: tuple[int, int]) -> int:
    timeout_ms = message.get("timeout_ms")
    hint = f"Give `timeout_ms`: 0 to turn it off, or {bounds[0]:,} to {bounds[1]:,}"
    if not isinstance(timeout_ms, int) or isinstance(timeout_ms, bool):
        raise BadMessageError(hint)
    if timeout_ms and not bounds[0] <= timeout_ms <= bounds[1]:
        raise ApiError(ErrorCode.VALIDATION_ERROR, hint)
    return timeout_ms
