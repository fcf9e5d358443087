"""Cancelling one order or all of them, at once or unless told otherwise in time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Q

from base.errors import ApiError, ErrorCode, ValidationError
from base.times import moment_of
from exchange.models import Market, User
from exchange.selectors import markets
from matching.messages import CancelAfterRequest, CancelAllRequest, CancelRequest, ClientRequest, Reply
from orders.models import Order
from orders.rows import order_from_row
from orders.selectors import order_for_user
from orders.services import dispatch
from orders.services.refusals import refusal
from settlement.selectors import user_balances

__all__ = [
    "TIMEOUT_MS_MAX",
    "TIMEOUT_MS_MIN",
    "CancelAfter",
    "cancel_after_set",
    "commands_for",
    "order_cancel",
    "orders_cancel_all",
]

TIMEOUT_MS_MIN, TIMEOUT_MS_MAX = 1_000, 86_400_000
ROUNDS_MAX = 1_000  # of asking for the rest; who places orders meanwhile does not keep it going for ever
_ALL_DONE = {"left": 0}


class CancelAfter(NamedTuple):
    """A dead man's switch as it is set now: when it goes off first (None = it is off), and in which markets."""

    timeout_ms: int
    cancel_at: datetime | None
    markets: list[Market]


def order_cancel(*, user: User, order_id: UUID) -> Order:
    """Cancel an open order of the user and wait for the commit.

    Raises ORDER_NOT_FOUND (also for somebody else's), ORDER_NOT_CANCELLABLE when it is not open any more.
    """
    order = order_for_user(user=user, order_id=order_id)
    request = CancelRequest(
        correlation=dispatch.correlation(),
        deadline_ms=dispatch.deadline_ms(),
        order_id=order_id.bytes,
        user_id=user.pk.bytes,
    )
    (answer,) = dispatch.await_replies([dispatch.send(order.market, request)])
    error = _error(answer)
    if error is not None:
        if error.code in (ErrorCode.ORDER_NOT_CANCELLABLE, ErrorCode.TIMEOUT):
            error.details["order_id"] = str(order_id)
        raise error
    assert isinstance(answer, Reply), "Invariant: an answer is an error or a reply"
    return order_from_row(answer.order, order.market)


def orders_cancel_all(*, user: User, market: Market | None = None) -> int:
    """Cancel all open and pending orders of the user in a market, or in all; return how many, once it is committed.

    Without a market those are asked in which the user owns one of the assets: nobody has orders in others. One query.
    Raises ENGINE_UNAVAILABLE, OVERLOADED or TIMEOUT when not all of them answered, after the others have done it:
    `details` has `markets`, the symbols where nothing is known to be cancelled, and `cancelled`, the number elsewhere.
    """
    asked = _markets_of(user) if market is None else [market]
    answers: dict[str, Reply | ApiError] = {}
    cancelled = 0
    for _ in range(ROUNDS_MAX):
        answers |= (answered := _ask(asked, _cancel_all_request(user)))
        done = {symbol: reply.details for symbol, reply in answered.items() if isinstance(reply, Reply)}
        cancelled += sum(details["cancelled"] for details in done.values())
        # One command cancels a bounded number.
        asked = [market for market in asked if done.get(market.symbol, _ALL_DONE)["left"]]
        if not asked:
            break
    _raise_for_the_missing(answers, {"cancelled": cancelled})
    return cancelled


def cancel_after_set(*, user: User, timeout_ms: int, market: Market | None = None) -> CancelAfter:
    """Have all orders of the user cancelled in `timeout_ms` unless this is called again before; 0 turns that off.

    It is about one market, or about every one without `market`, and returns when all have it durably. Raises
    VALIDATION_ERROR when `timeout_ms` is neither 0 nor from TIMEOUT_MS_MIN to TIMEOUT_MS_MAX; ENGINE_UNAVAILABLE,
    OVERLOADED or TIMEOUT when not all markets answered: it is set in the others, and `details.markets` names those in
    which it is not known to be.
    """
    if timeout_ms != 0 and not TIMEOUT_MS_MIN <= timeout_ms <= TIMEOUT_MS_MAX:
        bounds = f"{TIMEOUT_MS_MIN:,} to {TIMEOUT_MS_MAX:,}"
        raise ValidationError({"timeout_ms": [f"Give 0 to turn it off, or {bounds} milliseconds"]})
    asked = markets() if market is None else [market]
    request = CancelAfterRequest(
        correlation=dispatch.correlation(),
        deadline_ms=dispatch.deadline_ms(),
        user_id=user.pk.bytes,
        timeout_ms=timeout_ms,
    )
    answers = _ask(asked, request)
    _raise_for_the_missing(answers, {})
    due_ms = min((reply.details["due_ms"] for reply in answers.values() if isinstance(reply, Reply)), default=0)
    return CancelAfter(timeout_ms, moment_of(due_ms) if due_ms else None, list(asked))


# --- many markets at once -------------------------------------------------------------------------


def commands_for(market: Market | None) -> int:
    """Return to how many engines a command goes that is about one market, or about all of them without one."""
    return 1 if market else len(markets())


def _cancel_all_request(user: User) -> CancelAllRequest:
    return CancelAllRequest(
        correlation=dispatch.correlation(), deadline_ms=dispatch.deadline_ms(), user_id=user.pk.bytes
    )


def _markets_of(user: User) -> list[Market]:
    """Return the markets in which a user may have orders: an order needs one of its assets. One query."""
    owned = user_balances(user_id=user.pk).filter(Q(available__gt=0) | Q(held__gt=0))
    assets = set(owned.values_list("asset_id", flat=True))
    return [market for market in markets() if assets & {market.base_id, market.quote_id}]


def _ask(asked: Sequence[Market], request: ClientRequest) -> dict[str, Reply | ApiError]:
    """Send one request to several markets at once; return the answers by symbol, errors among them."""
    replies = dispatch.await_replies([dispatch.send(market, request) for market in asked])
    answers = zip(asked, replies, strict=True)
    return {market.symbol: _error(answer) or answer for market, answer in answers}


def _error(answer: Reply | ApiError) -> ApiError | None:
    if isinstance(answer, ApiError):
        return answer
    return refusal(ErrorCode(answer.code)) if answer.code else None


def _raise_for_the_missing(answers: dict[str, Reply | ApiError], done: dict[str, Any]) -> None:
    """Raise the worst of the errors, the one that comes last in precedence: it says the least about what was done."""
    errors = {symbol: answer for symbol, answer in answers.items() if isinstance(answer, ApiError)}
    if not errors:
        return
    worst = max((error.code for error in errors.values()), key=list(ErrorCode).index)
    symbols = sorted(errors)
    message = f"{_MISSING[worst]} in {', '.join(symbols[:10])}{', ...' if len(symbols) > 10 else ''}"
    raise ApiError(worst, message, {"markets": symbols, **done})


_MISSING = {
    ErrorCode.OVERLOADED: "Too many commands are waiting; nothing was done",
    ErrorCode.ENGINE_UNAVAILABLE: "No engine is available, so nothing was done",
    ErrorCode.TIMEOUT: "Not confirmed in time",
}
