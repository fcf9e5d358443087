"""Numbers, notices and errors of the order form, as a person meets them."""

import re
from collections.abc import Callable
from decimal import Decimal

import pytest
from playwright.sync_api import expect

from tests.browser.trading_page import TradingPage
from tests.browser.visitors import REFUSALS, Visitor
from tests.launcher.running import RunningExchange, eventually

pytestmark = [
    pytest.mark.browser,
    pytest.mark.long,
    pytest.mark.xdist_group("browser"),
    pytest.mark.usefixtures("quoted"),
]

Visitors = Callable[..., Visitor]
# Whatever lies over something that one works with.
COVERED = """() => {
    const hits = ({ left, top, right, bottom }, other) =>
        left < other.right && other.left < right && top < other.bottom && other.top < bottom;
    const list = document.querySelector(".notices").getBoundingClientRect(); // it scrolls
    const notices = [...document.querySelectorAll(".notice")].map((one) => {
        const { left, top, right, bottom } = one.getBoundingClientRect();
        return { left, right, top: Math.max(top, list.top), bottom: Math.min(bottom, list.bottom) };
    });
    return [...document.querySelectorAll("section, nav, header, footer")]
        .filter((one) => notices.some((notice) => hits(notice, one.getBoundingClientRect())))
        .map((one) => one.className);
}"""
ON_TOP = """(one) => {
    const { left, top, width, height } = one.getBoundingClientRect();
    return one.contains(document.elementFromPoint(left + width / 2, top + height / 2));
}"""


def test_ten_thousand_typed_with_a_comma_is_ten_thousand(visitor: Visitor) -> None:
    page = TradingPage(visitor).log_in("outsider")
    page.write(type="market", side="buy")
    page.form.get_by_label("Size of the order in").select_option("quote_quantity")
    page.write(quote_quantity="10,000")
    expect(page.understood("quote_quantity")).to_have_text("= 10,000.00 USDT")
    page.place()
    page.expect_notice("BTC for 9,999.")

    page.write(quote_quantity="1,5")
    expect(page.understood("quote_quantity")).to_have_text("not clear")
    page.place()
    expect(page.error_at("quote_quantity")).to_contain_text("a comma separates thousands, a point the decimals")
    visitor.shot("comma-refused")


def test_an_order_is_amended_with_numbers_as_the_page_writes_them(visitor: Visitor) -> None:
    page = TradingPage(visitor).log_in("outsider")
    page.place(side="buy", price="64,300.00", quantity="0.02")
    page.expect_notice("Buy 0.02000 BTC at 64,300.00 USDT: in the book")
    orders = page.show("Open orders")
    orders.get_by_role("button", name="Amend buy 0.02000 BTC/USDT at 64,300.00").click()
    price = orders.get_by_label("New price")
    price.fill("64,3")
    price.press("Enter")
    expect(orders.get_by_role("alert")).to_contain_text("A number such as 10,000.5")
    price.fill("64,301.5")
    expect(orders.locator(".field-error")).to_be_empty()
    expect(orders.get_by_text("= 64,301.50 USDT")).to_be_visible()
    price.press("Enter")
    row = orders.get_by_role("row", name=re.compile("64,301.50"))
    row.get_by_role("button", name="Cancel").click()
    expect(row).to_have_count(0)


def test_a_market_order_that_is_cut_short_says_so_and_is_not_green(exchange: RunningExchange, visitor: Visitor) -> None:
    assert exchange.place("maker", symbol="LTC/USDT", side="sell", price="85.00", quantity="0.5")[0] == 201
    page = TradingPage(visitor, "/trade/LTC-USDT").log_in("outsider")
    page.place(side="buy", type="market", quantity="2")
    dialog = page.page.get_by_role("dialog", name="Send this order?")
    expect(dialog.get_by_role("alert")).to_contain_text("will not be filled")
    dialog.get_by_role("button", name="Buy LTC").click()
    notice = page.page.locator(".notice")
    expect(notice).to_contain_text(
        re.compile(
            r"Bought 0\.50* of 2\.0* LTC at 85\.00 USDT; the rest, 1\.50* LTC, was cancelled: the book has no more"
        )
    )
    expect(notice).to_have_class("notice part")
    expect(notice).to_have_count(1)


