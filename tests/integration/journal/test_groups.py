"""OCO and brackets: held once, linked for good, and exits that work as soon as the entry is settled."""

from decimal import Decimal

import pytest

from exchange.models import Market, User
from matching.engine import SelfTradePrevention, TimeInForce
from matching.messages import ReplyStatus
from orders.models import Order, OrderStatus, Trade
from settlement.models import FailedSettlement
from tests.desk import BUY, SELL, Desk, available, held
from tests.fixtures import FUNDS
from tests.integration.settlement.adjusting import Eyes, give_back

FEE = Decimal("1.001")


def statuses(desk: Desk, *order_ids: bytes) -> list[str]:
    return [desk.stored(order_id).status for order_id in order_ids]


def test_an_oco_to_sell_holds_its_quantity_once(desk: Desk, market: Market, taker: User) -> None:
    reply = desk.send(request := desk.oco(taker, SELL, 1_000, 10_500, 9_500))[0]

    stop = reply.others[0]
    assert reply.order.id == request.order_id and reply.order.status == "open" and stop.status == "pending"
    assert held(taker, market.base_id) == 1
    assert (desk.stored(reply.order.id).held, desk.stored(stop.id).held) == (1, 0)
    assert desk.stored(stop.id).group_id == desk.stored(reply.order.id).group_id == desk.stored(reply.order.id).pk
    assert [desk.stored(order.id).group_role for order in (reply.order, stop)] == ["oco_limit", "oco_stop"]


def test_an_oco_to_buy_holds_for_the_more_expensive_order(desk: Desk, market: Market, taker: User) -> None:
    desk.send(desk.oco(taker, BUY, 1_000, 9_500, 10_500))
    assert held(taker, market.quote_id) == Decimal("115.50") * FEE


def test_when_the_limit_order_trades_the_stop_ends_and_the_rest_holds_for_itself(
    desk: Desk, market: Market, maker: User, taker: User
) -> None:
    reply = desk.send(desk.oco(taker, BUY, 1_000, 9_500, 10_500))[0]
    desk.place(maker, SELL, 400, 9_500)

    limit, stop = desk.stored(reply.order.id), desk.stored(reply.others[0].id)
    assert (limit.status, limit.held) == (OrderStatus.PARTIALLY_FILLED, 57 * FEE)
    assert (stop.status, stop.reason, stop.held) == (OrderStatus.CANCELLED, "LINKED", 0)
    desk.settle()
    assert held(taker, market.quote_id) == 57 * FEE
    assert available(taker, market.quote_id) == FUNDS - 95 * FEE


def test_when_the_stop_triggers_the_limit_order_ends_and_its_hold_goes_over(
    desk: Desk, market: Market, maker: User, taker: User, outsider: User
) -> None:
    reply = desk.send(desk.oco(taker, SELL, 1_000, 10_500, 9_500, 9_400))[0]
    desk.place(maker, BUY, 1, 9_500)
    desk.place(outsider, SELL, 1, 9_500)

    limit, stop = desk.stored(reply.order.id), desk.stored(reply.others[0].id)
    assert (limit.status, limit.reason, limit.held) == (OrderStatus.CANCELLED, "LINKED", 0)
    assert (stop.status, stop.held, stop.price) == (OrderStatus.OPEN, 1, 94)
    desk.restart()
    assert desk.cancel(taker, reply.others[0].id).status is ReplyStatus.EXECUTED
    assert held(taker, market.base_id) == 0


@pytest.mark.parametrize("leg", [0, 1])
def test_cancelling_one_order_of_an_oco_cancels_both(desk: Desk, market: Market, taker: User, leg: int) -> None:
    reply = desk.send(desk.oco(taker, BUY, 1_000, 9_500, 10_500))[0]
    ids = [reply.order.id, reply.others[0].id]
    cancelled = desk.cancel(taker, ids[leg])
    assert (cancelled.order.id, cancelled.order.status, cancelled.order.reason) == (ids[leg], "cancelled", "")
    assert desk.stored(ids[1 - leg]).reason == "LINKED"
    assert held(taker, market.quote_id) == 0


def test_a_refused_group_is_stored_with_its_reason_and_holds_nothing(desk: Desk, market: Market, taker: User) -> None:
    reply = desk.send(desk.oco(taker, SELL, 1_000, 10_500, 10_100))[0]  # the stop is above the market
    assert (reply.status, reply.code) == (ReplyStatus.EXECUTED, "STOP_WOULD_TRIGGER")
    for order in (reply.order, *reply.others):
        assert (desk.stored(order.id).status, desk.stored(order.id).held) == (OrderStatus.REJECTED, 0)
        assert desk.stored(order.id).reason == "STOP_WOULD_TRIGGER"
    assert held(taker, market.base_id) == 0


