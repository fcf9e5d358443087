"""What travels between a gateway and the engine of a market, over the channel layers.

A message to `engine.<slug>` is `{"type": "engine.commands", "reply_to": channel, "requests": [...]}`; the engine
answers with `{"type": "engine.replies", "to": channel, "replies": [...]}` on the pub/sub layer. Requests and replies
are lists in the order of the fields below, so the order of the fields is part of the protocol between processes of one
release.
"""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum
from typing import Any, Final, NamedTuple

from base.seals import Seal


class RequestKind(IntEnum):
    PLACE = 1
    CANCEL = 2
    MAINTAIN = 3
    AMEND = 4
    CANCEL_ALL = 5
    CANCEL_AFTER = 6
    GROUP = 7


class Correlation(NamedTuple):
    """Where the answer to a command goes, and the request that it came with.

    `reply_to` is the gateway's channel, which the message has once for all its requests, and `number` the gateway's own
    number for the command. `request_id` is for logs only; empty for commands without a request.
    """

    reply_to: str = ""
    number: int = 0
    request_id: str = ""


NOBODY = Correlation()
BOARD_SEAL: Final = Seal(b"board")
REQUEST_IDS_MAX = 20  # in a line of the log


class PlaceRequest(NamedTuple):
    """Place an order. Ids are 16 bytes; `budget_units` is in units of the quote asset, 0 unless a buy by budget."""

    correlation: Correlation
    deadline_ms: int
    order_id: bytes
    user_id: bytes
    side: int
    type: int
    time_in_force: int
    post_only: bool
    price_ticks: int
    quantity_lots: int
    budget_units: int
    client_order_id: str | None
    payload_digest: bytes
    instructions: Sequence[int] | None = None  # the fields of engine.Instructions; None = none


class GroupRequest(NamedTuple):
    """Place an OCO or a bracket: the fields of PlaceRequest from `order_id` on but the last three, for each order.

    The client order id, if any, is the first order's, whose id is also the group's.
    """

    correlation: Correlation
    deadline_ms: int
    order_id: bytes
    user_id: bytes
    kind: int
    orders: Sequence[Sequence[Any]]  # GroupOrder
    client_order_id: str | None
    payload_digest: bytes


class GroupOrder(NamedTuple):
    """One order of a group."""

    order_id: bytes
    side: int
    type: int
    time_in_force: int
    price_ticks: int
    quantity_lots: int
    instructions: Sequence[int] | None = None


class AmendRequest(NamedTuple):
    """Amend an open order; 0 leaves price, total quantity or stop price as it is."""

    correlation: Correlation
    deadline_ms: int
    order_id: bytes
    user_id: bytes
    price_ticks: int
    quantity_lots: int
    stop_price_ticks: int = 0


class CancelAllRequest(NamedTuple):
    """Cancel every open order of a user in this market; the reply's details have their number as `cancelled`."""

    correlation: Correlation
    deadline_ms: int
    user_id: bytes


class CancelAfterRequest(NamedTuple):
    """Set or, with 0, turn off the user's dead man's switch in this market; details have `due_ms`."""

    correlation: Correlation
    deadline_ms: int
    user_id: bytes
    timeout_ms: int


class CancelRequest(NamedTuple):
    correlation: Correlation
    deadline_ms: int
    order_id: bytes
    user_id: bytes


class MaintenanceRequest(NamedTuple):
    """Bring the engine in step with the clock, the stored market and settlement: something is due or changed."""

    correlation: Correlation = NOBODY
    deadline_ms: int = 1 << 62


ClientRequest = PlaceRequest | GroupRequest | AmendRequest | CancelRequest | CancelAllRequest | CancelAfterRequest
Request = ClientRequest | MaintenanceRequest

