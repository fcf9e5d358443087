"""The way of a member of staff: a settlement has failed, the dashboard says so, three clicks later it is settled."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from tests.browser.visitors import Visitor
from tests.launcher.running import RunningExchange, eventually

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

Visitors = Callable[..., Visitor]
SALE = {"symbol": "ETH/USDT", "quantity": "0.1"}  # where nobody else trades
# What is held goes to what is available and back: the ledger stays as it is, only the hold of the trade is missing.
_MOVE = """
UPDATE settlement_account a SET held = held - %(amount)s, available = available + %(amount)s
FROM exchange_user u WHERE u.id = a.owner_id AND u.username = 'maker' AND a.asset_id = 'USDT'
"""


@pytest.fixture(scope="module")
def failed(exchange: RunningExchange) -> str:
    """Let the settlement of a trade fail for want of a hold, which is there again afterwards; return the trade's id."""
    status, _ = exchange.place("maker", side="buy", price="3400.00", **SALE)
    assert status == 201
    held = Decimal(exchange.balance("maker", "USDT")["held"])
    with exchange.database() as database:
        database.execute(_MOVE, {"amount": held})
        status, _ = exchange.place("taker", side="sell", type="market", price=None, **SALE)
        assert status == 201

        def dead() -> str | None:
            row = database.execute("SELECT trade_id::text FROM settlement_failedsettlement WHERE state = 'dead'")
            found = row.fetchone()
            return found[0] if found else None

        trade_id: str = eventually(dead, "the dead letter")
        database.execute(_MOVE, {"amount": -held})
    return trade_id


def log_in(visitor: Visitor, name: str = "staff") -> Page:
    page = visitor.page
    visitor.open("/admin/")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill("demo-password")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_text("Engines, over the last 10 seconds")).to_be_visible()
    return page


def test_a_failed_settlement_is_found_retried_and_settled_in_three_clicks(
    exchange: RunningExchange, failed: str, visitors: Visitors
) -> None:
    visitor = visitors(width=1280, height=900, theme="light")
    page = log_in(visitor)
    expect(page.get_by_role("list", name="Alerts")).to_contain_text("1 trade could not be settled")
    visitor.shot("staff-dashboard")
    before = Decimal(exchange.balance("maker", "ETH")["available"])

    page.get_by_role("link", name="FailedSettlements").click()
    expect(page.get_by_role("cell", name="Dead letter")).to_be_visible()
    visitor.shot("staff-failed-settlements")
    page.locator("#result_list tbody tr th a").first.click()
    for part in (failed, "INSUFFICIENT_HOLD", "Balances of both parties", "Orders", "The legs it would have moved"):
        expect(page.get_by_text(part).first).to_be_visible()
    visitor.shot("staff-failed-settlement")
    page.get_by_role("button", name="Retry").click()

    expect(page.get_by_text(f"Trade {failed}: settled")).to_be_visible()
    visitor.shot("staff-settled")
    assert Decimal(exchange.balance("maker", "ETH")["available"]) - before == Decimal(SALE["quantity"])
    visitor.open("/admin/exchange/auditentry/")
    expect(page.get_by_role("cell", name="settlement.retry")).to_be_visible()


@pytest.mark.long
def test_the_dashboard_keeps_itself_fresh_and_says_when_it_cannot(
    exchange: RunningExchange, failed: str, visitors: Visitors
) -> None:
    visitor = visitors(width=1920, height=1080, theme="dark")
    visitor.forgive("Failed to load resource")
    page = log_in(visitor)
    read_at = page.locator(".dashboard-read").inner_text()

    expect(page.locator(".dashboard-read")).not_to_have_text(read_at, timeout=15_000)
    page.route("**/admin/dashboard/", lambda route: route.abort())
    expect(page.get_by_text("the exchange does not answer")).to_be_visible(timeout=15_000)
    page.unroute("**/admin/dashboard/")
    expect(page.get_by_text("the exchange does not answer")).to_be_hidden(timeout=15_000)

    drawn = page.evaluate(
        "[...document.querySelectorAll('canvas')].map((one) => Chart.getChart(one).data.labels.length)"
    )
    assert drawn == [24, 30]
    visitor.shot("staff-dashboard-dark")