def test_an_order_has_one_notice_that_follows_it(exchange: RunningExchange, visitor: Visitor) -> None:
    page = TradingPage(visitor, "/trade/LTC-USDT").log_in("outsider")
    page.place(side="buy", type="limit", price="84.00", quantity="1")
    notice = page.page.locator(".notice")
    expect(notice).to_contain_text("in the book")
    for quantity, told in (("0.25", "the rest is in the book"), ("0.75", "Bought 1")):
        status, answer = exchange.place("taker", symbol="LTC/USDT", side="sell", price="84.00", quantity=quantity)
        assert status == 201, answer
        expect(notice).to_contain_text(told)
        expect(notice).to_have_count(1)
    expect(notice).to_have_class("notice done")


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_notices_cover_nothing_on_a_desk(visitors: Visitors, theme: str) -> None:
    visitor = visitors(width=1440, height=900, theme=theme)
    page = TradingPage(visitor).log_in("outsider")
    for count, price in enumerate(("64010", "64011", "64012"), 1):
        page.place(side="buy", type="limit", price=price, quantity="0.01")
        expect(page.page.locator(".notice")).to_have_count(count)
    assert page.page.evaluate(COVERED) == []
    expect(page.page.locator(".trades .trade").first).to_be_in_viewport()
    visitor.shot(f"notices-1440-{theme}")
    cancel_all(page)


def test_on_a_phone_what_is_used_is_not_covered_by_a_notice(visitors: Visitors) -> None:
    visitor = visitors(width=375, height=667)
    page = TradingPage(visitor).log_in("outsider")
    page.place(side="buy", type="limit", price="64020", quantity="0.02")
    expect(page.page.locator(".notice")).to_be_in_viewport(ratio=1)
    assert page.page.evaluate(COVERED) == []
    visitor.shot("notice-phone-form")
    page.expect_notice("in the book")
    orders = page.show("Open orders")
    orders.get_by_role("button", name="Amend buy 0.02000").click()
    save = orders.get_by_role("button", name="Save")
    page.page.evaluate("(one) => scrollBy(0, one.getBoundingClientRect().top - 8)", save.element_handle())
    save.focus()
    page.page.evaluate("import('/static/trading/notices.js').then(({ tell }) => tell('Something is said'))")
    expect(page.page.locator(".notice")).to_be_visible()
    assert save.evaluate(ON_TOP)
    visitor.shot("notice-phone")
    orders.get_by_role("button", name="Back").click()
    cancel_all(page)


def test_all_of_a_balance_is_accepted_and_leaves_less_than_a_lot(visitor: Visitor) -> None:
    page = TradingPage(visitor)
    page.form.get_by_role("button", name="Try with a demo account").click()
    page.expect_notice("Your demo account is")
    page.write(type="limit", side="buy", price="60,000")
    page.form.get_by_role("button", name="100 %").click()
    page.place()
    page.expect_notice("BTC at 60,000.00 USDT: in the book")
    eventually(lambda: amount(page.balance("USDT")[1]) > 0, "the hold")
    assert amount(page.balance("USDT")[0]) < Decimal("0.00001") * 60_000 * 2
    cancel_all(page)
    eventually(lambda: amount(page.balance("USDT")[1]) == 0, "the end of the hold")

    page.write(type="market")
    page.form.get_by_role("button", name="100 %").click()
    page.place()
    page.expect_notice("Bought 1.5")
    eventually(lambda: amount(page.balance("USDT")[1]) == 0, "the settlement")
    assert amount(page.balance("USDT")[0]) < 2


