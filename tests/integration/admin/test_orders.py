"""What staff see of an order's life and of a user, and cancelling orders of users, by a real engine."""

from uuid import UUID

import pytest
from django.core.management import call_command
from django.test import Client

from exchange.models import Market, User
from exchange.selectors import markets
from orders.models import JournalBatch, Order
from tests.administrator import unguarded
from tests.desk import BUY, SELL, open_desk
from tests.engines import running_engine, wait_until
from tests.integration.admin.scene import ORDERS, USERS, browser_of, messages_of, staff_with
from tests.integration.admin.sent_forms import errors_on
from tests.orders import buy, sell
from tests.trail import acts

RIGHTS = ("orders.view_order", "orders.cancel_order", "exchange.view_user")
NOTE = {"confirmed": "1", "note": "asked by the owner, ticket 12"}


def status_of(order_id: UUID) -> str:
    return Order.objects.values_list("status", flat=True).get(pk=order_id)


def acts_of(user: User) -> list[tuple[str, str]]:
    return list(acts().filter(actor=user).order_by("id").values_list("action", "note"))


def traded_order(market: Market, maker: User, taker: User) -> Order:
    """Let a sell rest, be amended, trade twice and be cancelled."""
    with open_desk(market) as desk:
        resting = desk.place(maker, SELL, 3_000, 10_100).order.id
        desk.place(taker, BUY, 500, 10_000)  # of another order's life
        desk.amend(maker, resting, price=10_050)
        desk.place(taker, BUY, 400, 10_050)
        desk.place(taker, BUY, 600, 10_060)
        desk.settle()
        desk.cancel(maker, resting)
        return desk.stored(resting)


def test_the_whole_life_of_an_order_is_on_one_page(market: Market, maker: User, taker: User, boss: Client) -> None:
    order = traded_order(market, maker, taker)

    response = boss.get(f"{ORDERS}{order.pk}/life/")

    tables = {table.title.partition(" (")[0]: table.rows for table in response.context["object_tables"]}
    assert list(tables) == [
        "The commands it took part in", "What the engine said about it", "What is held for it", "Fills",
        "Ledger entries of these fills", "Balances of the user",
    ]  # fmt: skip
    said = [row[2] for row in tables["What the engine said about it"]]
    assert [word for text in said for word in ("accepted", "amended", "trade", "cancelled") if word in text][:2] == [
        "accepted", "amended",
    ]  # fmt: skip
    assert len(said) == 5
    commands = [row[2].partition(" ")[0] for row in tables["The commands it took part in"]]
    assert commands == ["place", "amend", "place", "place", "cancel"]
    assert [row[3] for row in tables["Fills"]] == ["0.6", "0.4"]
    assert len(tables["Ledger entries of these fills"]) == 10  # five legs each
    assert "state hash" in response.context["remark"]


def test_an_order_s_page_has_its_entries_without_a_replay(
    market: Market, maker: User, taker: User, boss: Client
) -> None:
    order = traded_order(market, maker, taker)

    titles = [table.title for table in boss.get(f"{ORDERS}{order.pk}/change/").context["object_tables"]]

    assert [title.partition(" (")[0] for title in titles] == [
        "What is held for it", "Fills", "Ledger entries of these fills", "Balances of the user",
    ]  # fmt: skip


def test_a_life_whose_journal_is_gone_says_so_and_shows_the_rest(
    market: Market, maker: User, taker: User, boss: Client
) -> None:
    order = traded_order(market, maker, taker)
    with unguarded():
        JournalBatch.objects.filter(market=market).delete()

    response = boss.get(f"{ORDERS}{order.pk}/life/")

    assert "The journal of this order is gone" in response.context["problem"]
    assert [table.title.partition(" ")[0] for table in response.context["object_tables"]][:2] == ["What", "Fills"]


def test_the_command_line_tells_an_order_s_life_too(
    market: Market, maker: User, taker: User, capsys: pytest.CaptureFixture[str]
) -> None:
    order = traded_order(market, maker, taker)

    call_command("explain", str(order.pk))

    told_lines = capsys.readouterr().out.splitlines()
    assert "WHAT THE ENGINE SAID ABOUT IT" in told_lines
    assert sum("maker order" in line for line in told_lines) == 2


def test_staff_cancel_one_order_of_a_user_with_a_note(market: Market, maker: User) -> None:
    clerk = staff_with(*RIGHTS)
    browser = browser_of(clerk)
    with running_engine(market):
        order_id = buy(maker, market, "1", "99").order.pk
        asked = browser.get(f"{ORDERS}{order_id}/cancel/")
        empty = browser.post(f"{ORDERS}{order_id}/cancel/", {"confirmed": "1", "note": ""})
        assert (asked.status_code, empty.status_code, status_of(order_id)) == (200, 200, "open")

        done = browser.post(f"{ORDERS}{order_id}/cancel/", NOTE)
        again = browser.post(f"{ORDERS}{order_id}/cancel/", NOTE)

    assert (status_of(order_id), messages_of(done)) == ("cancelled", [f"Order {order_id} is cancelled"])
    assert "no longer open" in errors_on(again)[""][0] or "cannot be cancelled" in errors_on(again)[""][0]
    assert acts_of(clerk)[0] == ("order.cancel", NOTE["note"])


def test_staff_cancel_all_orders_of_a_user_and_of_nobody_else(market: Market, maker: User, taker: User) -> None:
    clerk = staff_with(*RIGHTS)
    browser, page = browser_of(clerk), f"{USERS}{maker.pk}/cancel-orders/"
    with running_engine(market):
        mine = [buy(maker, market, "1", "99").order.pk, sell(maker, market, "1", "101").order.pk]
        other = buy(taker, market, "1", "98").order.pk
        shown = browser.get(f"{USERS}{maker.pk}/change/").context["object_tables"]

        done = browser.post(page, {**NOTE, "market": str(market.pk)})

        assert [status_of(order_id) for order_id in (*mine, other)] == ["cancelled", "cancelled", "open"]
    assert [len(table.rows) for table in shown if table.title.startswith("Open orders")] == [2]
    assert [len(table.rows) for table in shown if table.title == "Balances"] == [2]
    assert messages_of(done) == [f"2 orders of {maker} cancelled"]
    assert acts_of(clerk) == [("user.cancel_orders", NOTE["note"]), ("user.orders_cancelled", "")]


def test_without_an_engine_staff_are_told_where_nothing_was_cancelled(market: Market, maker: User) -> None:
    clerk = staff_with(*RIGHTS)
    wait_until(lambda: market in markets(), "the market in the list, which may be a second old")

    done = browser_of(clerk).post(f"{USERS}{maker.pk}/cancel-orders/", NOTE)

    assert market.symbol in errors_on(done)[""][0]
    assert acts_of(clerk) == [("user.cancel_orders", NOTE["note"])]
