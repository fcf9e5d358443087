"""The screenshots of the documentation: `make screenshots` makes them anew, over an exchange that the demo keeps busy.

A settlement fails on purpose before the demo begins, and visitors come after it has traded for a while. What they see
is kept in docs/screenshots.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from config.embedded.settings import PROJECT
from tests.browser.trading_page import PASSWORD, TradingPage
from tests.browser.visitors import Visitor
from tests.launcher.copies import own_environment
from tests.launcher.running import RunningExchange, eventually, running

pytestmark = [pytest.mark.browser]

Visitors = Callable[..., Visitor]
FOLDER = PROJECT / "docs" / "screenshots"
MINUTES = float(os.environ.get("MINUTES") or 12)
LEFT_ALONE_S = 600  # a demo that nobody stops ends by itself
KB_MAX = 200
# The hold of a trade is away for a moment: available instead of held, and back again.
_MOVE = """
UPDATE settlement_account a SET held = held - %(amount)s, available = available + %(amount)s
FROM exchange_user u WHERE u.id = a.owner_id AND u.username = 'maker' AND a.asset_id = 'USDT'
"""


@pytest.fixture(scope="module")
def exchange() -> Iterator[RunningExchange]:
    """Run an exchange where a settlement has failed and the demo has traded for MINUTES."""
    with own_environment() as environment, running(environment) as exchange:
        fail_a_settlement(exchange)
        demo = subprocess.Popen(
            [
                sys.executable, "manage.py", "demo_flow", "--rate", "12", "--url", f"http://{exchange.api}",
                "--seconds", str(60 * MINUTES + LEFT_ALONE_S),
            ],
            cwd=PROJECT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        time.sleep(60 * MINUTES)  # this is the time that the chart shows
        yield exchange
        demo.send_signal(signal.SIGTERM)
        assert demo.wait(30) == 0


def fail_a_settlement(exchange: RunningExchange) -> None:
    order = {"symbol": "LTC/USDT", "price": "85.00", "quantity": "1.5"}
    assert exchange.place("maker", side="buy", **order)[0] == 201
    held = Decimal(exchange.balance("maker", "USDT")["held"])
    with exchange.database() as database:
        database.execute(_MOVE, {"amount": held})
        assert exchange.place("taker", side="sell", **order)[0] == 201
        found = "SELECT 1 FROM settlement_failedsettlement WHERE state = 'dead'"
        eventually(lambda: database.execute(found).fetchone(), "the dead letter")
        database.execute(_MOVE, {"amount": -held})


def keep(page: Page, name: str) -> None:
    """Keep what the page looks like, small enough for a repository."""
    FOLDER.mkdir(exist_ok=True)
    path: Path = FOLDER / f"{name}.jpg"
    page.screenshot(path=path, type="jpeg", quality=80)
    assert path.stat().st_size < KB_MAX * 1_024, f"{path.name} is too large"


def at_market(visitors: Visitors, width: int, height: int, theme: str) -> TradingPage:
    page = TradingPage(visitors(width=width, height=height, theme=theme))
    expect(page.page.locator(".trades .trade").first).to_be_visible()
    expect(page.page.locator(".candle-words.up, .candle-words.down")).to_be_visible()
    return page


def try_demo_and_trade(page: TradingPage) -> None:
    """Open a demo account with the button, buy at market, leave orders in the book."""
    page.form.get_by_role("button", name="Try with a demo account").click()
    page.expect_notice("Your demo account is")
    page.place(side="buy", type="market", quantity="0.05")
    page.expect_notice("Bought 0.05000 BTC")
    last = Decimal(page.page.locator(".summary .last").inner_text().replace(",", ""))
    for part in ("0.996", "0.994"):  # the market does not come there while the picture is taken
        page.place(side="buy", type="limit", price=f"{last * Decimal(part):.2f}", quantity="0.1")
        page.expect_notice("Buy 0.10000 BTC at")
    page.place(side="sell", type="stop", stop_price=f"{last * Decimal('0.97'):.2f}", quantity="0.02")
    page.expect_notice("Sell 0.02000 BTC at market: waits")
    page.write(type="limit", side="buy", quantity="0.25")


def test_the_market_by_night(visitors: Visitors) -> None:
    page = at_market(visitors, 1440, 900, "dark")
    try_demo_and_trade(page)
    keep(page.page, "trading-dark")


def test_the_market_by_day(visitors: Visitors) -> None:
    page = at_market(visitors, 1440, 900, "light")
    page.page.get_by_role("tab", name="Depth").click()
    expect(page.page.locator("#depth-words")).to_contain_text("Bids:")
    keep(page.page, "trading-light")


def test_the_market_on_a_phone(visitors: Visitors) -> None:
    page = at_market(visitors, 375, 812, "dark")
    keep(page.page, "trading-phone")


def test_the_back_office(visitors: Visitors) -> None:
    visitor = visitors(width=1440, height=900, theme="light")
    page = visitor.page
    visitor.open("/admin/")
    page.get_by_label("Username").fill("staff")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("list", name="Alerts")).to_contain_text("could not be settled")
    keep(page, "back-office")
    page.get_by_role("link", name="FailedSettlements").click()
    page.locator("#result_list tbody tr th a").first.click()
    expect(page.get_by_text("Balances of both parties").first).to_be_visible()
    keep(page, "failed-settlement")
