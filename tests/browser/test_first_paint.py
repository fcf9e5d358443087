"""What is seen before the page's modules are there, and what is wanted before those are that come later."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.trading_page import TradingPage
from tests.browser.visitors import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser"), pytest.mark.usefixtures("quoted")]

Visitors = Callable[..., Visitor]
PANELS = [".top", ".markets", ".chart", ".book", ".form", ".tape", ".account", ".foot"]
BOXES = """(names) => names.map((name) => {
    const { x, y, width, height } = document.querySelector(name).getBoundingClientRect();
    return [name, x, y, width, height];
})"""
OWN_PLACES = """() => {
    localStorage.setItem("sizes of panels", JSON.stringify({ markets: 300, account: 200 }));
    localStorage.setItem("trades shown", "false");
}"""


def boxes(page: Page) -> list[list[Any]]:
    found: list[list[Any]] = page.evaluate(BOXES, PANELS)
    return found


@pytest.mark.parametrize("size", [(1440, 900), (1920, 1080)], ids=str)
@pytest.mark.parametrize("has_own", [False, True], ids=["as usual", "own places"])
def test_panels_are_at_their_places_before_there_is_anything_in_them(
    visitors: Visitors, size: tuple[int, int], has_own: bool
) -> None:
    visitor = visitors(width=size[0], height=size[1])
    page, held = visitor.page, list[Route]()
    if has_own:
        page.add_init_script(f"({OWN_PLACES})()")
    page.route("**/trading/app.js", lambda route: held.append(route))
    page.goto(f"http://{visitor.web}/trade/BTC-USDT", wait_until="commit")

    expect(page.get_by_role("heading", level=1)).to_have_text("BTC/USDT")
    expect(page.get_by_role("status").filter(has_text="Loading…")).to_be_visible()
    expect(page.locator(".foot")).to_be_visible()
    first = boxes(page)
    for route in held:
        route.continue_()
    expect(page.locator("#connection")).to_have_text("Live")

    for (name, *before), (_, *after) in zip(first, boxes(page), strict=True):
        assert before == pytest.approx(after, abs=2), name


def test_who_sends_an_order_before_what_sends_it_is_there_is_told_and_can_send_it_again(visitor: Visitor) -> None:
    visitor.forgive("Failed to load resource")
    visitor.page.route("**/trading/sending.js", lambda route: route.abort())
    page = TradingPage(visitor).log_in("outsider")
    page.place(side="buy", price="64,200.00", quantity="0.01")
    page.expect_notice("This could not be loaded")

    visitor.page.unroute("**/trading/sending.js")
    page.form.locator("button[type=submit]").dblclick()
    page.expect_notice("Buy 0.01000 BTC at 64,200.00 USDT: in the book")
    cancel = page.show("Open orders").get_by_role("button", name="Cancel buy 0.01000 BTC/USDT at 64,200.00")
    expect(cancel).to_have_count(1)
    cancel.click()
    expect(cancel).to_have_count(0)
