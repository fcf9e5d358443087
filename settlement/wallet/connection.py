"""One call to the wallet service: pooled, bounded in time and number, tried up to three times with the same key.

    WalletUnavailableError      nobody knows whether it was done, unless `was_sent` is False: then it was not
    WalletRefusalError          the wallet said no (settlement.wallet.protocol)

An outcome is transient when another try may end otherwise: no connection, no answer in time, 429, 502, 503, 504.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson
import requests
import structlog
from requests.adapters import HTTPAdapter
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential, wait_random
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from base.breaker import Breaker, BreakerOpenError
from settlement.wallet.metrics import STATES, breaker_state, count_request
from settlement.wallet.protocol import NOT_FOR_US, PREFIX, WalletCode, WalletRefusalError

log = structlog.get_logger(__name__)

ATTEMPTS_MAX = 3
FAILURES_MAX = 5  # in a row, before nothing is asked for a while
FIRST_WAIT_S = 0.1
LONGEST_WAIT_S = 5.0
SLOT_WAIT_S = 0.1
_TRANSIENT_STATUS = frozenset({429, 502, 503, 504})
_CODES = frozenset(WalletCode) - NOT_FOR_US


class WalletUnavailableError(Exception):
    """The wallet gave no answer that could be used. `was_sent` False: it was not asked, so nothing was done."""

    def __init__(self, message: str, *, was_sent: bool, is_transient: bool = False) -> None:
        super().__init__(message)
        self.was_sent = was_sent
        self.is_transient = is_transient


class WalletConnection:
    """Calls one wallet service. Safe to use from many threads; not to be shared with a forked process."""

    def __init__(self, *, url: str, token: str, timeout_s: float, concurrency: int, probe_s: float) -> None:
        self.breaker = Breaker(
            "wallet",
            failures_max=FAILURES_MAX,
            probe_s=probe_s,
            on_change=lambda state: breaker_state.set(STATES[state]),
        )
        breaker_state.set(STATES["closed"])
        self._address = f"{url.rstrip('/')}/{PREFIX}"
        self._timeout_s = timeout_s
        self._slots = threading.BoundedSemaphore(concurrency)
        self._session = requests.Session()
        self._session.trust_env = False  # neither a proxy nor a .netrc stands between an exchange and its wallet
        self._session.headers.update({"Authorization": f"Bearer {token}", "Content-Type": "application/json"})
        pool = HTTPAdapter(pool_connections=1, pool_maxsize=concurrency, max_retries=0)
        self._session.mount("http://", pool)
        self._session.mount("https://", pool)

    def call(self, operation: str, method: str, path: str, body: Any = None) -> Any:
        """Return the `data` of the answer; `operation` is its name in the metrics.

        Raises WalletUnavailableError, at once while the breaker is open or all slots are taken; WalletRefusalError.
        Takes at most ATTEMPTS_MAX times the timeout and the waits between, some 0.5 s.
        """
        payload = None if body is None else orjson.dumps(body)
        sent_before = False
        with self._slot(operation):
            for attempt in Retrying(
                stop=stop_after_attempt(ATTEMPTS_MAX),
                wait=wait_exponential(multiplier=FIRST_WAIT_S, max=LONGEST_WAIT_S) + wait_random(0, FIRST_WAIT_S),
                retry=retry_if_exception(_is_transient),
                reraise=True,
            ):
                with attempt:
                    try:
                        return self._try(operation, method, path, payload)
                    except WalletUnavailableError as error:
                        sent_before = error.was_sent = error.was_sent or sent_before
                        raise
        raise AssertionError("Invariant: the last attempt returns or raises")

    @contextmanager
    def _slot(self, operation: str) -> Iterator[None]:
        if not self._slots.acquire(timeout=SLOT_WAIT_S):
            count_request(operation, "busy")
            raise WalletUnavailableError("too many calls wait for the wallet", was_sent=False)
        try:
            yield
        finally:
            self._slots.release()

    def _try(self, operation: str, method: str, path: str, payload: bytes | None) -> Any:
        started = time.monotonic()
        outcome = "failed"
        refusal: WalletRefusalError | None = None
        try:
            with self.breaker.guard():
                answer = self._answer(method, path, payload)
                if isinstance(answer, WalletRefusalError):
                    refusal = answer
            outcome = "refused" if refusal else "ok"
        except BreakerOpenError as error:
            outcome = "rejected"
            raise WalletUnavailableError(str(error), was_sent=False) from None
        except WalletUnavailableError as error:
            log.warning("wallet_request_failed", operation=operation, error=str(error))
            raise
        finally:
            count_request(operation, outcome, None if outcome == "rejected" else time.monotonic() - started)
        if refusal is not None:
            raise refusal
        return answer

    def _answer(self, method: str, path: str, payload: bytes | None) -> Any:
        """Return data, or a refusal: which is an answer, too."""
        try:
            response = self._session.request(
                method, f"{self._address}/{path}", data=payload, timeout=self._timeout_s, allow_redirects=False
            )
        except requests.RequestException as error:
            was_sent = not isinstance(_reason(error), NewConnectionError | ConnectTimeoutError)
            text = f"{type(error).__name__}: {_reason(error)}"
            raise WalletUnavailableError(text, was_sent=was_sent, is_transient=True) from None
        return _read(response)


def _read(response: requests.Response) -> Any:
    try:
        body = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        body = None
    error = body.get("error") if isinstance(body, dict) else None
    code = error.get("code") if isinstance(error, dict) else None
    if 200 <= response.status_code < 300 and isinstance(body, dict) and body.get("success") is True:
        return body.get("data")
    if 400 <= response.status_code < 500 and isinstance(error, dict) and code in _CODES:
        return WalletRefusalError(WalletCode(code), str(error.get("message")), error.get("details") or {})
    is_transient = response.status_code in _TRANSIENT_STATUS
    was_sent = response.status_code not in (401, 403, 404)  # refused at the door
    text = f"the wallet answered {response.status_code} {code or ''}".strip()
    raise WalletUnavailableError(text, was_sent=was_sent, is_transient=is_transient)


def _reason(error: requests.RequestException) -> BaseException:
    """Return what lies below a library's wrappers."""
    inner = error.args[0] if error.args else error
    reason = getattr(inner, "reason", inner)
    return reason if isinstance(reason, BaseException) else error


def _is_transient(error: BaseException) -> bool:
    return isinstance(error, WalletUnavailableError) and error.is_transient
