"""The list of markets, price alerts, the places of the panels, and the slider of the order form, as people use them."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.trading_page import TradingPage
from tests.browser.visitors import Visitor
from tests.launcher.running import RunningExchange

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser"), pytest.mark.usefixtures("quoted")]

Visitors = Callable[..., Visitor]
SHOWN = "[...document.querySelectorAll('.markets li .name')].map((name) => name.textContent)"
COUNTED_TONES = """
window.tones = 0;
window.OscillatorNode = class extends OscillatorNode {
  start(...at) { window.tones += 1; super.start(...at); }
};
"""
TRADES_SEEN = """() => document.querySelector(".trades").clientHeight
  / document.querySelector(".trade:not([hidden])").clientHeight"""
# Rectangles of panels that overlap, or stand out of the window.
MISPLACED = """() => {
  const panels = [...document.querySelectorAll(".desk .panel")].filter((panel) => panel.offsetParent);
  const boxes = panels.map((panel) => [panel.className, panel.getBoundingClientRect()]);
  const apart = (one, other) => one.right <= other.left + 0.5 || other.right <= one.left + 0.5
    || one.bottom <= other.top + 0.5 || other.bottom <= one.top + 0.5;
  const out = boxes.filter(([, box]) => box.left < 0 || box.right > innerWidth + 0.5 || box.width < 100);
  const over = boxes.filter(([, box], at) => boxes.slice(at + 1).some(([, other]) => !apart(box, other)));
  return [...out, ...over].map(([name]) => name);
}"""
THOUSAND = """async () => {
  const { markets, ticker } = await import("/static/trading/store.js");
  const [one] = markets.value;
  const made = Array.from({ length: 1000 }, (_, at) => ({ ...one, symbol: `M${at}/USDT`, base: `M${at}` }));
  markets.value = [...markets.value, ...made];
  window.tick = () => made.forEach(({ symbol }, at) => {
    const percent = String((Math.random() * 10).toFixed(2));
    ticker(symbol).value = { symbol, last: `${at + 1}.00`, change_percent: percent, quote_volume: "1000" };
  });
  window.tick();
}"""
# How long the main thread is busy from an action until its result is painted.
TAKEN = """() => new Promise((resolve) => {
  const begin = performance.now();
  ACT;
  requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - begin)));
})"""


def rows(page: Page) -> list[str]:
    shown: list[str] = page.evaluate(SHOWN)
    return shown


def wide(locator: Locator) -> float:
    box = locator.bounding_box()
    assert box
    return box["width"]


def test_markets_are_starred_filtered_and_sorted_and_it_is_remembered(visitor: Visitor) -> None:
    page = TradingPage(visitor).page
    panel = page.get_by_role("navigation", name="Markets")
    named = sorted(rows(page))
    assert rows(page) == named
    panel.get_by_role("button", name=re.compile("^Market")).click()
    assert rows(page) == named[::-1]
    panel.get_by_role("button", name="Favourites", exact=True).click()
    expect(panel.get_by_text("No favourites yet")).to_be_visible()
    panel.get_by_role("button", name="All markets").click()
    star = panel.get_by_role("button", name="ETH/USDT is a favourite")
    expect(star).to_have_attribute("aria-pressed", "false")
    star.click()
    panel.get_by_role("button", name="Favourites", exact=True).click()
    assert rows(page) == ["ETH/USDT"]
    page.reload()
    expect(panel.get_by_role("button", name="Favourites", exact=True)).to_have_attribute("aria-pressed", "true")
    expect(panel.get_by_role("link")).to_have_text(re.compile("ETH/USDT"))
    panel.get_by_role("button", name="All markets").click()
    assert rows(page) == named[::-1]
    panel.get_by_label("Find a market").fill("nothing such")
    expect(panel.get_by_text("No market has this in its name")).to_be_visible()
    visitor.shot("markets-not-found")


@pytest.mark.long
def test_the_list_is_one_stop_of_the_tab_key_and_arrows_go_through_it(visitor: Visitor) -> None:
    page = TradingPage(visitor).page
    page.locator("h1").click(force=True)
    for key in ("/", "ArrowDown"):
        page.keyboard.press(key)
    first, second = rows(page)[:2]
    expect(page.get_by_role("link", name=first)).to_be_focused()
    for key in ("ArrowDown", "ArrowLeft", "Enter"):
        page.keyboard.press(key)
    star = page.get_by_role("button", name=f"{second} is a favourite")
    expect(star).to_be_focused()
    expect(star).to_have_attribute("aria-pressed", "true")
    for key in ("ArrowRight", "Enter"):
        page.keyboard.press(key)
    expect(page.locator("h1")).to_have_text(second)


def test_a_price_alert_is_told_once_and_sounds_in_one_of_two_tabs(exchange: RunningExchange, visitor: Visitor) -> None:
    visitor.page.context.add_init_script(COUNTED_TONES)
    page = TradingPage(visitor, "/trade/SOL-USDT").page
    assert exchange.place("maker", symbol="SOL/USDT", side="sell", price="150", quantity="1")[0] == 201
    assert exchange.place("taker", symbol="SOL/USDT", side="buy", price="150", quantity="1")[0] == 201
    page.get_by_role("button", name="Settings").click()
    page.get_by_label("Sound of price alerts").check()
    page.keyboard.press("Escape")
    heard = page.evaluate("window.tones")
    page.get_by_role("button", name="Price alert for SOL/USDT").click()
    dialog = page.get_by_role("dialog", name="Price alerts")
    expect(dialog.get_by_text("No alerts yet")).to_be_visible()
    expect(dialog.get_by_text("Last price 150.00")).to_be_visible()
    price = dialog.get_by_label("Price in USDT")
    expect(price).to_be_focused()
    for wrong, why in (("", "Give a price"), ("1,5", "A number such as"), ("150", "The price is there already")):
        price.fill(wrong)
        price.press("Enter")
        expect(dialog.get_by_role("alert")).to_contain_text(why)
    for text in ("160", "140"):
        price.fill(text)
        price.press("Enter")
    expect(dialog.get_by_role("listitem")).to_have_text(
        [re.compile("SOL/USDT rises to 160"), re.compile("falls to 140")]
    )
    visitor.shot("price-alerts")
    dialog.get_by_role("button", name="Delete: SOL/USDT falls to 140").click()
    expect(dialog.get_by_role("listitem")).to_have_count(1)
    page.keyboard.press("Escape")
    twin = page.context.new_page()
    twin.goto(f"http://{visitor.web}/trade/BTC-USDT")
    expect(twin.locator("#connection")).to_have_text("Live")
    twin.locator("h1").click(force=True)  # from now on it may make sounds, too

    assert exchange.place("maker", symbol="SOL/USDT", side="sell", price="161", quantity="1")[0] == 201
    assert exchange.place("taker", symbol="SOL/USDT", side="buy", price="161", quantity="1")[0] == 201

    told = "SOL/USDT has risen to 160; its last price is 161.00"
    for tab in (page, twin):
        expect(tab.get_by_text(told)).to_have_count(1)
        expect(tab.get_by_role("button", name="Price alerts", exact=True)).to_be_attached()
    page.wait_for_function("() => localStorage.getItem('price alerts') === '[]'")
    counts = [tab.evaluate("window.tones") for tab in (page, twin)]
    assert sorted(counts) in ([0, heard + 4], [4, heard]), counts


@pytest.mark.long
def test_panels_are_resized_left_out_and_put_back(visitors: Visitors) -> None:
    visitor = visitors(width=1440, height=900)
    page = TradingPage(visitor).page
    book, edge = page.locator(".book"), page.get_by_role("separator", name="Width of the order book")
    before = wide(book)
    box = edge.bounding_box()
    assert box
    page.mouse.move(box["x"] + 3, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] - 57, box["y"] + 210, steps=3)
    page.mouse.up()
    assert wide(book) == before + 60
    edge.press("ArrowRight")
    assert wide(book) == before + 44
    expect(edge).to_have_attribute("aria-valuenow", str(round(before + 44)))
    edge.press("End")
    expect(edge).to_have_attribute("aria-valuenow", str(edge.get_attribute("aria-valuemax")))
    assert page.evaluate(MISPLACED) == []
    page.get_by_role("button", name="Hide the list").click()
    expect(page.get_by_role("navigation", name="Markets")).to_be_hidden()
    page.get_by_role("button", name="Fold the trades").click()
    expect(page.locator(".trades")).to_be_hidden()
    page.reload()
    expect(page.locator("#connection")).to_have_text("Live")
    expect(page.get_by_role("navigation", name="Markets")).to_be_hidden()
    assert wide(book) > before + 60
    visitor.shot("layout-changed")
    page.locator(".market-button").click()
    page.get_by_role("link", name="ETH/USDT").click()
    expect(page.get_by_role("navigation", name="Markets")).to_be_hidden()
    page.set_viewport_size({"width": 1100, "height": 620})
    assert page.evaluate(MISPLACED) == []
    page.set_viewport_size({"width": 1440, "height": 900})
    page.get_by_role("button", name="Settings").click()
    page.get_by_role("button", name="Reset the layout").click()
    page.keyboard.press("Escape")
    assert wide(book) == before
    expect(page.get_by_role("navigation", name="Markets")).to_be_visible()
    expect(page.locator(".trades")).to_be_visible()


@pytest.mark.long
def test_the_slider_sizes_the_order_and_follows_what_is_typed(visitor: Visitor) -> None:
    page = TradingPage(visitor).log_in("outsider")
    page.write(side="buy", type="limit", price="50000")
    slider, amount = page.form.get_by_role("slider"), page.form.locator("[name=quantity]")
    page.form.get_by_role("button", name="100 %").click()
    expect(slider).to_have_value("100")
    whole = amount.input_value()
    expect(slider).to_have_attribute("aria-valuetext", "100 %")
    slider.press("Home")
    expect(amount).to_have_value("")
    slider.press("End")
    expect(amount).to_have_value(whole)
    slider.press("ArrowLeft")
    expect(slider).to_have_value("99")
    page.form.get_by_role("button", name="50 %").click()
    expect(slider).to_have_value("50")
    amount.fill("0.00001")
    expect(slider).to_have_value("0")


@pytest.mark.long
@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize(
    ("width", "height"), [(375, 800), (700, 900), (1024, 768), (1100, 620), (1440, 900), (2560, 1440)]
)
def test_no_panel_covers_another_at_any_width(visitors: Visitors, width: int, height: int, theme: str) -> None:
    visitor = visitors(width=width, height=height, theme=theme)
    page = TradingPage(visitor).log_in("maker").page
    assert page.evaluate(MISPLACED) == []
    assert page.evaluate("document.documentElement.scrollWidth") == width
    trades = page.locator(".trade:not([hidden])")
    expect(trades.first).to_be_attached()
    if width >= 1100:
        assert page.evaluate(TRADES_SEEN) >= (6 if height > 800 else 3)
    visitor.shot(f"layout-{width}-{theme}")


@pytest.mark.long
def test_a_thousand_markets_stay_fluent(visitor: Visitor) -> None:
    page = TradingPage(visitor).page
    real = len(rows(page))
    page.evaluate(THOUSAND)
    expect(page.locator(".markets li")).to_have_count(1_000 + real, timeout=30_000)
    taken = {
        act: page.evaluate(TAKEN.replace("ACT", act))
        for act in ("window.tick()", "document.querySelector('.markets .columns .last').click()")
    }
    assert max(taken.values()) < 500, taken  # twice as long as on an idle machine