def test_a_group_is_denied_for_want_of_funds_as_a_whole(desk: Desk, market: Market, taker: User) -> None:
    reply = desk.send(desk.oco(taker, SELL, 10**10, 10_500, 9_500))[0]
    assert (reply.status, reply.code) == (ReplyStatus.DENIED, "INSUFFICIENT_BALANCE")
    assert not Order.objects.filter(user_id=taker.pk).exists()


def test_a_group_delivered_twice_is_placed_once(desk: Desk, market: Market, taker: User) -> None:
    request = desk.oco(taker, SELL, 1_000, 10_500, 9_500)
    named = desk.bracket(taker, BUY, 100, 9_900, take_profit=10_500, stop=9_500)._replace(client_order_id="mine")
    desk.send(request, named)
    again = desk.send(request, desk.oco(taker, SELL, 1, 10_500, 9_500)._replace(client_order_id="mine"))
    assert [reply.status for reply in again] == [ReplyStatus.REPLAYED] * 2
    assert [reply.details["order_id"] for reply in again] == [request.order_id, named.order_id]
    desk.restart()
    assert desk.send(request)[0].status is ReplyStatus.REPLAYED
    assert Order.objects.filter(user_id=taker.pk).count() == 5
    assert desk.stored(named.order_id).client_order_id == "mine"


def test_a_decremented_oco_still_holds_for_its_stop(desk: Desk, market: Market, maker: User, taker: User) -> None:
    reply = desk.send(desk.oco(taker, SELL, 1_000, 10_500, 9_500))[0]
    desk.place(taker, BUY, 300, 10_500, stp=SelfTradePrevention.DECREMENT)
    limit = desk.stored(reply.order.id)
    assert (limit.quantity, limit.held) == (Decimal("0.7"), 1)
    desk.place(maker, BUY, 700, 10_500)
    assert statuses(desk, reply.order.id, reply.others[0].id) == ["filled", "cancelled"]
    desk.settle()
    assert held(taker, market.base_id) == 0


# --- brackets ---------------------------------------------------------------------------------------------


def test_a_bracket_lives_from_entry_to_profit(desk: Desk, market: Market, maker: User, taker: User) -> None:
    reply = desk.send(desk.bracket(taker, BUY, 1_000, 10_000, take_profit=10_500, stop=9_500))[0]
    take_profit, stop_loss = reply.others
    assert held(taker, market.quote_id) == 100 * FEE and held(taker, market.base_id) == 0
    assert statuses(desk, reply.order.id, take_profit.id, stop_loss.id) == ["open", "pending", "pending"]

    desk.place(maker, SELL, 1_000, 10_000)
    assert statuses(desk, reply.order.id, take_profit.id, stop_loss.id) == ["filled", "pending", "pending"]
    assert not desk.tend_if_needed()  # not settled yet
    desk.settle()
    assert statuses(desk, take_profit.id, stop_loss.id) == ["open", "pending"]
    assert held(taker, market.base_id) == 1 == desk.stored(take_profit.id).held
    assert desk.stored(stop_loss.id).price == Decimal("85.50")

    desk.restart()
    desk.place(maker, BUY, 1_000, 10_500)
    desk.settle()
    assert statuses(desk, take_profit.id, stop_loss.id) == ["filled", "cancelled"]
    assert held(taker, market.base_id) == held(taker, market.quote_id) == 0
    assert available(taker, market.quote_id) == FUNDS - 100 * FEE + 105 * Decimal("0.999")


def test_an_entry_that_sells_has_exits_that_buy(
    desk: Desk, market: Market, maker: User, taker: User, outsider: User
) -> None:
    desk.place(maker, BUY, 600, 10_000)
    bracket = desk.bracket(taker, SELL, 1_000, 0, take_profit=9_500, stop=10_500)
    reply = desk.send(bracket)[0]
    take_profit, stop_loss = reply.others
    assert (reply.order.status, reply.order.reason) == ("cancelled", "MARKET_REMAINDER")
    assert [trade.quantity_lots for trade in reply.trades] == [600]
    assert desk.stored(stop_loss.id).quantity == Decimal("0.6")  # what was filled
    desk.settle()
    assert held(taker, market.quote_id) == Decimal("0.6") * Decimal("115.50") * FEE

    desk.place(maker, SELL, 1_000, 10_550)
    desk.send(desk.order(maker, SELL, 1, 10_500), desk.order(outsider, BUY, 1, 10_500))
    assert statuses(desk, take_profit.id, stop_loss.id) == ["cancelled", "filled"]
    desk.settle()
    assert held(taker, market.quote_id) == 0


def test_exits_without_funds_are_cancelled(desk: Desk, market: Market, maker: User, taker: User) -> None:
    desk.place(maker, BUY, 1_000, 10_000)
    reply = desk.send(desk.bracket(taker, SELL, 1_000, 0, take_profit=9_500, stop=10_500))[0]
    everything = int(FUNDS / 95 / FEE * 1_000)
    desk.place(taker, BUY, everything, 9_500)
    desk.settle()
    exits = [desk.stored(order.id) for order in reply.others]
    assert [(order.status, order.reason, order.held) for order in exits] == [("cancelled", "NO_FUNDS", 0)] * 2


