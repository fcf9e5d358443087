"""The chart as people use it: own orders on it, indicators, drawings, full screen."""

import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import FloatRect, Locator, expect

from tests.browser.trading_page import TradingPage
from tests.browser.visitors import REFUSALS, Visitor
from tests.launcher.running import RunningExchange

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser"), pytest.mark.usefixtures("quoted")]

Visitors = Callable[..., Visitor]


class Chart:
    """The chart of a trading page."""

    def __init__(self, page: TradingPage) -> None:
        self.page = page.page
        self.panel = page.page.get_by_role("region", name="Chart")
        expect(self.panel.locator(".candle-words")).to_contain_text(re.compile(r"O \d"))

    @property
    def box(self) -> FloatRect:
        return box_of(self.panel.locator(".candles"))

    def line(self, text: str) -> Locator:
        """Return the label of an own line."""
        lines = self.panel.get_by_role("list", name="Own orders on the chart")
        return lines.get_by_role("listitem").filter(has_text=text)

    def grip(self, label: Locator) -> tuple[float, float]:
        """Return a place on a label that is not its button."""
        box = box_of(label)
        return box["x"] + 20, box["y"] + box["height"] / 2

    def hold(self, label: Locator, by: int) -> None:
        """Take a line by its label and move it, without letting go."""
        x, y = self.grip(label)
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.mouse.move(x, y + by / 2)
        self.page.mouse.move(x, y + by)

    def press(self, name: str) -> None:
        self.panel.get_by_role("button", name=name, exact=True).click()

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Drag between two places, as shares of the chart's width and height."""
        box = self.box
        for place, act in ((start, self.page.mouse.down), (end, self.page.mouse.up)):
            self.page.mouse.move(box["x"] + place[0] * box["width"], box["y"] + place[1] * box["height"])
            act()

    def click(self, x: float, y: float) -> None:
        self.drag((x, y), (x, y))

    def drawn(self) -> list[dict[str, str]]:
        """Return what the browser keeps of this market's drawings."""
        kept = self.page.evaluate("localStorage.getItem('drawings BTC/USDT')")
        drawings: list[dict[str, str]] = json.loads(kept or "[]")
        return drawings


def box_of(element: Locator) -> FloatRect:
    box = element.bounding_box()
    assert box is not None
    return box


def test_an_own_order_is_dragged_to_another_price_and_what_was_set_up_outlives_a_reload(visitor: Visitor) -> None:
    page = TradingPage(visitor).log_in("outsider")
    chart = Chart(page)
    page.place(side="sell", type="limit", price="65001.00", quantity="0.03")
    line = chart.line("Sell 0.03000 at 65,001.00")
    expect(line).to_be_visible()
    chart.hold(line, by=-40)
    chart.page.mouse.up()
    question = chart.page.get_by_role("dialog", name="Move this order?")
    expect(question).to_contain_text("Price now65,001.00")
    expect(question).to_contain_text(re.compile(r"New price65,0\d\d\.\d\d"))
    expect(question).to_contain_text(re.compile(r"Total1,950\.\d\d USDT"))
    visitor.shot("move-order")
    answer = question.get_by_role("button", name="Move to")
    expect(answer).to_be_focused()
    price = answer.inner_text().removeprefix("Move to ")
    answer.click()
    expect(page.show("Open orders").get_by_role("row", name=re.compile(re.escape(price)))).to_contain_text("0.03000")
    moved = chart.line(f"Sell 0.03000 at {price}")
    expect(moved).to_be_visible()

    chart.press("Indicators")
    chart.press("Add Exponential average (EMA)")
    chart.panel.get_by_label("Length").fill("9")
    chart.page.keyboard.press("Escape")
    chart.press("Draw")
    chart.press("Horizontal line")
    chart.click(0.3, 0.6)
    assert [drawing["kind"] for drawing in chart.drawn()] == ["horizontal"]
    chart.page.reload()
    page.expect_state("Live")
    expect(chart.panel.locator(".candle-words")).to_contain_text("EMA 9")
    chart.press("Draw")
    delete = chart.panel.get_by_role("button", name="Delete the chosen drawing")
    expect(delete).to_be_disabled()
    chart.click(0.7, 0.6)
    expect(delete).to_be_enabled()
    delete.click()
    assert chart.drawn() == []

    moved.hover()
    moved.get_by_role("button", name="Cancel").click()
    expect(moved).to_have_count(0)


