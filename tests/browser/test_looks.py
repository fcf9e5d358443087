"""What the trading page looks like, and whether everybody can use it."""

import re
from collections.abc import Callable
from typing import Any
from urllib.request import urlopen

import pytest
from playwright.sync_api import expect

from tests.browser.trading_page import TradingPage
from tests.browser.visitors import REFUSALS, Visitor
from tests.launcher.running import RunningExchange

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser"), pytest.mark.usefixtures("quoted")]

Visitors = Callable[..., Visitor]
# Everything that can be operated and has no name to be read out.
NAMELESS = """() => [...document.querySelectorAll("button, input, select, a, [role=listbox], [role=tabpanel]")]
    .filter((one) => one.offsetParent !== null)
    .filter((one) => !(one.ariaLabel || one.labels?.length || one.innerText?.trim()))
    .filter((one) => !one.hasAttribute("aria-labelledby"))
    .map((one) => one.outerHTML.slice(0, 120))"""


# Rows of book and trades in which a text is cut, or runs into the next.
COLLIDING = """() => [...document.querySelectorAll(".level, .trade")].filter((row) => {
    const boxes = [...row.querySelectorAll("span")].filter((cell) => cell.textContent).map((cell) => {
        const range = document.createRange();
        range.selectNodeContents(cell);
        return [range.getBoundingClientRect(), cell.getBoundingClientRect()];
    });
    const isCut = ([text, cell]) => text.width > cell.width + 0.5;
    return boxes.some(isCut) || boxes.some(([text], index) => index && text.left < boxes[index - 1][0].right + 2);
}).map((row) => row.innerText)"""


@pytest.fixture(scope="module")
def large_amounts(exchange: RunningExchange) -> None:
    """Let the book of a market have levels of ten millions, and a trade of a million."""
    xrp = {"symbol": "XRP/USDT", "side": "buy"}
    for cents in range(20):
        assert exchange.place("maker", price=f"0.59{cents:02}", quantity="9999999.9", **xrp)[0] == 201
    assert exchange.place("maker", price="0.6", quantity="1234567.8", **xrp)[0] == 201
    sale = {"symbol": "XRP/USDT", "side": "sell", "price": "0.6", "quantity": "1234567.8"}
    assert exchange.place("taker", **sale)[0] == 201


@pytest.mark.long
@pytest.mark.usefixtures("large_amounts")
@pytest.mark.parametrize("width", [375, 768, 1100, 1440])
def test_large_amounts_do_not_run_into_each_other(visitors: Visitors, width: int) -> None:
    visitor = visitors(width=width, height=900)
    for market, price in (("XRP", "0.5919"), ("BTC", "64,994.80")):
        page = TradingPage(visitor, f"/trade/{market}-USDT")
        expect(page.level(price)).to_be_attached()
        expect(page.page.locator(".trade").first).to_be_attached()
        assert page.page.evaluate(COLLIDING) == []
        visitor.shot(f"amounts-{width}-{market}")


@pytest.mark.parametrize("theme", ["light", pytest.param("dark", marks=pytest.mark.long)])
@pytest.mark.parametrize(("width", "height"), [(375, 812), (768, 1024), (1280, 800), (1920, 1080)])
def test_it_fits_every_width_in_both_themes(visitors: Visitors, width: int, height: int, theme: str) -> None:
    visitor = visitors(width=width, height=height, theme=theme)
    page = TradingPage(visitor)
    if width in (375, 1920):
        page.log_in("maker")
    expect(page.page.locator(".trade").first).to_contain_text(re.compile(r"6[45],\d"))
    assert page.page.evaluate("document.documentElement.scrollWidth") == width
    assert page.page.evaluate(NAMELESS) == []
    visitor.shot(f"page-{width}-{theme}")