def test_an_entry_that_ends_without_a_fill_takes_its_exits_along(desk: Desk, market: Market, taker: User) -> None:
    reply = desk.send(desk.bracket(taker, BUY, 1_000, 9_900, take_profit=10_500, stop=9_500))[0]
    desk.cancel(taker, reply.order.id)
    assert [desk.stored(order.id).reason for order in reply.others] == ["LINKED"] * 2
    assert held(taker, market.quote_id) == 0


def test_an_entry_goes_on_alone_when_its_exits_are_cancelled(
    desk: Desk, market: Market, maker: User, taker: User
) -> None:
    reply = desk.send(desk.bracket(taker, BUY, 1_000, 9_900, take_profit=10_500, stop=9_500))[0]
    desk.cancel(taker, reply.others[1].id)
    assert statuses(desk, reply.order.id, *(order.id for order in reply.others)) == ["open", "cancelled", "cancelled"]
    assert desk.amend(taker, reply.order.id, price=9_950).status is ReplyStatus.EXECUTED
    desk.place(maker, SELL, 1_000, 9_950)
    assert list(desk.engine.armed_brackets()) == []


def test_a_settlement_that_failed_leaves_the_exits_waiting(
    desk: Desk, market: Market, maker: User, taker: User
) -> None:
    desk.place(maker, SELL, 1_000, 10_000)
    reply = desk.send(
        desk.bracket(taker, BUY, 1_000, 10_000, take_profit=10_500, stop=9_500, time_in_force=TimeInForce.FOK)
    )[0]
    Trade.objects.filter(market_id=market.pk).update(settlement_status="failed")
    assert not desk.tend_if_needed()
    assert statuses(desk, *(order.id for order in reply.others)) == ["pending", "pending"]
    Trade.objects.filter(market_id=market.pk).update(settlement_status="pending")
    desk.settle()
    assert statuses(desk, *(order.id for order in reply.others)) == ["open", "pending"]


def test_a_trade_that_staff_gave_back_leaves_the_exits_to_their_owner(
    desk: Desk, market: Market, maker: User, taker: User
) -> None:
    """They must not sell other coins of the owner for those that were given back."""
    desk.place(maker, SELL, 1_000, 10_000)
    reply = desk.send(
        desk.bracket(taker, BUY, 1_000, 10_000, take_profit=10_500, stop=9_500, time_in_force=TimeInForce.FOK)
    )[0]
    trade = Trade.objects.get(market_id=market.pk)
    Trade.objects.filter(id=trade.id).update(settlement_status="failed")
    failure = FailedSettlement.objects.create(trade_id=trade.id, market=market, state="dead", code="UNKNOWN", error="")
    eyes = Eyes.open()
    proposal = eyes.propose(give_back(trade), failure=failure)

    eyes.approve(proposal)

    desk.check()
    assert not desk.tend_if_needed()
    assert statuses(desk, *(order.id for order in reply.others)) == ["pending", "pending"]
    desk.cancel_all(taker)
    assert statuses(desk, *(order.id for order in reply.others)) == ["cancelled", "cancelled"]


def test_a_stop_loss_that_is_late_sells_at_once(
    desk: Desk, market: Market, maker: User, taker: User, outsider: User
) -> None:
    desk.place(maker, SELL, 1_000, 10_000)
    reply = desk.send(desk.bracket(taker, BUY, 1_000, 10_000, take_profit=10_500, stop=9_500))[0]
    desk.send(desk.order(maker, BUY, 1, 9_400), desk.order(outsider, SELL, 1, 9_400))
    desk.place(maker, BUY, 400, 9_300)
    desk.settle()
    take_profit, stop_loss = (desk.stored(order.id) for order in reply.others)
    assert (take_profit.status, take_profit.reason) == ("cancelled", "LINKED")
    assert (stop_loss.status, stop_loss.reason) == ("cancelled", "MARKET_REMAINDER")
    assert stop_loss.filled_quantity == Decimal("0.4")
    desk.settle()
    assert held(taker, market.base_id) == 0


def test_a_new_band_and_a_settled_entry_at_once_hold_for_the_new_band(
    desk: Desk, market: Market, maker: User, taker: User
) -> None:
    desk.place(maker, BUY, 1_000, 10_000)
    desk.send(desk.bracket(taker, SELL, 1_000, 0, take_profit=9_500, stop=10_500))
    Market.objects.filter(pk=market.pk).update(price_band_ppm=200_000)
    desk.settle()
    assert desk.tend_if_needed() and not desk.tend_if_needed()
    assert held(taker, market.quote_id) == 126 * FEE
