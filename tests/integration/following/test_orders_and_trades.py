"""Own orders and trades that are followed over all markets: each change once, whatever is late or out of order."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import product
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from exchange.models import Market, User
from journal.batch import PostgresBatch
from orders.models import MarketSequence, Order
from settlement.services import ledger_deposit_several
from tests.desk import BUY, SELL, Desk, open_desk
from tests.fixtures import FUNDS, make_market, make_user
from tests.integration.api.stored import store_trade
from tests.integration.following.asking import ORDERS, TRADES, orders_of, trades_of

Clients = Callable[[User], APIClient]


def fund(user: User, *markets: Market) -> None:
    for market in markets:
        amounts = dict.fromkeys((market.base_id, market.quote_id), FUNDS)
        ledger_deposit_several(owner=user, amounts=amounts, reason="Funds of a test")


@pytest.fixture
def others() -> list[Market]:
    """Two more markets."""
    return [make_market(), make_market()]


@pytest.fixture
def desks(market: Market, others: list[Market], maker: User, taker: User) -> Iterator[list[Desk]]:
    for user in (maker, taker):
        fund(user, *others)
    with open_desk(market) as first, open_desk(others[0]) as second, open_desk(others[1]) as third:
        yield [first, second, third]


def trade_at(desk: Desk, maker: User, taker: User, lots: int = 100) -> None:
    desk.place(maker, SELL, lots, 10_000)
    desk.place(taker, BUY, lots, 10_000)


@contextmanager
def committing_late(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Callable[[], Any]], None]]:
    """Give what has a batch of a desk made, written and not committed until the block ends."""
    is_written, may_commit, commit = threading.Event(), threading.Event(), PostgresBatch.commit
    threads: list[threading.Thread] = []

    def commit_late(batch: PostgresBatch) -> None:
        if batch._terms.market_id == desk.market.pk:
            is_written.set()
            assert may_commit.wait(10)
        commit(batch)

    def begin(work: Callable[[], Any]) -> None:
        threads.append(threading.Thread(target=work))
        threads[0].start()
        assert is_written.wait(10)

    monkeypatch.setattr(PostgresBatch, "commit", commit_late)
    yield begin
    may_commit.set()
    threads[0].join(10)
    monkeypatch.undo()


def test_what_commits_late_comes_after_what_was_made_later(
    desks: list[Desk], maker: User, taker: User, client_for: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    early, late, _ = desks
    late.place(maker, SELL, 100, 10_000)
    client = client_for(taker)
    orders, trades = orders_of(client), trades_of(client)
    assert [*orders, *trades] == []

    with committing_late(late, monkeypatch) as begin:
        request = late.order(taker, BUY, 100, 10_000)
        begin(lambda: late.processor.process([request]))
        early._now_ms += 2_000
        trade_at(early, maker, taker)
        first_orders, first_trades = list(orders), list(trades)
        assert [*orders, *trades] == []
    last_orders, last_trades = list(orders), list(trades)

    assert [each["symbol"] for each in first_orders + first_trades] == [early.market.symbol] * 2
    assert [each["symbol"] for each in last_orders + last_trades] == [late.market.symbol] * 2
    assert last_trades[0]["executed_at"] < first_trades[0]["executed_at"]
    assert [*orders, *trades] == []


def test_an_engine_whose_clock_is_behind_the_one_before_it_hides_nothing(
    desks: list[Desk], maker: User, taker: User, client_for: Clients
) -> None:
    """The clocks of the hosts of an exchange may be a second apart."""
    orders, trades = orders_of(client_for(taker)), trades_of(client_for(taker))
    for desk in desks[:2]:
        trade_at(desk, maker, taker)
    assert (len(list(orders)), len(list(trades))) == (2, 2)

    for later in range(3):
        desks[0]._now_ms -= 300
        trade_at(desks[0], maker, taker, 10 + later)

        assert [order["quantity"] for order in orders] == [f"0.0{10 + later}"]
        assert [trade["quantity"] for trade in trades] == [f"0.0{10 + later}"]


def test_a_market_that_had_long_been_quiet_is_not_missed(
    desks: list[Desk], maker: User, taker: User, client_for: Clients
) -> None:
    for desk in desks:
        trade_at(desk, maker, taker)
    busy, quiet, silent = desks
    trades = trades_of(client_for(taker))
    list(trades)
    for _ in range(4):
        busy.pass_time(8_000)
        trade_at(busy, maker, taker)
        list(trades)

    quiet.pass_time(33_000)
    silent.place(maker, SELL, 10, 10_000)
    trade_at(quiet, maker, taker, 55)
    trade_at(busy, maker, taker, 66)

    assert [(trade["symbol"], trade["quantity"]) for trade in trades] == [
        (busy.market.symbol, "0.066"),
        (quiet.market.symbol, "0.055"),
    ]
    silent.place(taker, BUY, 10, 10_000)
    assert [trade["symbol"] for trade in trades] == [silent.market.symbol]


def test_an_order_comes_again_with_each_change_and_once_if_it_changed_twice(
    desks: list[Desk], maker: User, taker: User, client_for: Clients
) -> None:
    desk, orders = desks[0], orders_of(client_for(maker))

    order = desk.place(maker, SELL, 100, 10_000).order
    assert [(each["status"], each["seq"]) for each in orders] == [("open", order.seq)]
    desk.place(taker, BUY, 30, 10_000)
    desk.place(taker, BUY, 30, 10_000)
    assert [each["filled_quantity"] for each in orders] == ["0.060"]
    desk.amend(maker, order.id, lots=90)
    assert [each["quantity"] for each in orders] == ["0.090"]
    desk.cancel(maker, order.id)
    assert [each["status"] for each in orders] == ["cancelled"]
    assert list(orders) == []


def test_every_order_shows_the_number_of_its_last_event(
    desks: list[Desk], maker: User, taker: User, client_for: Clients
) -> None:
    desk, client = desks[0], client_for(taker)
    trade_at(desk, maker, taker)
    resting = desk.place(taker, BUY, 50, 9_900).order
    desk.restart()
    desk.cancel(taker, resting.id)

    shown = [order["seq"] for order in client.get(ORDERS).json()["data"]]
    followed = [order["seq"] for order in orders_of(client)]

    assert followed == sorted(shown)
    assert resting.seq < followed[-1] <= MarketSequence.objects.get(pk=desk.market.pk).last_seq


def test_small_pages_over_several_markets_have_everything_once(
    desks: list[Desk], maker: User, taker: User, client_for: Clients
) -> None:
    for number in range(4):
        for desk in desks:
            trade_at(desk, maker, taker, 10 + number)
            desk.pass_time(1 + number)
        desks[number % 3].send(desks[number % 3].bracket(taker, BUY, 10, 9_900, take_profit=10_500, stop=9_500))
    client = client_for(taker)

    for limit in ("1", "2", "3", "7"):
        orders, trades = list(orders_of(client, limit=limit)), list(trades_of(client, limit=limit))

        stored = Order.objects.filter(user_id=taker.pk).values_list("pk", flat=True)
        assert sorted(order["id"] for order in orders) == sorted(map(str, stored))
        assert len(trades) == 12 == len({trade["id"] for trade in trades})
        for symbol, rows in product((desk.market.symbol for desk in desks), (orders, trades)):
            seqs = [row["seq"] for row in rows if row["symbol"] == symbol]
            assert seqs == sorted(seqs)


def test_small_pages_miss_nothing_where_a_clock_was_put_back(
    desks: list[Desk], maker: User, taker: User, client_for: Clients
) -> None:
    """As when an engine on a host whose clock is behind takes over, and gives the market back later."""
    slow, steady, _ = desks
    for turn in range(8):
        slow._now_ms -= (300, 200, -400)[turn % 3]
        trade_at(slow, maker, taker, 10 + turn)
        steady._now_ms += 100
        trade_at(steady, maker, taker, 10 + turn)
    client = client_for(taker)

    for limit in ("1", "2", "3"):
        for rows in (list(orders_of(client, limit=limit)), list(trades_of(client, limit=limit))):
            assert len(rows) == 16 == len({row["id"] for row in rows})


def test_orders_of_one_event_are_on_one_page(desks: list[Desk], maker: User, taker: User, client_for: Clients) -> None:
    desk, client = desks[0], client_for(taker)
    desk.place(maker, SELL, 100, 10_000)
    desk.send(desk.bracket(taker, BUY, 100, 10_000, take_profit=10_500, stop=9_500))
    exits = Order.objects.filter(user_id=taker.pk, group_role__in=["take_profit", "stop_loss"])
    Order.objects.filter(pk__in=exits).update(seq=max(exits.values_list("seq", flat=True)))

    followed = list(orders_of(client, limit="1"))

    assert [order["group_role"] for order in followed][1:] == ["take_profit", "stop_loss"]
    assert len(followed) == 3


def test_a_trade_with_oneself_comes_once(market: Market, taker: User, client_for: Clients) -> None:
    made = store_trade(taker, taker, market, 3)
    MarketSequence.objects.create(pk=market.pk, last_seq=5, updated_at=made.executed_at)

    assert [(trade["id"], trade["side"]) for trade in trades_of(client_for(taker))] == [(str(made.pk), "buy")]


def test_now_is_where_nothing_has_been_told_yet(
    desks: list[Desk], maker: User, taker: User, client_for: Clients
) -> None:
    trade_at(desks[0], maker, taker)
    orders, trades = orders_of(client_for(taker), "now"), trades_of(client_for(taker), "now")
    assert [*orders, *trades] == []

    trade_at(desks[1], maker, taker)

    assert [order["symbol"] for order in orders] == [trade["symbol"] for trade in trades] == [desks[1].market.symbol]


def test_one_market_is_followed_alone_and_the_others_go_on_from_there(
    desks: list[Desk], maker: User, taker: User, client_for: Clients
) -> None:
    for desk in desks:
        trade_at(desk, maker, taker)
    client, symbol = client_for(taker), desks[1].market.symbol
    orders, trades = orders_of(client, symbol=symbol), trades_of(client, symbol=symbol)

    assert [row["symbol"] for row in [*orders, *trades]] == [symbol, symbol]
    rest = [*orders_of(client, orders.bookmark), *trades_of(client, trades.bookmark)]
    assert sorted(row["symbol"] for row in rest) == sorted(
        [desk.market.symbol for desk in desks if desk.market.symbol != symbol] * 2
    )


def test_nobody_follows_somebody_else(desks: list[Desk], maker: User, taker: User, client_for: Clients) -> None:
    trade_at(desks[0], maker, taker)
    outsider = client_for(make_user("outsider"))

    assert [*orders_of(outsider), *trades_of(outsider)] == []


def test_asking_costs_the_same_however_much_there_is(
    desks: list[Desk], maker: User, taker: User, client_for: Clients
) -> None:
    for number in range(20):
        trade_at(desks[number % 3], maker, taker)
    client = client_for(taker)
    for path, most in ((f"{ORDERS}?after=start", 3), (f"{TRADES}?mine=true&after=start", 4)):
        client.get(path)
        with CaptureQueriesContext(connection) as queries:
            client.get(path)
        assert len(queries) <= most, [query["sql"][:80] for query in queries]


def test_a_bookmark_that_the_exchange_has_not_reached_is_refused(
    desks: list[Desk], maker: User, taker: User, client_for: Clients
) -> None:
    """As after a restore of an older backup: going on from there would miss everything up to it."""
    trade_at(desks[0], maker, taker)
    client, orders, trades = client_for(taker), orders_of(client_for(taker)), trades_of(client_for(taker))
    assert [*orders, *trades]
    MarketSequence.objects.filter(pk=desks[0].market.pk).update(last_seq=1)

    for answer in (
        client.get(ORDERS, {"after": orders.bookmark}),
        client.get(TRADES, {"after": trades.bookmark, "mine": "true"}),
    ):
        assert answer.status_code == 400
        assert "ahead" in answer.json()["error"]["details"]["after"][0]


@pytest.mark.parametrize(
    ("path", "query", "field"),
    [
        (ORDERS, {"after": "nonsense"}, "after"),
        (ORDERS, {"after": ""}, "after"),
        (ORDERS, {"after": "start", "status": "open"}, "status"),
        (ORDERS, {"after": "start", "from": "2026-01-01"}, "from"),
        (ORDERS, {"after": "start", "offset": "1"}, "offset"),
        (ORDERS, {"after": "start", "side": "buy"}, "side"),
        (TRADES, {"after": "start"}, "after"),
        (TRADES, {"after": "start", "mine": "false"}, "after"),
        (TRADES, {"after": "start", "mine": "true", "to": "2026-01-01"}, "to"),
    ],
)
def test_what_cannot_be_followed_is_named(
    client_for: Clients, taker: User, path: str, query: dict[str, str], field: str
) -> None:
    answer = client_for(taker).get(path, query)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "VALIDATION_ERROR")
    assert list(answer.json()["error"]["details"]) == [field]
