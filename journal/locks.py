"""Which accounts a batch locks: all that it may take from, or that must get back something before it ends.

A batch locks once, at its start. What it frees on other accounts is owed to them (`journal.owed_holds`).
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from journal.open_orders import OpenOrders
from journal.terms import MarketTerms
from matching.engine import Instructions, SelfTradePrevention, Side
from matching.messages import (
    AmendRequest,
    CancelAfterRequest,
    CancelAllRequest,
    CancelRequest,
    GroupOrder,
    GroupRequest,
    MaintenanceRequest,
    PlaceRequest,
    Request,
)
from settlement.holds import Key

_BUY: Final = Side.BUY.value
_Assets = tuple[str, ...]


def accounts_to_lock(
    requests: Sequence[Request], ready_brackets: Iterable[int], open_orders: OpenOrders, terms: MarketTerms
) -> set[Key]:
    """Return the accounts of a batch as (user id, asset)."""
    keys: set[Key] = set()
    for request in requests:
        assets = _ASSETS[type(request)](request, open_orders, terms)
        for asset in assets:
            keys.add((request.user_id, asset))  # type: ignore[union-attr]  # without a user there are no assets
    for entry_id in ready_brackets:
        keys.update((order.user_id, order.hold_asset(terms)) for order in open_orders.exits_of(entry_id))
    return keys


def _of_side(side: int, terms: MarketTerms) -> _Assets:
    return (terms.quote,) if side == _BUY else (terms.base,)


def _both(_: Any, __: OpenOrders, terms: MarketTerms) -> _Assets:
    return terms.base, terms.quote


def _none(_: Any, __: OpenOrders, ___: MarketTerms) -> _Assets:
    return ()


def _of_place(request: PlaceRequest, _: OpenOrders, terms: MarketTerms) -> _Assets:
    if request.instructions is None:
        return _of_side(request.side, terms)
    mode = Instructions.of(request.instructions).self_trade_prevention
    # It takes lots off the account's open orders on the other side, which give back their part of the hold at once.
    decrements = mode == SelfTradePrevention.DECREMENT
    return (terms.base, terms.quote) if decrements else _of_side(request.side, terms)


def _of_group(request: GroupRequest, _: OpenOrders, terms: MarketTerms) -> _Assets:
    return _of_side(GroupOrder._make(request.orders[0]).side, terms)


def _of_cancel(request: CancelRequest, open_orders: OpenOrders, terms: MarketTerms) -> _Assets:
    order = open_orders.by_id.get(int.from_bytes(request.order_id))
    return (terms.base, terms.quote) if order is None else (order.hold_asset(terms),)


_ASSETS: Final[dict[type[Request], Callable[[Any, OpenOrders, MarketTerms], _Assets]]] = {
    PlaceRequest: _of_place,
    GroupRequest: _of_group,
    AmendRequest: _both,
    CancelRequest: _of_cancel,
    CancelAllRequest: _both,
    CancelAfterRequest: _none,
    MaintenanceRequest: _none,
}
