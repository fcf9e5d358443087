"""Client order ids: which of a batch are new, and whose order the others belong to."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from psycopg import Cursor

from base.sql import array_literal, quoted
from matching.messages import GroupRequest, PlaceRequest, Request
from orders.rejections import Limits

_INSERT = """
INSERT INTO orders_clientorderid (user_id, client_order_id, order_id, payload_digest)
SELECT user_id, client_order_id, order_id, decode(digest, 'hex')
FROM unnest(%s::uuid[], %s::text[], %s::uuid[], %s::text[]) AS wanted (user_id, client_order_id, order_id, digest)
ON CONFLICT DO NOTHING RETURNING uuid_send(user_id), client_order_id
"""
_SELECT = """
SELECT uuid_send(c.user_id), c.client_order_id, uuid_send(c.order_id), c.payload_digest
FROM orders_clientorderid c
JOIN unnest(%s::uuid[], %s::text[]) AS wanted (user_id, client_order_id) USING (user_id, client_order_id)
"""
_DELETE = """
DELETE FROM orders_clientorderid c USING unnest(%s::uuid[], %s::text[]) AS gone (user_id, client_order_id)
WHERE c.user_id = gone.user_id AND c.client_order_id = gone.client_order_id
"""
_NOTE = """
UPDATE orders_clientorderid c SET rejected_under = v.rejected_under
FROM unnest(%s::uuid[], %s::text[], %s::jsonb[]) AS v (user_id, client_order_id, rejected_under)
WHERE c.user_id = v.user_id AND c.client_order_id = v.client_order_id
"""
_Key = tuple[bytes, str]
_NewOrders = PlaceRequest | GroupRequest


class ClientIdClaims:
    """The claims of one batch. An id is inserted first; the insert waits for a concurrent one of another market.

    `_owners` maps a key to the order that has it: stored before, or admitted in this batch. What was inserted
    here for an order that was denied is removed again before the commit.
    """

    def __init__(self) -> None:
        self._owners: dict[_Key, tuple[bytes, bytes]] = {}
        self._unused: set[_Key] = set()

    @classmethod
    def claim(cls, cursor: Cursor[Any], requests: Sequence[Request]) -> "ClientIdClaims":
        """Insert the batch's ids, sorted, and look up those that exist. At most two queries, none without ids."""
        claims = cls()
        wanted: dict[_Key, _NewOrders] = {}
        for request in requests:
            if isinstance(request, _NewOrders) and request.client_order_id is not None:
                wanted.setdefault((request.user_id, request.client_order_id), request)
        if wanted:
            claims._insert(cursor, dict(sorted(wanted.items())))
        return claims

    def _insert(self, cursor: Cursor[Any], wanted: dict[_Key, _NewOrders]) -> None:
        orders = array_literal(request.order_id.hex() for request in wanted.values())
        digests = array_literal(quoted(request.payload_digest.hex()) for request in wanted.values())
        cursor.execute(_INSERT, [*_columns(wanted), orders, digests])
        self._unused = set(cursor.fetchall())
        known = [key for key in wanted if key not in self._unused]
        if known:
            cursor.execute(_SELECT, _columns(known))
            for user_id, client_id, order_id, digest in cursor.fetchall():
                self._owners[user_id, client_id] = (order_id, digest)

    def first_order(self, request: _NewOrders) -> tuple[bytes, bool] | None:
        """Return the order that owns the request's client id and whether the payload differs; None when free."""
        owner = self._owners.get(_key(request))
        return None if owner is None else (owner[0], owner[1] != request.payload_digest)

    def use(self, request: _NewOrders) -> None:
        """Give the request's client id to its order for good."""
        key = _key(request)
        self._unused.discard(key)
        self._owners[key] = (request.order_id, request.payload_digest)

    def drop_unused(self, cursor: Cursor[Any]) -> None:
        """Remove the claims of orders that were denied."""
        if self._unused:
            cursor.execute(_DELETE, _columns(self._unused))


def note_rejections(cursor: Cursor[Any], rejections: Mapping[_Key, Limits]) -> None:
    """Keep under which limits orders were rejected, beside their client order ids."""
    if rejections:
        limits = array_literal(quoted(json.dumps(each)) for each in rejections.values())
        cursor.execute(_NOTE, [*_columns(rejections), limits])


def _key(request: _NewOrders) -> _Key:
    assert request.client_order_id is not None, "Invariant: the request has a client order id"
    return request.user_id, request.client_order_id


def _columns(keys: Collection[_Key]) -> list[str]:
    users = array_literal(user_id.hex() for user_id, _ in keys)
    return [users, array_literal(quoted(client_id) for _, client_id in keys)]
