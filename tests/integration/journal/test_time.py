"""What the clock does: expiry, dead man's switches; and holds that are owed to accounts a batch had not locked."""

from decimal import Decimal
from typing import Any

import psycopg
import pytest

from exchange.models import Market, User
from exchange.streams import BALANCES_GROUP
from journal.owed_holds import OwedHolds
from matching.messages import MaintenanceRequest, ReplyStatus
from orders.models import CancelAfter, Order, OrderStatus, OwedHold
from tests.desk import BUY, SELL, Desk, available, held, open_desk
from tests.fixtures import FUNDS

FEE = Decimal("1.001")


def test_an_order_expires_and_its_hold_comes_back(desk: Desk, market: Market, taker: User) -> None:
    order = desk.place(taker, BUY, 1_000, 9_500, expire_ms=desk.now_ms() + 1_000).order
    desk.pass_time(999)
    assert desk.stored(order.id).status == OrderStatus.OPEN
    desk.pass_time(1)
    expired = desk.stored(order.id)
    assert (expired.status, expired.reason, expired.held) == (OrderStatus.EXPIRED, "", 0)
    assert held(taker, market.quote_id) == 0
    assert not OwedHold.objects.exists()


def test_nobody_trades_with_an_order_whose_time_is_over(desk: Desk, market: Market, maker: User, taker: User) -> None:
    order = desk.place(maker, SELL, 1_000, 10_000, expire_ms=desk.now_ms() + 1_000).order
    desk.restart()
    desk._now_ms += 1_000
    reply = desk.place(taker, BUY, 1_000, 10_000)
    assert reply.order.status == "open" and not reply.trades
    assert desk.stored(order.id).status == OrderStatus.EXPIRED


def test_an_order_that_is_late_already_is_rejected(desk: Desk, market: Market, taker: User) -> None:
    reply = desk.place(taker, BUY, 1_000, 9_500, expire_ms=desk.now_ms())
    assert (reply.status, reply.code) == (ReplyStatus.EXECUTED, "ALREADY_EXPIRED")


def test_an_expired_entry_arms_its_bracket(desk: Desk, market: Market, maker: User, taker: User) -> None:
    bracket = desk.bracket(taker, BUY, 1_000, 9_900, take_profit=10_500, stop=9_500, expire_ms=desk.now_ms() + 1_000)
    reply = desk.send(bracket)[0]
    desk.place(maker, SELL, 300, 9_900)
    desk.pass_time(1_000)
    assert desk.stored(reply.order.id).status == OrderStatus.EXPIRED
    desk.settle()
    exits = [desk.stored(order.id) for order in reply.others]
    assert [(order.status, order.quantity) for order in exits] == [
        ("open", Decimal("0.3")),
        ("pending", Decimal("0.3")),
    ]
    assert held(taker, market.base_id) == Decimal("0.3")


def test_cancel_all_cancels_every_order_of_one_user(desk: Desk, market: Market, maker: User, taker: User) -> None:
    desk.place(taker, BUY, 1_000, 9_500)
    desk.send(desk.oco(taker, SELL, 1_000, 10_500, 9_500))
    desk.send(desk.bracket(taker, BUY, 1_000, 9_900, take_profit=10_500, stop=9_500))
    other = desk.place(maker, BUY, 1_000, 9_500).order
    reply = desk.cancel_all(taker)
    assert (reply.status, reply.details) == (ReplyStatus.EXECUTED, {"cancelled": 6, "left": 0})
    assert held(taker, market.base_id) == held(taker, market.quote_id) == 0
    assert desk.stored(other.id).status == OrderStatus.OPEN
    assert desk.cancel_all(taker).details == {"cancelled": 0, "left": 0}


def test_a_dead_mans_switch_cancels_unless_it_is_renewed(desk: Desk, market: Market, maker: User, taker: User) -> None:
    order = desk.place(taker, BUY, 1_000, 9_500).order
    first = desk.cancel_after(taker, 2_000)
    assert first.details == {"due_ms": desk.now_ms() + 2_000}
    desk.cancel_after(maker, 1_000)
    desk.pass_time(1_500)
    desk.cancel_after(taker, 2_000)
    desk.restart()
    desk.pass_time(1_500)
    assert desk.stored(order.id).status == OrderStatus.OPEN
    desk.pass_time(500)
    assert (desk.stored(order.id).status, desk.stored(order.id).reason) == (OrderStatus.CANCELLED, "CANCEL_AFTER")
    assert held(taker, market.quote_id) == 0
    assert not CancelAfter.objects.filter(market=market).exists()