_KINDS: dict[type[Request], RequestKind] = {
    PlaceRequest: RequestKind.PLACE,
    CancelRequest: RequestKind.CANCEL,
    MaintenanceRequest: RequestKind.MAINTAIN,
    AmendRequest: RequestKind.AMEND,
    CancelAllRequest: RequestKind.CANCEL_ALL,
    CancelAfterRequest: RequestKind.CANCEL_AFTER,
    GroupRequest: RequestKind.GROUP,
}
# How many of the fields after the deadline are ids.
_IDS: dict[type[Request], int] = {
    PlaceRequest: 2,
    GroupRequest: 2,
    AmendRequest: 2,
    CancelRequest: 2,
    CancelAllRequest: 1,
    CancelAfterRequest: 1,
    MaintenanceRequest: 0,
}
_TYPES: dict[int, type[Request]] = {kind.value: request_type for request_type, kind in _KINDS.items()}


def pack_request(request: Request) -> list[Any]:
    _, number, request_id = request[0]
    return [_KINDS[type(request)].value, number, request_id, *request[1:]]


def unpack_request(fields: Sequence[Any], reply_to: str) -> Request:
    """Raises LookupError, TypeError or ValueError for what no gateway of this release sends.

    Checks what the way to the engine relies on, number, deadline and ids; the rest is checked when it is executed.
    """
    kind, number, request_id = _TYPES[fields[0]], fields[1], fields[2]
    request = kind._make([Correlation(reply_to, number, request_id), *fields[3:]])
    if type(number) is not int or type(request.deadline_ms) is not int:
        raise ValueError("number and deadline are whole numbers")
    if type(request_id) is not str:
        raise ValueError("the request's id is text")
    for part in request[2 : 2 + _IDS[kind]]:
        if type(part) is not bytes or len(part) != 16:
            raise ValueError("ids are 16 bytes")
    return request


class ReplyStatus(IntEnum):
    """How a request ended. Only EXECUTED changed anything."""

    EXECUTED = 1  # the order and its trades are committed
    REPLAYED = 2  # the order id or client order id was known: details name the first order
    DENIED = 3  # refused before the engine saw it: code and details say why; nothing is stored
    NOT_EXECUTED = 4  # the engine could not; nothing is stored and nothing will be


class Reply(NamedTuple):
    """The answer to a request; `order`, `trades` and `others` are rows of `orders.rows`, opaque to this app.

    `trades` are those of `order`; `others` are the other orders of its group.
    """

    correlation: Correlation
    status: ReplyStatus
    code: str = ""
    details: Mapping[str, Any] = {}
    order: Any = None
    trades: Sequence[Any] = ()
    others: Sequence[Any] = ()


def not_executed(correlation: Correlation, code: str = "ENGINE_UNAVAILABLE") -> Reply:
    """Return the reply to a request of which nothing is stored and nothing will be."""
    return Reply(correlation, ReplyStatus.NOT_EXECUTED, code)


def pack_reply(reply: Reply) -> list[Any]:
    return [reply.correlation.number, *reply[1:]]


def unpack_reply(fields: Sequence[Any]) -> Reply:
    number, status, *rest = fields
    return Reply(Correlation(number=number), ReplyStatus(status), *rest)


def request_ids(requests: Iterable[Request]) -> list[str]:
    """Return the ids of the requests that these commands came with, each once, at most REQUEST_IDS_MAX."""
    ids = dict.fromkeys(request.correlation.request_id for request in requests)
    return list(itertools.islice(filter(None, ids), REQUEST_IDS_MAX))


def engine_channel(slug: str) -> str:
    """Return the channel on which a market's engine takes commands."""
    return f"engine.{slug}"


def heartbeat_key(slug: str) -> str:
    """Return the Valkey key that exists while a market's engine takes commands."""
    return f"te:engine:{slug}"


def board_keys(slug: str) -> tuple[str, str]:
    """Return the Valkey keys of a market's board and of the stamp without which it does not count."""
    return f"te:board:{slug}", f"te:board:{slug}:stamp"
