"""A client that polls while several markets trade ends with exactly all of its orders, trades and ledger entries."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

from django.db import connections
from django.db.models import Q
from rest_framework.test import APIClient
from trade_engine_client import Changes

from base.errors import ApiError
from exchange.models import Market, User
from orders.models import Order, Trade
from orders.services import order_cancel
from settlement.models import LedgerEntry
from settlement.services import ledger_deposit_several, settle_pending
from tests.engines import running_engine
from tests.fixtures import FUNDS, make_market
from tests.integration.following.asking import entries_of, orders_of, trades_of
from tests.orders import buy, sell

ROUNDS = 60


def test_polling_while_markets_trade_at_once_ends_with_everything_once(
    market: Market, maker: User, taker: User, client_for: Callable[[User], APIClient]
) -> None:
    markets = [market, make_market(), make_market()]
    for user in (maker, taker):
        for other in markets[1:]:
            amounts = dict.fromkeys((other.base_id, other.quote_id), FUNDS)
            ledger_deposit_several(owner=user, amounts=amounts, reason="Funds of a test")
    client = client_for(taker)
    lists = [orders_of(client, limit="20"), trades_of(client, limit="20"), entries_of(client)]

    with running_engine(*markets), settling(markets), ThreadPoolExecutor(6) as pool:
        work = [pool.submit(trade, where, maker, taker, number) for number in (1, 2) for where in markets]
        orders, trades, entries = poll(lists, until=lambda: all(each.done() for each in work))
        for each in work:
            each.result()
    while any(settle_pending(market_id=each.pk).claimed for each in markets):
        pass
    for rows, followed in zip((orders, trades, entries), lists, strict=True):
        rows.extend(followed)

    stored_trades = Trade.objects.filter(Q(buyer=taker) | Q(seller=taker)).values_list("pk", flat=True)
    assert sorted(trade["id"] for trade in trades) == sorted(map(str, stored_trades))
    stored_entries = LedgerEntry.objects.filter(account__owner=taker).order_by("pk").values_list("pk", flat=True)
    assert [entry["id"] for entry in entries] == list(stored_entries)
    assert len(orders) == len({(order["id"], order["seq"]) for order in orders})
    last = {order["id"]: (order["seq"], order["status"], order["filled_quantity"]) for order in orders}
    assert last == stored_orders(taker)
    assert min(len(last), len(trades)) >= 2 * ROUNDS, "the test must have something to miss"


def trade(market: Market, maker: User, taker: User, number: int) -> None:
    """Place, fill and cancel; both users rest and take in turns. Who meets their own order is rejected."""
    rng = random.Random(f"{market.symbol} {number}")
    try:
        for turn in range(ROUNDS // 2):
            first, second = (maker, taker) if turn % 2 else (taker, maker)
            with suppress(ApiError):
                resting = sell(first, market, f"0.{rng.randint(10, 99)}", "100").order
                buy(second, market, f"0.{rng.randint(10, 99)}", "100")
                if rng.random() < 0.3:
                    order_cancel(user=first, order_id=resting.pk)
    finally:
        connections.close_all()


def poll(lists: list[Changes], until: Callable[[], bool]) -> list[list[dict[str, Any]]]:
    found: list[list[dict[str, Any]]] = [[] for _ in lists]
    is_over = False
    while not is_over:
        is_over = until()
        for rows, followed in zip(found, lists, strict=True):
            rows.extend(followed)
        time.sleep(0.01)
    return found


@contextmanager
def settling(markets: list[Market]) -> Iterator[None]:
    """Settle all markets at once, as several workers do, until the block ends."""
    is_over = threading.Event()

    def settle(market: Market) -> None:
        while not is_over.is_set():
            settle_pending(market_id=market.pk, limit=7)
        connections.close_all()

    threads = [threading.Thread(target=settle, args=[market]) for market in markets]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        is_over.set()
        for thread in threads:
            thread.join()


def stored_orders(user: User) -> dict[str, tuple[int, str, str]]:
    fields = ("pk", "seq", "status", "filled_quantity")
    return {
        str(pk): (seq, status, f"{filled:.3f}")
        for pk, seq, status, filled in Order.objects.filter(user=user).values_list(*fields)
    }
