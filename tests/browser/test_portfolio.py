"""What a person's assets are worth and what their trades have brought, as the page shows it."""

import os
import re
import subprocess
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import Locator, expect
from trade_engine_client import Position, positions_of

from config.embedded.settings import PROJECT
from tests.browser.trading_page import TradingPage
from tests.browser.visitors import Visitor
from tests.launcher.running import RunningExchange, eventually
from tests.node import node_program

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

SYMBOL, MINUS = "LTC/USDT", "\N{MINUS SIGN}"
CLIENT = PROJECT / "examples" / "javascript" / "portfolio.mjs"
ENTRIES = """async () => Object.fromEntries((await import("/static/trading/positions.js")).entries.value)"""


def test_two_buys_and_a_sale_show_their_average_and_their_profit(exchange: RunningExchange, visitor: Visitor) -> None:
    page = visiting_with_play_money(visitor)
    panel = page.show("Portfolio")
    expect(panel.get_by_text("You have not traded yet")).to_be_visible()
    expect(panel.get_by_role("row", name=re.compile("^USDT "))).to_contain_text("%")
    visitor.shot("portfolio-without-trades")
    for side, price, quantity in (("sell", "85.00", "1"), ("sell", "86.00", "2"), ("buy", "84.00", "1")):
        assert exchange.place("maker", symbol=SYMBOL, side=side, price=price, quantity=quantity)[0] == 201

    for side, price, quantity in (("buy", "85.00", "1"), ("buy", "86.00", "2"), ("sell", "84.00", "1")):
        page.place(side=side, type="limit", price=price, quantity=quantity)
        page.expect_notice(f"{'Bought' if side == 'buy' else 'Sold'} {quantity}.000 LTC")

    counted = counted_again(exchange, page)
    unrealised = counted.quantity * Decimal("84.00") - counted.cost
    row = panel.get_by_role("row", name=re.compile("^LTC.USDT "))
    expect(row).to_contain_text("2.000 LTC bought")
    assert cells(row) == [
        SYMBOL,
        "2.000 LTC bought",
        glance(counted.cost / counted.quantity),
        "84.00",
        f"{MINUS}{glance(-counted.realised_profit)} USDT",
        f"{MINUS}{glance(-unrealised)} USDT",
        f"{glance(counted.fees)} USDT",
        f"{MINUS}{glance(counted.fees - counted.realised_profit - unrealised)} USDT",
    ]
    assert eventually(lambda: page.page.evaluate(ENTRIES).get(SYMBOL), "the entry")["quantity"] == "2.000"
    expect(panel.get_by_role("row", name=re.compile("^LTC "))).to_contain_text("%")
    visitor.shot("portfolio")
    assert f"{SYMBOL} buy 2.000 at" in shown_by_the_client(exchange)

    page.page.set_viewport_size({"width": 375, "height": 812})
    card = panel.locator("tr", has_text=SYMBOL)
    expect(card).to_be_visible()
    assert page.page.evaluate("document.documentElement.scrollWidth") == 375
    card.scroll_into_view_if_needed()
    visitor.shot("portfolio-375")
    page.page.emulate_media(color_scheme="light")
    page.page.set_viewport_size({"width": 1440, "height": 900})
    visitor.shot("portfolio-light")


def visiting_with_play_money(visitor: Visitor) -> TradingPage:
    page = TradingPage(visitor, f"/trade/{SYMBOL.replace('/', '-')}")
    page.form.get_by_role("button", name="Try with a demo account").click()
    page.expect_notice("Your demo account is")
    return page


def counted_again(exchange: RunningExchange, page: TradingPage) -> Position:
    """Count the person's position from the list of their trades."""
    exchange.tokens["guest"] = page.page.evaluate("JSON.parse(sessionStorage.getItem('session')).access")

    def trades() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = exchange.call("GET", "/api/v1/trades?mine=true", user="guest")[1]["data"]
        return found if len(found) == 3 else []

    return positions_of(reversed(eventually(trades, "the three trades")))[SYMBOL]


def shown_by_the_client(exchange: RunningExchange) -> str:
    """Return what the reference client in JavaScript prints."""
    command = [node_program(), str(CLIENT), f"http://{exchange.api}", "USDT"]
    environment = {**os.environ, "TOKEN": exchange.tokens["guest"]}
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=True, env=environment).stdout


def cells(row: Locator) -> list[str]:
    return [text.strip() for text in row.get_by_role("cell").all_inner_texts()]


def glance(amount: Decimal) -> str:
    """Write an amount between 1 and 1,000, or below 1, as the page does."""
    assert 0 < amount < 1_000
    whole, _, fraction = f"{amount:.8f}".partition(".")
    return f"{whole}.{fraction[: 8 if whole == '0' else 4].rstrip('0').ljust(2, '0')}"
