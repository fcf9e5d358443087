"""A module is loaded once, whichever room names it: two copies of it would know different things."""

from collections import Counter

import pytest
from playwright.sync_api import expect

from tests.browser.trading_page import TradingPage
from tests.browser.visitors import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser"), pytest.mark.usefixtures("quoted")]


def test_no_module_is_loaded_from_two_addresses(visitor: Visitor) -> None:
    loaded: set[tuple[str, str]] = set()  # the digest of each text, and its address
    session = visitor.page.context.new_cdp_session(visitor.page)
    session.on("Debugger.scriptParsed", lambda script: loaded.add((script["hash"], script["url"])))
    session.send("Debugger.enable")

    page = TradingPage(visitor).log_in("outsider")
    chart = visitor.page.get_by_role("region", name="Chart")
    chart.get_by_role("button", name="Draw", exact=True).click()
    expect(chart.get_by_role("button", name="Trend line")).to_be_visible()
    for tab in ("Portfolio", "Ledger"):
        page.show(tab)
        expect(visitor.page.get_by_role("tabpanel", name=tab).get_by_role("table").first).to_be_visible()
    chart.get_by_role("tab", name="Depth").click()
    expect(chart.locator(".depth canvas")).to_be_visible()

    own = [(text, url.partition("/static/")[2]) for text, url in loaded if "/static/" in url]
    names = {name for _, name in own}
    assert {"trading/store.js", "charting/depth.js", "charting/sketches.js", "account/ledger.js"} <= names
    copies = Counter(text for text, _ in own)
    assert [name for text, name in own if copies[text] > 1] == []
