"""Positions follow from the trades: each counts once, in its order, however late it commits and whoever reads."""

import os
import random
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from exchange.models import User
from matching.messages import CancelAllRequest
from portfolio import services
from portfolio.models import Portfolio, Position
from portfolio.services import portfolio_count
from tests.desk import BUY, CORRELATION, SELL, Desk
from tests.integration.portfolio.reading import (
    assert_profit_is_the_sum_over_trades,
    counted_by_client,
    portfolio_of,
    positions_in,
)

Clients = Callable[[User], APIClient]
SEED = int(os.environ["TEST_SEED"])


def trade_at_random(rng: random.Random, desk: Desk, users: list[User]) -> None:
    """Let one user rest and another one take, so that each is maker and taker, buyer and seller."""
    first, second = rng.sample(users, 2)
    side, price = rng.choice([BUY, SELL]), desk.market.scale.price_ticks(Decimal(rng.randint(990, 1_010)) / 10)
    deadline_ms = desk.now_ms() + 3_000
    desk.send(
        desk.order(first, side, rng.randint(100, 900), price),
        desk.order(second, BUY + SELL - side, rng.randint(100, 900), price),
        *(CancelAllRequest(CORRELATION, deadline_ms, user.pk.bytes) for user in users),
    )


def test_random_trades_of_both_sides_come_out_as_the_sum_over_them(
    desks: list[Desk], maker: User, taker: User, client_for: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "STEP_TRADES", 5)
    monkeypatch.setattr(services, "PATIENCE_S", 60.0)
    rng = random.Random(SEED)
    clients = {user: client_for(user) for user in (maker, taker)}
    for turn in range(30):
        trade_at_random(rng, rng.choice(desks), [maker, taker])
        if turn % 8 == 0:
            portfolio_of(clients[maker])
        if turn == 15:
            for desk in desks:
                desk.settle()

    for user, client in clients.items():
        told = portfolio_of(client)
        assert told["is_complete"]
        assert {each["symbol"] for each in told["positions"]} == {desk.market.symbol for desk in desks}
        assert positions_in(told) == counted_by_client(client)
        assert_profit_is_the_sum_over_trades(told, user)
        assert portfolio_of(client) == told


def test_what_one_request_does_not_count_the_next_ones_do(
    desks: list[Desk], maker: User, taker: User, client_for: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "STEP_TRADES", 4)
    monkeypatch.setattr(services, "PATIENCE_S", 0.0)
    rng, client = random.Random(SEED), client_for(taker)
    for _ in range(9):
        trade_at_random(rng, rng.choice(desks), [maker, taker])

    answers = [portfolio_of(client) for _ in range(4)]

    assert [answer["is_complete"] for answer in answers] == [False, False, True, True]
    assert [sum(each["trade_count"] for each in answer["positions"]) for answer in answers] == [4, 8, 9, 9]
    assert positions_in(answers[-1]) == counted_by_client(client)


def test_counting_costs_the_same_however_many_trades_were_counted(desk: Desk, maker: User, taker: User) -> None:
    rng = random.Random(SEED)
    trade_at_random(rng, desk, [maker, taker])
    portfolio_count(user=taker)
    with CaptureQueriesContext(connection) as few:
        portfolio_count(user=taker)
    for _ in range(10):
        trade_at_random(rng, desk, [maker, taker])
    portfolio_count(user=taker)

    with CaptureQueriesContext(connection) as many:
        portfolio_count(user=taker)

    assert len(many) == len(few) <= 7  # with BEGIN and COMMIT


def test_a_step_that_fails_leaves_nothing_behind(
    desk: Desk, maker: User, taker: User, client_for: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_for(taker)
    trade_at_random(random.Random(SEED), desk, [maker, taker])

    with monkeypatch.context() as patch:
        patch.setattr(Portfolio, "save", lambda portfolio: 1 / 0)
        assert client.get("/api/v1/portfolio").status_code == 500

    assert not Position.objects.filter(portfolio__user=taker).exists()
    assert positions_in(portfolio_of(client)) == counted_by_client(client)


def test_staff_can_have_trades_counted(
    desk: Desk, maker: User, taker: User, capsys: pytest.CaptureFixture[str]
) -> None:
    trade_at_random(random.Random(SEED), desk, [maker, taker])

    call_command("count_positions", maker.username, taker.username)

    assert "2 users, 2 positions" in capsys.readouterr().out
    with pytest.raises(CommandError, match="no such user: nobody-of-us"):
        call_command("count_positions", maker.username, "nobody-of-us")
    counted = Position.objects.filter(portfolio__user__in=[maker, taker]).values_list("trade_count", flat=True)
    assert list(counted) == [1, 1]
