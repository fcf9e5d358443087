"""The way to the engines: commands leave at once, and all their answers are waited for until one deadline."""

import time
from collections.abc import Sequence
from concurrent.futures import Future

import structlog
from django.conf import settings

from base.errors import ApiError, ErrorCode
from base.ids import uuid7
from base.times import wall_clock_ms
from exchange.models import Market
from matching.errors import EngineUnavailableError, GatewayError, OverloadedError
from matching.messages import ClientRequest, Correlation, Reply
from matching.timing import CALLER_GRACE_MS, seconds
from orders.gateway import gateway
from orders.services.refusals import refusal

__all__ = ["Sent", "await_replies", "correlation", "deadline_ms", "new_order_id", "send"]

Sent = Future[Reply]
new_order_id = uuid7


def correlation() -> Correlation:
    """Return which request a command belongs to; the gateway adds where the answer goes."""
    return Correlation(request_id=structlog.contextvars.get_contextvars().get("request_id", ""))


def deadline_ms() -> int:
    """Return the moment after which a command that is sent now is not executed any more."""
    return wall_clock_ms() + settings.COMMAND_TIMEOUT_MS


def send(market: Market, request: ClientRequest) -> Sent:
    """Send a command to the market's engine; commands sent by one thread keep their order."""
    return gateway().submit(market.slug, request, timeout_s=seconds(settings.COMMAND_TIMEOUT_MS))


def await_replies(sent: Sequence[Sent]) -> list[Reply | ApiError]:
    """Wait for the answers to commands that were sent together; an error stands in the place of its answer."""
    until = time.monotonic() + seconds(settings.COMMAND_TIMEOUT_MS + CALLER_GRACE_MS)
    return [_answer(each, until - time.monotonic()) for each in sent]


def _answer(sent: Sent, timeout_s: float) -> Reply | ApiError:
    try:
        return sent.result(max(timeout_s, 0))
    except EngineUnavailableError:
        return refusal(ErrorCode.ENGINE_UNAVAILABLE)
    except OverloadedError:
        return refusal(ErrorCode.OVERLOADED)
    except (GatewayError, TimeoutError):
        return refusal(ErrorCode.TIMEOUT)
