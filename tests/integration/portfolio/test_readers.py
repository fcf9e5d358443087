"""Two who read the same portfolio while trades commit: each answer is that of the trades up to its bookmark."""

import random
import threading
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from django.db import connections
from rest_framework.test import APIClient
from trade_engine_client import positions_of

from base.errors import ApiError
from exchange.models import Market, User
from orders.bookmarks import BEGINNING, bookmark_of
from portfolio import services
from settlement.services import ledger_deposit_several
from tests.engines import running_engine
from tests.fixtures import FUNDS, make_market
from tests.integration.following.asking import trades_of
from tests.integration.following.test_under_load import settling
from tests.integration.portfolio.reading import counted_by_client, portfolio_of, positions_in
from tests.orders import buy, sell

ROUNDS = 40


def test_two_readers_count_each_trade_once_while_markets_trade(
    market: Market, maker: User, taker: User, client_for: Callable[[User], APIClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "STEP_TRADES", 10)
    monkeypatch.setattr(services, "PATIENCE_S", 60.0)
    monkeypatch.setattr("base.throttling.throttles.PORTFOLIOS_PER_SECOND", 1_000)
    markets = [market, make_market()]
    for user in (maker, taker):
        amounts = dict.fromkeys((markets[1].base_id, markets[1].quote_id), FUNDS)
        ledger_deposit_several(owner=user, amounts=amounts, reason="Funds of a test")
    is_over = threading.Event()

    with running_engine(*markets), settling(markets), ThreadPoolExecutor(6) as pool:
        readers = [pool.submit(read, client_for(taker), is_over) for _ in range(2)]
        traders = [pool.submit(trade, where, maker, taker, number) for where in markets for number in (1, 2)]
        for trader in traders:
            trader.result()
        is_over.set()
        answers = [answer for reader in readers for answer in reader.result()]

    trades = list(trades_of(client_for(taker)))
    assert len({answer["bookmark"] for answer in answers}) > 10, "the readers must have met trades that commit"
    for answer in answers:
        assert positions_in(answer) == positions_up_to(answer["bookmark"], trades, markets)
    assert positions_in(portfolio_of(client_for(taker))) == counted_by_client(client_for(taker))
    assert len(trades) >= ROUNDS


def read(client: APIClient, is_over: threading.Event) -> list[dict[str, Any]]:
    answers = []
    try:
        while not is_over.is_set():
            answers.append(portfolio_of(client))
    finally:
        connections.close_all()
    return answers


def trade(market: Market, maker: User, taker: User, number: int) -> None:
    rng = random.Random(f"{market.symbol} {number}")
    try:
        for turn in range(ROUNDS // 2):
            first, second = (maker, taker) if turn % 2 else (taker, maker)
            with suppress(ApiError):
                sell(first, market, f"0.{rng.randint(10, 99)}", f"{rng.randint(98, 102)}")
                buy(second, market, f"0.{rng.randint(10, 99)}", "102")
    finally:
        connections.close_all()


def positions_up_to(bookmark: str, trades: list[dict[str, Any]], markets: list[Market]) -> dict[str, Any]:
    places, ids = bookmark_of(bookmark), {market.symbol: market.pk for market in markets}
    read_up_to = defaultdict(lambda: BEGINNING, places)
    return positions_of(each for each in trades if each["seq"] <= read_up_to[ids[each["symbol"]]].seq)