def test_a_person_with_a_keyboard_only_places_an_order(visitor: Visitor) -> None:
    page = TradingPage(visitor)
    keyboard = page.page.keyboard
    keyboard.press("Tab")
    expect(page.page.get_by_role("link", name="To the order form")).to_be_focused()
    keyboard.press("l")
    dialog = page.page.get_by_role("dialog", name="Log in")
    expect(dialog.get_by_label("Name")).to_be_focused()
    for text in ("outsider", "demo-password"):
        keyboard.type(text)
        keyboard.press("Tab")
    keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    keyboard.press("o")
    expect(page.page.get_by_role("listbox")).to_be_focused()
    for key in ("ArrowDown", "ArrowDown", "Enter"):
        keyboard.press(key)
    expect(page.form.locator("[name=price]")).not_to_have_value("")
    keyboard.press("b")
    expect(page.form.locator("[name=quantity]")).to_be_focused()
    keyboard.type("0.01")
    keyboard.press("Enter")
    page.expect_notice("Buy 0.01000 BTC at")
    keyboard.press("Escape")
    page.page.locator("h1").click(force=True)
    keyboard.press("?")
    expect(page.page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    visitor.shot("keyboard-help")


def test_theme_market_and_timeframe_are_changed_and_the_address_follows(visitor: Visitor) -> None:
    page = TradingPage(visitor, "/")
    root = page.page.locator("html")
    page.page.get_by_role("button", name="Settings").click()
    page.page.get_by_label("Theme").select_option("light")
    expect(root).to_have_attribute("data-theme", "light")
    page.page.keyboard.press("Escape")
    page.page.get_by_role("tab", name="Depth").click()
    expect(page.page.locator("#depth-words")).to_contain_text("Bids:")
    visitor.shot("depth")
    page.page.get_by_role("tab", name="Candles").click()
    page.page.get_by_role("button", name="5m", exact=True).click()
    expect(page.page.locator(".candle-words")).to_contain_text("O 6")
    page.page.get_by_role("link", name="ETH/USDT").click()
    expect(page.page).to_have_url(f"http://{visitor.web}/trade/ETH-USDT")
    expect(page.page.locator("h1")).to_have_text("ETH/USDT")
    page.page.go_back()
    expect(page.page.locator("h1")).to_have_text("BTC/USDT")
    page.page.reload()
    expect(root).to_have_attribute("data-theme", "light")


def test_one_button_gives_a_demo_account(exchange: RunningExchange, visitor: Visitor) -> None:
    tokens = exchange.call("POST", "/api/v1/auth/token", {"username": "outsider", "password": "demo-password"})[1]
    made = tokens["data"] | {"username": "demo-abcdef", "password": "only-once", "balances": []}
    visitor.page.route(
        "**/api/v1/demo/accounts", lambda route: route.fulfill(json={"success": True, "data": made, "meta": {}})
    )
    page = TradingPage(visitor)
    page.form.get_by_role("button", name="Try with a demo account").click()
    expect(page.page.get_by_text("Your demo account is demo-abcdef, its password only-once")).to_be_visible()
    expect(page.form.locator(".available b")).to_contain_text("USDT")
    page.page.reload()
    page.expect_state("Live")
    expect(page.page.get_by_role("button", name="Log out")).to_be_visible()
    page.page.get_by_role("button", name="Log out").click()
    expect(page.account.get_by_role("button", name="Log in")).to_be_visible()


REFRESH = """async () => {
    const { accessToken } = await import("/static/trading/session.js");
    await accessToken({ isRefused: true });
    return sessionStorage.getItem("session");
}"""


@pytest.mark.long
def test_a_duplicated_tab_keeps_the_login_of_both_until_one_logs_out(visitor: Visitor) -> None:
    page = TradingPage(visitor).log_in("outsider").page
    visitor.forgive(REFUSALS)
    copied = page.evaluate("sessionStorage.getItem('session')")
    twin = page.context.new_page()
    twin.add_init_script(f"sessionStorage.setItem('session', JSON.stringify({copied}))")
    twin.goto(page.url)
    expect(twin.get_by_role("button", name="Log out")).to_be_visible()

    of_page, of_twin = page.evaluate(REFRESH), twin.evaluate(REFRESH)
    expect(twin.get_by_role("button", name="Log out")).to_be_visible()
    assert copied != of_page != of_twin
    assert page.evaluate("sessionStorage.getItem('session')") == of_twin

    with twin.expect_response("**/auth/token/revoke"):
        twin.get_by_role("button", name="Log out").click()
    assert page.evaluate(REFRESH) is None
    expect(page.get_by_text("Your login has ended. Log in again to go on.")).to_be_visible()


def test_a_market_is_found_and_opened_with_the_keyboard(visitor: Visitor) -> None:
    page = TradingPage(visitor).log_in("outsider").page
    page.locator("h1").click(force=True)
    page.keyboard.press("l")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("/")
    page.keyboard.type("eth")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("ETH/USDT")
    expect(page.get_by_label("Find a market")).to_have_value("")


@pytest.mark.long
@pytest.mark.parametrize("click", [{"modifiers": ["Control"]}, {"modifiers": ["Shift"]}, {"button": "middle"}])
def test_a_market_that_is_opened_in_another_tab_has_the_login(visitor: Visitor, click: dict[str, Any]) -> None:
    page = TradingPage(visitor).log_in("outsider").page
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="ETH/USDT").click(**click)
    other = opened.value
    expect(other.locator("h1")).to_have_text("ETH/USDT")
    expect(other.get_by_role("button", name="Log out")).to_be_visible()
    assert other.evaluate("window.opener") is None
    expect(page.locator("h1")).to_have_text("BTC/USDT")
    expect(page.get_by_role("button", name="Log out")).to_be_visible()


def test_an_unknown_market_is_told_with_those_that_there_are(visitor: Visitor) -> None:
    visitor.forgive(REFUSALS)
    visitor.open("/trade/NO-SUCH")
    expect(visitor.page.get_by_role("heading", name="There is no market NO-SUCH")).to_be_visible()
    visitor.shot("unknown-market")
    visitor.page.get_by_role("link", name="ETH/USDT").click()
    expect(visitor.page.locator("#connection")).to_have_text("Live")


def test_admin_and_documentation_work_under_their_own_policies(visitor: Visitor) -> None:
    visitor.open("/admin/login/")
    expect(visitor.page.get_by_role("button", name="Log in")).to_be_visible()
    visitor.open("/api/docs")
    expect(visitor.page.get_by_role("heading", name="Trade Engine")).to_be_visible()
    with urlopen(f"http://{visitor.web}/trade/BTC-USDT", timeout=10) as answer:
        policy = answer.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "http" not in policy