def test_an_error_goes_with_its_cause_and_a_price_stays_with_its_side_and_type(visitor: Visitor) -> None:
    page = TradingPage(visitor).log_in("outsider")
    visitor.forgive(REFUSALS)
    price = page.form.locator("[name=price]")
    page.place(side="buy", type="limit", price="64000", quantity="0.00006")
    expect(page.error_at("quantity")).to_contain_text("Price x amount is at least")
    page.write(price="650000")
    expect(page.error_at("quantity")).to_be_empty()
    page.place(price="20000", quantity="0.01")
    expect(page.error_at("price")).to_contain_text("too far from the market")
    page.write(quantity="0.02")
    expect(page.error_at("price")).to_be_empty()

    page.write(side="sell")
    expect(price).not_to_have_value("20000")
    page.write(type="stop_limit")
    expect(price).to_have_value("")
    page.write(type="limit", side="buy")
    expect(price).to_have_value("20000")
    expect(page.form.locator("[name=quantity]")).to_have_value("0.02")


def cancel_all(page: TradingPage) -> None:
    orders = page.show("Open orders")
    orders.get_by_role("button", name="Cancel all").click()
    orders.get_by_role("button", name=re.compile(r"^Cancel \d+$")).click()
    expect(page.account.get_by_text("No open orders")).to_be_visible()


def amount(text: str) -> Decimal:
    return Decimal(text.replace(",", ""))


def test_an_unusual_order_is_asked_about_and_every_order_if_that_is_wished(visitor: Visitor) -> None:
    page = TradingPage(visitor).log_in("outsider")
    dialog = page.page.get_by_role("dialog", name="Send this order?")
    page.place(side="buy", type="limit", price="67,500", quantity="0.01", time_in_force="ioc")
    expect(dialog.get_by_role("alert")).to_contain_text("Its price is far beyond the market")
    expect(dialog.get_by_role("button", name="Back")).to_be_focused()
    visitor.shot("confirm-unusual")
    page.page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.form.locator("[name=quantity]")).to_have_value("0.01")

    page.form.get_by_label("Ask before each order").check()
    page.place(price="64,400", time_in_force="gtc")
    expect(dialog).to_contain_text("Buy 0.01 BTC at 64,400 USDT")
    expect(dialog).to_contain_text("below the best ask")
    visitor.shot("confirm-each")
    dialog.get_by_role("button", name="Buy BTC").click()
    page.expect_notice("Buy 0.01000 BTC at 64,400.00 USDT: in the book")
    page.page.reload()
    page.expect_state("Live")
    page.place(side="buy", type="market", quantity="0.01")
    expect(dialog).to_contain_text("Slippage")
    dialog.get_by_role("button", name="Back").click()
    expect(dialog).to_be_hidden()
    cancel_all(page)


def test_a_total_sizes_the_order(visitor: Visitor) -> None:
    page = TradingPage(visitor).log_in("outsider")
    quantity, total = page.form.locator("[name=quantity]"), page.form.locator("[name=total]")
    page.write(side="buy", type="limit", price="64,000", total="1,000")
    expect(quantity).to_have_value("0.01562")
    page.write(quantity="0.02")
    expect(total).to_have_value("1280")


def test_prices_are_taken_from_the_best_of_the_book_from_the_chart_and_from_the_depth(visitor: Visitor) -> None:
    page = TradingPage(visitor).log_in("outsider")
    price = page.form.locator("[name=price]")
    page.write(side="buy", type="limit", price="1")
    for name, side in (("bid", "bids"), ("ask", "asks")):
        page.form.get_by_role("button", name=f"Take the best {name} as the price").click()
        rows = page.page.locator(f".ladder-{side} .level .price")
        best = rows.first if side == "bids" else rows.last
        expect(price).to_have_value(best.inner_text().replace(",", ""))
    page.write(price="1")
    page.page.locator(".candles").click(position={"x": 200, "y": 80})
    expect(price).to_have_value(re.compile(r"^6\d{4}\.\d\d$"))
    page.write(price="1")
    page.page.get_by_role("tab", name="Depth").click()
    expect(page.page.locator("#depth-words")).to_contain_text("Bids:")
    page.page.locator(".depth canvas").click(position={"x": 60, "y": 80})
    expect(price).to_have_value(re.compile(r"^6[345]\d{3}\.\d\d$"))
