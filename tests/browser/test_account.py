"""The lists of the account: narrowed, read to their ends, as files, while things happen."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.trading_page import TradingPage
from tests.browser.visitors import REFUSALS, Visitor
from tests.launcher.running import RunningExchange, eventually

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser"), pytest.mark.usefixtures("quoted")]

Visitors = Callable[..., Visitor]
ENDED = "status=filled,cancelled,expired,rejected"
MANY = 3_000
BATCHES = 3  # of 85 orders: more than two pages
# How long frames take while a long list is scrolled up and down, in ms.
FRAMES = """async (count) => {
    const root = document.querySelector(".account .scroll");
    const ownScroll = root.scrollHeight > root.clientHeight + 1;
    const durations = [];
    for (let turn = 0; turn < count; turn += 1) {
        const start = performance.now();
        const by = turn % 4 === 3 ? 1_500 : -900;
        if (ownScroll) root.scrollTop += by;
        else scrollBy(0, by);
        await new Promise(requestAnimationFrame);
        await new Promise(requestAnimationFrame);
        durations.push((performance.now() - start) / 2);
    }
    return durations;
}"""
IDS = "rows => rows.map((row) => row.dataset.row)"
TOPS = """(root) => {
    const top = root.querySelector("thead th").getBoundingClientRect().bottom;
    const rows = [...root.querySelectorAll("tr.record")].map((row) => [row.dataset.row, row.getBoundingClientRect()]);
    const [id, box] = rows.find(([, { bottom }]) => bottom > top + 1);
    return [id, box.top];
}"""


@pytest.fixture(scope="module")
def cancelled(exchange: RunningExchange) -> int:
    """Let the taker place and cancel more orders in LTC/USDT than two pages have; return how many ended there."""
    order = {"symbol": "LTC/USDT", "side": "buy", "type": "limit", "price": "84.00", "quantity": "0.5"}
    for _ in range(BATCHES):
        status, answer = exchange.call("POST", "/api/v1/orders/batch", {"orders": [order] * 85}, "taker")
        assert status == 200, answer
        assert exchange.call("DELETE", "/api/v1/orders?symbol=LTC-USDT", user="taker")[0] == 200
    total: int = listed(exchange, f"orders?symbol=LTC-USDT&{ENDED}")["pagination"]["total"]
    assert total >= 85 * BATCHES
    return total


def listed(exchange: RunningExchange, path: str, user: str = "taker") -> dict[str, Any]:
    status, answer = exchange.call("GET", f"/api/v1/{path}", user=user)
    assert status == 200, answer
    body: dict[str, Any] = answer
    return body


def file_of(exchange: RunningExchange, path: str, user: str = "taker") -> str:
    headers = {"Accept": "text/csv", "Authorization": f"Bearer {exchange.tokens[user]}"}
    with urlopen(Request(f"http://{exchange.api}/api/v1/{path}", headers=headers), timeout=10) as answer:
        text: str = answer.read().decode()
    return text


def end_of(panel: Locator) -> Locator:
    """Scroll a list to its end, page by page, and return what stands there."""
    end = panel.locator(".list-end")

    def is_there() -> bool:
        panel.locator(".scroll").press("End")
        return "That is all" in end.inner_text()

    eventually(is_there, "the end of the list", 90)
    panel.locator(".scroll").press("End")  # the last page may have come after the last press
    return end


def test_a_list_is_narrowed_read_to_its_end_and_saved(
    visitor: Visitor, exchange: RunningExchange, cancelled: int
) -> None:
    page = TradingPage(visitor).log_in("taker")
    history = page.show("Order history")
    history.get_by_label("Market").select_option("LTC/USDT")
    history.get_by_label("Period").select_option("today")
    rows = history.get_by_role("row", name=re.compile("LTC.USDT"))
    expect(rows.first).to_contain_text("Cancelled")

    expect(end_of(history)).to_have_text(f"That is all: {cancelled} rows")
    assert rows.count() < cancelled  # only what is near is in the document
    expect(history.locator(f"tr[aria-rowindex='{cancelled + 1}']")).to_be_in_viewport()
    visitor.shot("account-history")

    with page.page.expect_download() as download:
        history.get_by_role("button", name="CSV").click()
    assert re.fullmatch(r"orders-LTC-USDT-\d{4}-\d\d-\d\d-to-\d{4}-\d\d-\d\d\.csv", download.value.suggested_filename)
    saved = download.value.path().read_bytes().decode("utf-8-sig")
    assert saved.replace("\r\n", "\n") == file_of(exchange, f"orders?symbol=LTC-USDT&{ENDED}").replace("\r\n", "\n")
    assert saved.count("\n") == cancelled + 1

    history.get_by_label("Side").select_option("sell")
    expect(history.get_by_text("Nothing matches these filters")).to_be_visible()
    history.locator(".empty").get_by_role("button", name="Reset the filters").click()
    expect(history.get_by_label("Side")).to_have_value("")
    expect(history.get_by_role("row").nth(1)).to_be_visible()


@pytest.mark.long
@pytest.mark.usefixtures("cancelled")
@pytest.mark.parametrize("width", [375, 1440])
def test_what_comes_live_is_on_top_once_and_moves_nothing_that_is_read(
    visitors: Visitors, exchange: RunningExchange, width: int
) -> None:
    visitor = visitors(width=width, height=900)
    resting = placed(exchange, "gtc")
    page = TradingPage(visitor).log_in("taker")
    history = page.show("Order history")
    scroll = history.locator(".scroll")
    expect(history.locator("tr.record").first).to_be_visible()

    wheel(page.page, scroll, 1_500)
    expect(history.locator("tr[aria-rowindex='30']")).to_be_attached()
    before = eventually(lambda: at_rest(scroll), "the end of the scrolling")
    row = scroll.locator(f"tr[data-row='{before[0]}']")
    index = int(row.get_attribute("aria-rowindex") or 0)
    ids = [placed(exchange, "ioc") for _ in range(3)]
    # One that was placed before them ends after them, and stands where it was placed.
    assert exchange.call("DELETE", f"/api/v1/orders/{resting}", user="taker")[0] == 200
    ids = [resting, *ids]
    expect(row).to_have_attribute("aria-rowindex", str(index + 4))
    top = row.evaluate("(row) => row.getBoundingClientRect().top")
    assert abs(top - before[1]) <= 1  # rows may be higher than whole pixels

    wheel(page.page, scroll, -9_000)
    expect(history.locator("tr.record").first).to_have_attribute("data-row", ids[-1])
    listed_ids = history.locator("tr.record").evaluate_all(IDS)
    assert len(listed_ids) == len(set(listed_ids))
    assert listed_ids[:4] == ids[::-1]

    page.page.reload()
    history = page.show("Order history")
    expect(history.locator("tr.record").first).to_have_attribute("data-row", ids[-1])
    assert history.locator("tr.record").evaluate_all(IDS)[:40] == listed_ids[:40]


def wheel(page: Page, scroll: Locator, by: int) -> None:
    scroll.hover(position={"x": 40, "y": 60})
    page.mouse.wheel(0, by)


def at_rest(scroll: Locator) -> Any:
    """Return the row that is seen first and where it is, unless the list still moves."""
    before = scroll.evaluate(TOPS)
    scroll.page.wait_for_timeout(100)  # some frames
    return before if scroll.evaluate(TOPS) == before else None


def placed(exchange: RunningExchange, time_in_force: str) -> str:
    """Let the taker place an order that trades with nobody, and ends as it comes if it is `ioc`; return its id."""
    order = {"symbol": "LTC/USDT", "side": "buy", "type": "limit", "price": "84.00", "quantity": "0.5"}
    status, answer = exchange.call("POST", "/api/v1/orders", order | {"time_in_force": time_in_force}, "taker")
    assert status == 201, answer
    order_id: str = answer["data"]["order"]["id"]
    return order_id


@pytest.mark.long
def test_the_details_of_an_order_by_keyboard(visitor: Visitor, exchange: RunningExchange) -> None:
    page = TradingPage(visitor).log_in("taker")
    page.place(side="buy", type="limit", price="65600", quantity="0.012", time_in_force="ioc")
    page.expect_notice("Bought 0.01200 BTC")
    trades = page.show("My trades")
    trades.get_by_role("button", name="Details:").first.press("Enter")
    dialog = page.page.get_by_role("dialog", name="Order")
    expect(dialog).to_contain_text("Bought 0.01200 BTC at")
    order = listed(exchange, "orders?limit=1")["data"][0]
    for text in (order["id"], "At once or not (IOC)", "Paid with the fee"):
        expect(dialog).to_contain_text(text)
    expect(dialog.get_by_role("group", name="Trades of this order").get_by_role("row")).to_have_count(
        1 + listed(exchange, f"trades?mine=true&order_id={order['id']}")["pagination"]["total"]
    )
    page.visitor.shot("account-details")
    page.page.keyboard.press("b")  # no shortcut while a dialog is open
    page.page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(trades.get_by_role("button", name="Details:").first).to_be_focused()


@pytest.mark.long
def test_open_orders_of_a_side_and_of_a_group(visitor: Visitor) -> None:
    page = TradingPage(visitor)
    visitor.forgive(REFUSALS)  # of a leg that has gone with the other one
    page.account.get_by_role("button", name="Try with a demo account").click()
    page.expect_notice("Your demo account is")
    page.place(side="buy", type="oco", price="64003", stop_price="66002", quantity="0.01")
    page.expect_notice("BTC at 64,003.00 USDT: in the book")
    page.place(side="buy", type="limit", price="64005", quantity="0.01")
    page.expect_notice("BTC at 64,005.00 USDT: in the book")
    page.place(side="sell", type="limit", price="66000", quantity="0.01")
    page.expect_notice("BTC at 66,000.00 USDT: in the book")
    orders = page.show("Open orders")
    rows = orders.locator("tbody tr")
    expect(rows).to_have_count(4)
    expect(orders.locator("tr.of-group")).to_have_count(2)
    expect(rows.nth(2)).to_contain_text("OCO: limit")
    expect(rows.nth(3)).to_contain_text("OCO: stop")
    expect(rows.nth(0)).to_contain_text(re.compile(r"\+1\.\d\d %"))
    visitor.shot("account-open")

    orders.get_by_label("Side").select_option("buy")
    expect(rows).to_have_count(3)
    orders.get_by_role("button", name="Cancel these").click()
    orders.get_by_role("button", name="Cancel 3").click()
    page.expect_notice("3 orders are cancelled")
    expect(orders).to_contain_text("Nothing matches these filters")
    orders.get_by_role("button", name="Reset the filters").click()
    expect(rows).to_have_count(1)
    orders.get_by_role("button", name="Cancel all").click()
    orders.get_by_role("button", name="Cancel 1").click()
    page.expect_notice("All open orders are cancelled")


@pytest.mark.long
def test_the_ledger_tells_deposits_and_trades_and_leads_to_the_order(
    visitor: Visitor, exchange: RunningExchange
) -> None:
    page = TradingPage(visitor)
    page.form.get_by_role("button", name="Try with a demo account").click()
    page.expect_notice("Your demo account is")
    ledger = page.show("Ledger")
    expect(ledger.get_by_role("row", name=re.compile("Deposit"))).not_to_have_count(0)
    assert exchange.place("maker", side="sell", price="64999.00")[0] == 201
    page.place(side="buy", type="market", quantity="0.01")
    page.expect_notice("Bought 0.01000 BTC")
    bought = ledger.get_by_role("row", name=re.compile(r"Trade.*BTC.*\+0\.01000000"))
    expect(bought).to_be_visible()
    ledger.get_by_label("Kind").select_option("trade")
    ledger.get_by_label("Asset").select_option("BTC")
    expect(ledger.locator("tr.record")).to_have_count(1)
    visitor.shot("account-ledger")
    bought.get_by_role("button", name="Show the order").click()
    expect(page.page.get_by_role("dialog", name="Order")).to_contain_text("Bought 0.01000 BTC")


@pytest.mark.long
@pytest.mark.parametrize(("width", "theme"), [(375, "dark"), (375, "light"), (1024, "dark"), (1440, "light")])
def test_an_empty_list_says_what_will_be_there_and_leads_on(visitors: Visitors, width: int, theme: str) -> None:
    visitor = visitors(width=width, height=900, theme=theme)
    page = TradingPage(visitor)
    expect(page.account).to_contain_text("Log in to see what is yours")
    page.account.get_by_role("button", name="Try with a demo account").click()
    page.expect_notice("Your demo account is")
    for tab, text in (
        ("Open orders (0)", "No open orders"),
        ("Order history", "No order has ended yet"),
        ("My trades", "You have not traded yet"),
    ):
        panel = page.show(tab)
        expect(panel).to_contain_text(text)
        visitor.shot(f"account-empty-{tab.split()[0].lower()}-{width}-{theme}")
        panel.get_by_role("button", name="Go to the order form").click()
        expect(page.form.locator("[name=quantity]")).to_be_focused()
    assert page.page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.long
@pytest.mark.usefixtures("cancelled")
@pytest.mark.parametrize("width", [375, 1440])
def test_thousands_of_orders_are_scrolled_fluently(visitors: Visitors, exchange: RunningExchange, width: int) -> None:
    visitor = visitors(width=width, height=900)
    page = TradingPage(visitor).log_in("taker")
    order = listed(exchange, f"orders?symbol=LTC-USDT&limit=1&{ENDED}")["data"][0]
    page.page.route(re.compile(r"/api/v1/orders\?(?!.*after)"), lambda route: many_like(order, route))
    history = page.show("Order history")
    expect(history.locator("tr.record").first).to_be_visible()

    expect(end_of(history)).to_have_text(f"That is all: {MANY:,} rows")
    assert history.locator("tr.record").count() <= 300
    visitor.shot(f"account-many-{width}")
    durations = sorted(page.page.evaluate(FRAMES, 40))
    assert durations[len(durations) // 2] < 100, durations
    assert width < 700 or page.page.evaluate("document.documentElement.scrollHeight") == 900
    assert history.locator("tr.record").first.get_attribute("aria-rowindex") != "2"


def many_like(order: dict[str, Any], route: Route) -> None:
    """Answer as an exchange would on which an account has had MANY orders, one each second."""
    query = parse_qs(urlsplit(route.request.url).query)
    first, limit = int(query.get("cursor", ["0"])[0]), int(query.get("limit", ["100"])[0])
    placed_at = datetime.fromisoformat(order["created_at"])
    rows = [
        order
        | {
            "id": f"{order['id'][:24]}{MANY - number:012}",
            "created_at": (placed_at - timedelta(seconds=number)).isoformat(timespec="milliseconds")[:-6] + "Z",
        }
        for number in range(first, min(first + limit, MANY))
    ]
    end = first + len(rows)
    pagination = {"limit": limit, "has_more": end < MANY, "next_cursor": str(end) if end < MANY else None}
    route.fulfill(json={"success": True, "data": rows, "meta": {}, "pagination": pagination})
