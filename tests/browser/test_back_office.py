"""Every list of the back office at 1440 x 900: it fits, sorts, downloads, and is found; over rows of real widths."""

import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from config.embedded.settings import PROJECT
from tests.browser.visitors import Visitor
from tests.launcher.copies import own_environment
from tests.launcher.running import RunningExchange, running

pytestmark = [pytest.mark.browser, pytest.mark.long, pytest.mark.xdist_group("browser")]

Visitors = Callable[..., Visitor]
# Rows for every list, with numbers as long as those of busy markets.
FILL = """
from tests.integration.admin.fill import fill
from tests.integration.admin.many_rows import ManyRows
fill(orders=3_000, trades=900, users=60)
ManyRows().grow(3)
"""
WIDEN = """
UPDATE exchange_market SET symbol = 'DOGE' || id || '/USDT' WHERE length(symbol) > 15;
UPDATE orders_order SET price = 65432.12, quantity = 12345.67891, filled_quantity = 1234.56789;
UPDATE orders_order SET stop_price = 65000.12 WHERE stop_price IS NOT NULL;
UPDATE orders_trade SET price = 65432.12, quantity = 12345.67891, buyer_hold = 1e10;
UPDATE settlement_account SET available = 12345678.12345678, held = 1234567.12345678 WHERE kind = 'user';
UPDATE settlement_walletreservation SET amount = 1234567.12345678, needed = 1234567.12345678
"""
MEASURE = """() => {
    const table = document.querySelector("#result_list");
    const box = table?.closest(".simplebar-content-wrapper") ?? table?.parentElement;
    return {
        page: document.documentElement.scrollWidth - window.innerWidth,
        list: box ? box.scrollWidth - box.clientWidth : 0,
    };
}"""


@pytest.fixture(scope="module")
def exchange() -> Iterator[RunningExchange]:
    """Run an exchange with rows in every list, for this file alone."""
    with own_environment() as environment, running(environment) as exchange:
        subprocess.run([sys.executable, "manage.py", "shell", "-c", FILL], cwd=PROJECT, env=environment, check=True)
        with exchange.database() as database:
            database.execute(WIDEN)
        yield exchange


@pytest.fixture
def visitor(visitors: Visitors) -> Visitor:
    return log_in(visitors, "staff")


def log_in(visitors: Visitors, name: str) -> Visitor:
    visitor = visitors(width=1440, height=900, theme="light")
    page = visitor.page
    visitor.open("/admin/")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill("demo-password")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_text("Engines, over the last 10 seconds")).to_be_visible()
    return visitor


def lists_of(page: Page) -> list[str]:
    links = page.locator("#nav-sidebar a[href^='/admin/']").evaluate_all(
        "links => links.map((link) => link.getAttribute('href'))"
    )
    return sorted({link for link in links if link.count("/") == 4})


def test_every_list_fits_the_screen(visitor: Visitor) -> None:
    lists, too_wide = lists_of(visitor.page), {}
    assert len(lists) > 25

    for link in [*lists, "/admin/orders/order/?type__exact=trailing_stop"]:
        visitor.open(link)
        visitor.shot(f"list-{link.split('/')[3]}{link.partition('=')[2]}")
        over = visitor.page.evaluate(MEASURE)
        if over["page"] > 0 or over["list"] > 0:
            too_wide[link] = over

    assert too_wide == {}


def test_a_list_is_sorted_by_its_heads_and_downloaded_in_that_order(visitor: Visitor) -> None:
    page = visitor.page
    visitor.open("/admin/settlement/account/?kind__exact=user")
    page.get_by_role("link", name="Total").click()
    expect(page.locator("#result_list thead .sortoptions")).to_be_visible()
    first = page.locator("#result_list tbody tr").first.locator("td, th").nth(1).inner_text()

    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()

    lines = download.value.path().read_text().splitlines()
    assert download.value.suggested_filename.startswith("account-")
    assert lines[0].startswith("Id,Owner,Kind") and lines[1].split(",")[1] == first


def test_one_box_finds_an_order_a_user_and_a_market(visitor: Visitor, exchange: RunningExchange) -> None:
    page = visitor.page
    with exchange.database() as database:
        row = database.execute("SELECT id::text FROM orders_order ORDER BY id DESC LIMIT 1").fetchone()
    assert row
    for term, title in ((row[0], row[0]), ("maker", "maker"), ("btc-usdt", "BTC/USDT")):
        box = page.get_by_role("searchbox", name="Search everything")
        box.fill(term)
        box.press("Enter")
        expect(page.get_by_text(title).first).to_be_visible()
        visitor.shot(f"found-{term[:8]}")


def test_a_refused_form_keeps_what_was_typed_and_a_sound_one_waits_for_another(visitors: Visitors) -> None:
    visitor = log_in(visitors, "settlement")
    page = visitor.page
    visitor.open("/admin/find/?q=maker")
    page.get_by_role("link", name="Deposit…").click()
    page.get_by_label("Amount").fill("99999999999999999999")
    page.get_by_label("Reference of the transaction outside").fill("SEPA:12")
    page.get_by_label("Reason").fill("wire 12")
    page.get_by_role("button", name="Propose").click()

    expect(page.get_by_text("Must be below 1,000,000,000,000,000")).to_be_visible()
    expect(page.get_by_label("Amount")).to_have_value("99999999999999999999")
    expect(page.get_by_label("Reason")).to_have_value("wire 12")
    visitor.shot("refused-deposit")
    page.get_by_label("Amount").fill("12")
    page.get_by_label("Asset").select_option("USDT")
    page.get_by_role("button", name="Propose").click()
    expect(page.get_by_text("somebody else has to approve it")).to_be_visible()

    second = log_in(visitors, "settlement2")
    second.open("/admin/proposals/proposal/?state__exact=proposed")
    second.shot("queue-of-proposals")
    second.page.locator("#result_list tbody tr th a").first.click()
    second.shot("proposal")
    second.page.get_by_role("link", name="Approve…").click()
    second.page.get_by_role("button", name="Approve").click()
    expect(second.page.get_by_text("The proposal is approved")).to_be_visible()