def test_a_dead_mans_switch_can_be_turned_off(desk: Desk, market: Market, taker: User) -> None:
    order = desk.place(taker, BUY, 1_000, 9_500).order
    desk.cancel_after(taker, 1_000)
    assert CancelAfter.objects.filter(market=market, user=taker).exists()
    assert desk.cancel_after(taker, 0).details == {"due_ms": 0}
    desk.pass_time(10_000)
    assert desk.stored(order.id).status == OrderStatus.OPEN


# --- what is owed -----------------------------------------------------------------------------------------


def test_a_hold_of_an_account_that_is_not_locked_is_back_before_the_answer(
    desk: Desk, market: Market, taker: User
) -> None:
    desk.place(taker, BUY, 1_000, 9_500, expire_ms=desk.now_ms() + 1_000)
    desk._now_ms += 1_000
    outcome = desk.processor.process([MaintenanceRequest()])
    assert held(taker, market.quote_id) == 0
    balances = [
        row for group, message in outcome.publications if group == BALANCES_GROUP for row in message["balances"]
    ]
    assert [(user_id, asset, Decimal(free), Decimal(held)) for user_id, asset, free, held in balances] == [
        (taker.pk.bytes, market.quote_id, FUNDS, 0)
    ]


def test_a_release_that_fails_is_made_up_for_with_the_next_batch(
    desk: Desk, market: Market, taker: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = desk.place(taker, BUY, 1_000, 9_500, expire_ms=desk.now_ms() + 1_000).order
    desk._now_ms += 1_000
    with monkeypatch.context() as patch:
        patch.setattr(OwedHolds, "release", _fail)
        desk.processor.process([MaintenanceRequest()])
    assert (desk.stored(order.id).status, desk.stored(order.id).held) == (OrderStatus.EXPIRED, 95 * FEE)
    assert held(taker, market.quote_id) == 95 * FEE
    assert OwedHold.objects.filter(order_id=desk.stored(order.id).pk).exists()

    assert desk.tend_if_needed()
    assert held(taker, market.quote_id) == 0 and available(taker, market.quote_id) == FUNDS
    assert not desk.tend_if_needed()


def test_a_crash_between_commit_and_release_loses_nothing(
    market: Market, taker: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_desk(market) as desk:
        order = desk.place(taker, SELL, 1_000, 10_500, expire_ms=desk.now_ms() + 1_000).order
        desk._now_ms += 1_000
        with monkeypatch.context() as patch:
            patch.setattr(OwedHolds, "release", _fail)
            desk.processor.process([MaintenanceRequest()])
    assert held(taker, market.base_id) == 1
    with open_desk(market) as desk:
        assert held(taker, market.base_id) == 0
        assert desk.stored(order.id).held == 0
        desk.check()
    assert not OwedHold.objects.exists()


def test_what_another_engine_has_given_back_is_not_given_back_again(
    desk: Desk, market: Market, taker: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = desk.place(taker, BUY, 1_000, 9_500, expire_ms=desk.now_ms() + 1_000).order
    desk._now_ms += 1_000
    with monkeypatch.context() as patch:
        patch.setattr(OwedHolds, "release", _fail)
        desk.processor.process([MaintenanceRequest()])
    Order.objects.filter(pk=desk.stored(order.id).pk).update(held=0)
    desk.processor.process([MaintenanceRequest()])
    assert held(taker, market.quote_id) == 95 * FEE  # the transaction was undone as a whole
    Order.objects.filter(pk=desk.stored(order.id).pk).update(held=95 * FEE)
    desk.tend()
    assert held(taker, market.quote_id) == 0


def test_an_account_that_is_locked_anyway_is_released_with_the_batch(
    desk: Desk, market: Market, taker: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.place(taker, BUY, 1_000, 9_500, expire_ms=desk.now_ms() + 1_000)
    desk._now_ms += 1_000
    monkeypatch.setattr(OwedHolds, "release", _fail)
    desk.place(taker, BUY, 1_000, 9_400)
    assert held(taker, market.quote_id) == 94 * FEE
    assert not OwedHold.objects.exists()


def _fail(*_: Any) -> None:
    raise psycopg.OperationalError("injected: the connection is gone")