@pytest.mark.long
def test_a_line_goes_back_by_escape_by_another_thought_and_by_a_refusal(visitor: Visitor) -> None:
    page = TradingPage(visitor).log_in("outsider")
    visitor.forgive(REFUSALS)
    chart = Chart(page)
    page.place(side="sell", type="limit", price="65001.00", quantity="0.04", post_only=True)
    line = chart.line("Sell 0.04000 at")
    there = chart.line("Sell 0.04000 at 65,001.00")
    question = chart.page.get_by_role("dialog", name="Move this order?")
    expect(there).to_be_visible()

    chart.hold(line, by=-40)
    expect(there).to_have_count(0)
    chart.page.keyboard.press("Escape")
    expect(there).to_be_visible()
    chart.page.mouse.up()
    expect(question).to_be_hidden()

    chart.hold(line, by=-40)
    chart.page.mouse.up()
    expect(question).to_be_visible()
    chart.page.keyboard.press("Escape")
    expect(there).to_be_visible()

    x, y = chart.grip(line)
    chart.page.mouse.move(x + 300, y)  # on the line itself
    chart.page.mouse.down()
    chart.page.mouse.move(x + 300, chart.box["y"] + chart.box["height"] * 0.95)
    chart.page.mouse.up()
    expect(question).to_contain_text("New price")
    question.get_by_role("button", name="Move to").click()
    expect(chart.panel.get_by_role("alert")).to_contain_text("would trade at once")
    expect(there).to_be_visible()
    visitor.shot("move-refused")
    line.hover()
    line.get_by_role("button", name="Cancel").click()
    expect(line).to_have_count(0)


@pytest.mark.long
def test_a_stop_is_moved_by_its_trigger(visitor: Visitor) -> None:
    page = TradingPage(visitor).log_in("outsider")
    visitor.forgive(REFUSALS)
    chart = Chart(page)
    page.place(side="sell", type="stop", stop_price="64995.00", quantity="0.06")
    there = chart.line("Stop: sell 0.06000 at 64,995.00")
    question = chart.page.get_by_role("dialog", name="Move this order?")
    chart.hold(there, by=20)
    chart.page.mouse.up()
    expect(question).to_contain_text("Trigger now64,995.00")
    expect(question).to_contain_text("below the last price")
    answer = question.get_by_role("button", name="Move to")
    price = answer.inner_text().removeprefix("Move to ")
    answer.click()
    moved = chart.line(f"Stop: sell 0.06000 at {price}")
    expect(moved).to_be_visible()
    expect(page.show("Open orders").get_by_role("row", name=re.compile(re.escape(price)))).to_contain_text("0.06000")

    chart.hold(moved, by=-150)
    chart.page.mouse.up()
    answer.click()
    expect(chart.panel.get_by_role("alert")).to_contain_text("the order would trigger at once")
    expect(moved).to_be_visible()
    moved.hover()
    moved.get_by_role("button", name="Cancel").click()
    expect(moved).to_have_count(0)


@pytest.mark.long
def test_an_order_that_ends_while_it_is_moved_is_let_go(exchange: RunningExchange, visitor: Visitor) -> None:
    page = TradingPage(visitor).log_in("outsider")
    chart = Chart(page)
    page.place(side="sell", type="limit", price="65001.00", quantity="0.05")
    line = chart.line("Sell 0.05000 at")
    expect(line).to_be_visible()
    chart.hold(line, by=-40)
    assert exchange.place("taker", side="buy", price="65001.00", quantity="0.05")[0] == 201
    expect(line).to_have_count(0)
    chart.page.mouse.up()
    expect(chart.page.get_by_role("dialog")).to_have_count(0)


