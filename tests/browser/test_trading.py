"""A person's way over the trading page, in real browsers against a whole exchange."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from tests.browser.trading_page import TradingPage
from tests.browser.visitors import OUTAGES, REFUSALS, Visitor
from tests.launcher.copies import kill_program
from tests.launcher.running import RunningExchange, eventually

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser"), pytest.mark.usefixtures("quoted")]

Visitors = Callable[..., Visitor]


def test_two_people_trade_and_see_it(visitors: Visitors) -> None:
    maker = TradingPage(visitors()).log_in("outsider")
    taker = TradingPage(visitors(theme="light")).log_in("taker")

    maker.place(side="sell", type="limit", price="65003.00", quantity="0.2")
    maker.expect_notice("Sell 0.20000 BTC at 65,003.00 USDT: in the book")
    expect(maker.account.get_by_role("row", name=re.compile("65,003.00"))).to_be_visible()
    expect(taker.level("65,003.00")).to_contain_text("0.20000")
    assert maker.balance("BTC")[1] == "0.20000000"

    before = taker.balance("BTC")[0]
    taker.level("65,003.00").click()
    expect(taker.form.locator("[name=price]")).to_have_value("65003.00")
    taker.place(side="buy", quantity="0.2")
    taker.expect_notice("Bought 0.20000 BTC at 65,003.00")
    maker.expect_notice("Sold 0.20000 BTC at 65,003.00")

    for page in (maker, taker):
        expect(page.page.locator(".trades .trade").first).to_contain_text("65,003.00")
        expect(page.page.locator(".summary .last")).to_have_text("65,003.00")
        expect(page.show("My trades").get_by_role("row", name=re.compile("65,003.00")).first).to_be_visible()
    expect(taker.level("65,003.00")).to_have_count(0)
    eventually(lambda: taker.balance("BTC")[0] != before, "the bought money")
    eventually(lambda: maker.balance("BTC")[1] == "0.00000000", "the end of the hold")
    maker.visitor.shot("two-people-dark")
    taker.visitor.shot("two-people-light")


IN_AN_HOUR = (datetime.now() + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M")  # noqa: DTZ005 - as a person types it
BOOK = "BTC at {}.00 USDT: in the book"
TYPES: list[tuple[dict[str, Any], str]] = [
    (
        {"type": "limit", "price": "64000", "quantity": "0.01", "time_in_force": "gtd", "expire_at": IN_AN_HOUR},
        BOOK.format("64,000"),
    ),
    (
        {"type": "limit", "price": "64001", "quantity": "0.01", "time_in_force": "gtc", "post_only": True},
        BOOK.format("64,001"),
    ),
    (
        {"type": "limit", "price": "64002", "quantity": "1", "post_only": False, "display_quantity": "0.1"},
        BOOK.format("64,002"),
    ),
    ({"type": "limit", "price": "65600", "quantity": "0.01", "time_in_force": "ioc"}, "Bought 0.01000 BTC at"),
    ({"type": "limit", "price": "65600", "quantity": "0.02", "time_in_force": "fok"}, "Bought 0.02000 BTC at"),
    ({"type": "market", "quantity": "0.03"}, "Bought 0.03000 BTC at"),
    ({"type": "stop", "stop_price": "66000", "quantity": "0.01"}, "BTC at market: waits for 66,000.00 USDT"),
    (
        {"type": "stop_limit", "stop_price": "66001", "price": "66100", "quantity": "0.01"},
        "BTC at 66,100.00 USDT: waits for 66,001.00 USDT",
    ),
    ({"type": "take_profit", "stop_price": "64000", "quantity": "0.01"}, "BTC at market: waits for 64,000.00 USDT"),
    (
        {"type": "take_profit_limit", "stop_price": "64001", "price": "64010", "quantity": "0.01"},
        "BTC at 64,010.00 USDT: waits for 64,001.00 USDT",
    ),
    ({"type": "trailing_stop", "trailing_percent": "1.5", "quantity": "0.01"}, "trails the market by 1.5 %"),
    ({"type": "oco", "price": "64003", "stop_price": "66002", "quantity": "0.01"}, BOOK.format("64,003")),
    (
        {
            "type": "bracket",
            "price": "64004",
            "take_profit__price": "66000",
            "stop_loss__stop_price": "63000",
            "quantity": "0.01",
        },
        BOOK.format("64,004"),
    ),
]


def test_every_type_of_order_can_be_placed_and_cancelled(visitor: Visitor) -> None:
    page = TradingPage(visitor).log_in("taker")
    for fields, told in TYPES:
        page.place(**fields)
        page.expect_notice(told)
    page.write(type="market", side="buy")
    page.form.get_by_label("Size of the order in").select_option("quote_quantity")
    page.place(quote_quantity="1000")
    page.expect_notice("BTC for 999.")

    orders = page.show("Open orders")
    expect(page.account.get_by_role("tab", name="Open orders (13)")).to_be_visible()
    page.visitor.shot("every-type")
    orders.get_by_role("button", name="Cancel all").click()
    orders.get_by_role("button", name="Cancel 13").click()
    page.expect_notice("All open orders are cancelled")
    expect(page.account.get_by_text("No open orders")).to_be_visible()
    expect(page.show("Order history").get_by_role("row", name=re.compile("Trailing stop"))).to_contain_text("Cancelled")


def test_an_order_is_amended_where_it_stands_and_cancelled(visitor: Visitor) -> None:
    page = TradingPage(visitor).log_in("outsider")
    visitor.forgive(REFUSALS)
    page.place(side="buy", price="64100", quantity="0.02")
    orders = page.show("Open orders")
    orders.get_by_role("button", name="Amend buy 0.02000 BTC/USDT at 64,100.00").click()
    price = orders.get_by_label("New price")
    expect(price).to_be_focused()
    price.fill("64100.001")
    price.press("Enter")
    expect(orders.get_by_role("alert")).to_contain_text("TICK_SIZE")
    price.fill("64101")
    orders.get_by_label("New amount").fill("0.03")
    orders.get_by_role("button", name="Save").click()
    row = orders.get_by_role("row", name=re.compile("64,101.00"))
    expect(row).to_contain_text("0.03000")
    row.get_by_role("button", name="Cancel").click()
    expect(row).to_have_count(0)


def test_a_trigger_is_amended_and_both_orders_of_an_oco_get_one_amount(visitor: Visitor) -> None:
    page = TradingPage(visitor).log_in("outsider")
    page.place(type="oco", side="buy", price="64003", stop_price="66002", quantity="0.01")
    orders = page.show("Open orders")
    limit, stop = (orders.get_by_role("row", name=re.compile(role)) for role in ("OCO: limit", "OCO: stop"))
    stop.get_by_role("button", name=re.compile("Amend")).click()
    orders.get_by_label("New stop price").fill("66003")
    orders.get_by_label("New amount").fill("0.02")
    orders.get_by_role("button", name="Save").click()
    expect(stop).to_contain_text("66,003.00")
    expect(limit).to_contain_text("0.02000")
    limit.get_by_role("button", name=re.compile("Cancel")).click()
    expect(stop).to_have_count(0)


def test_errors_are_said_at_the_field_that_has_them(visitor: Visitor) -> None:
    page = TradingPage(visitor).log_in("outsider")
    visitor.forgive(REFUSALS)
    page.place(side="buy", price="65000.001", quantity="")
    expect(page.error_at("price")).to_have_text("In steps of 0.01")
    expect(page.error_at("quantity")).to_have_text("This is needed")
    expect(page.form.locator("[name=price]")).to_be_focused()
    expect(page.form.locator("[name=price]")).to_have_attribute("aria-invalid", "true")
    page.place(price="20000", quantity="0.01")
    expect(page.error_at("price")).to_contain_text("too far from the market")
    page.place(price="65500", post_only=True)
    expect(page.error_at("price")).to_contain_text("would trade at once")
    page.visitor.shot("errors")
    page.form.get_by_role("button", name="100 %").click()
    expect(page.form.locator(".preview")).to_contain_text("USDT")


def test_a_lost_answer_is_asked_for_and_nothing_is_sent_twice(exchange: RunningExchange, visitor: Visitor) -> None:
    page = TradingPage(visitor).log_in("outsider")
    visitor.forgive("net::ERR_FAILED")
    sent: list[str] = []

    def lose_the_answer(route: Route) -> None:
        if route.request.method != "POST":
            route.fallback()
            return
        answer = route.fetch()
        sent.append(answer.json()["data"]["order"]["id"])
        route.abort("failed")

    page.page.route("**/api/v1/orders", lose_the_answer)
    page.place(side="buy", price="64200", quantity="0.01")
    page.expect_notice("Buy 0.01000 BTC at 64,200.00 USDT: in the book")
    expect(page.page.get_by_text("No answer came")).to_have_count(0)
    assert len(sent) == 1
    expect(page.account.get_by_role("row", name=re.compile("64,200.00"))).to_have_count(1)


def test_a_page_that_is_left_while_it_sends_an_order_says_afterwards_what_became_of_it(visitor: Visitor) -> None:
    page = TradingPage(visitor).log_in("outsider")

    def keep_the_answer(route: Route) -> None:
        if route.request.method == "POST":
            route.fetch()
        else:
            route.fallback()

    page.page.route("**/api/v1/orders", keep_the_answer)
    page.place(side="buy", price="64150", quantity="0.01")
    expect(page.account.get_by_role("row", name=re.compile("64,150.00"))).to_have_count(1)
    page.page.reload()
    page.expect_notice("Buy 0.01000 BTC at 64,150.00 USDT: in the book")


def test_the_page_comes_back_by_itself_after_web_and_engine_died(exchange: RunningExchange, visitor: Visitor) -> None:
    page = TradingPage(visitor).log_in("outsider")
    visitor.forgive(OUTAGES)
    kill_program("daphne", exchange.environment)
    kill_program("engine", exchange.environment)
    page.expect_state("Reconnecting")
    visitor.shot("reconnecting")
    page.expect_state("Recovered", "Live", timeout_s=60)
    visitor.shot("recovered")
    placed = eventually(
        lambda: (answer := exchange.place("maker", side="sell", price="65004.00", quantity="0.3"))[0] == 201 and answer,
        "an order after the restart",
        60,
    )
    expect(page.level("65,004.00")).to_contain_text("0.30000")
    page.place(side="buy", type="limit", price="65004", quantity="0.3")
    page.expect_notice("Bought 0.30000 BTC at 65,004.00")
    assert placed[1]["data"]["order"]["status"] == "open"
    expect(page.page.locator(".trades .trade").first).to_contain_text("65,004.00")