@pytest.mark.long
def test_drawings_are_made_moved_undone_and_deleted(visitor: Visitor) -> None:
    chart = Chart(TradingPage(visitor))
    chart.press("Draw")
    chart.press("Trend line")
    chart.drag((0.3, 0.3), (0.6, 0.5))
    chart.press("Rectangle")
    chart.click(0.65, 0.2)
    chart.click(0.8, 0.4)
    chart.press("Fibonacci levels")
    chart.drag((0.3, 0.6), (0.5, 0.2))
    chart.press("Trend line")
    chart.page.mouse.move(chart.box["x"] + 80, chart.box["y"] + 80)
    chart.page.mouse.down()
    chart.page.keyboard.press("Escape")
    chart.page.mouse.up()
    chart.page.keyboard.press("Escape")
    made = chart.drawn()
    assert [drawing["kind"] for drawing in made] == ["trend", "rectangle", "fibonacci"]
    visitor.shot("drawings")

    chart.drag((0.65, 0.3), (0.7, 0.35))
    moved = chart.drawn()
    assert moved[0] == made[0]
    assert moved[1] != made[1]
    chart.press("Undo")
    assert chart.drawn() == made
    chart.click(0.65, 0.3)
    chart.page.keyboard.press("Delete")
    assert [drawing["kind"] for drawing in chart.drawn()] == ["trend", "fibonacci"]
    chart.page.keyboard.press("Control+z")
    assert chart.drawn() == made
    chart.page.get_by_role("button", name="5m", exact=True).click()
    chart.page.reload()
    assert chart.drawn() == made


@pytest.mark.long
def test_every_indicator_is_drawn_with_its_numbers_and_all_are_reached_by_keyboard(visitor: Visitor) -> None:
    chart = Chart(TradingPage(visitor))
    chart.panel.get_by_role("button", name="Indicators").focus()
    chart.page.keyboard.press("Enter")
    menu = chart.panel.get_by_role("group", name="Indicators", exact=True)
    for name in ("Moving average (SMA)", "Bollinger bands", "Relative strength (RSI)", "MACD"):
        menu.get_by_role("button", name=f"Add {name}").focus()
        chart.page.keyboard.press("Enter")
    menu.get_by_role("button", name="Add Moving average (SMA)").click()
    words = chart.panel.locator(".candle-words")
    for name in ("SMA 20", "BB 20 2", "RSI 14", "MACD 12 26 9"):
        expect(words).to_contain_text(name)
    lengths = menu.get_by_label("Length")
    lengths.first.fill("0")
    expect(menu.get_by_role("alert").first).to_have_text("A whole number from 1 to 500")
    lengths.first.fill("50")
    expect(words).to_contain_text("SMA 50")
    menu.get_by_label("Volume").uncheck()
    visitor.shot("indicators")
    menu.get_by_role("button", name="Remove RSI 14").click()
    expect(words).not_to_contain_text("RSI")
    chart.page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    expect(chart.panel.get_by_role("button", name="Indicators")).to_be_focused()


@pytest.mark.long
@pytest.mark.parametrize("width", [375, 1440])
def test_the_chart_fills_the_screen_and_escape_leaves(visitors: Visitors, width: int) -> None:
    visitor = visitors(width=width, height=800)
    chart = Chart(TradingPage(visitor))
    for has_screen in (True, False):
        if not has_screen:
            chart.page.evaluate("Element.prototype.requestFullscreen = undefined")
        before = box_of(chart.panel)
        chart.press("Full screen")
        expect(chart.panel.get_by_role("button", name="Leave full screen")).to_be_visible()
        expect(chart.panel).to_have_class(re.compile("full"))
        assert box_of(chart.panel)["width"] >= width
        visitor.shot(f"full-screen-{width}")
        if has_screen:
            chart.press("Leave full screen")
        else:
            chart.page.keyboard.press("Escape")
        expect(chart.panel.get_by_role("button", name="Full screen", exact=True)).to_be_visible()
        assert box_of(chart.panel) == before
