"""The page in other languages, number formats and time zones."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_looks import NAMELESS
from tests.browser.trading_page import PASSWORD, TradingPage
from tests.browser.visitors import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser"), pytest.mark.usefixtures("quoted")]

Visitors = Callable[..., Visitor]
ISOLATES = re.compile("[\u2068\u2069]")


def log_in(page: Page, name: str) -> None:
    """Log in where the names of things are not English."""
    page.locator("button.login").first.click()
    page.locator("[name=username]").fill(name)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator(".login-form [type=submit]").click()
    expect(page.locator(".who")).to_have_text(name)


def shown(page: Page, selector: str) -> str:
    """Return a text as it is read: without the signs that hold its parts in their order."""
    return ISOLATES.sub("", page.locator(selector).first.inner_text())


def test_an_order_is_placed_in_spanish_with_numbers_as_spanish_has_them(visitors: Visitors) -> None:
    visitor = visitors(locale="es-ES")
    page = visitor.page
    visitor.open("/trade/BTC-USDT")
    expect(page.locator("html[lang=es][dir=ltr]")).to_be_attached()
    expect(page.locator("#connection")).to_have_text("En vivo")
    log_in(page, "outsider")

    page.get_by_label("Precio", exact=True).fill("64.300,50")
    quantity = page.get_by_label("Cantidad", exact=True)
    quantity.fill("0.02")
    expect(page.locator("#order-quantity-understood")).to_have_text("no está claro")
    quantity.fill("0,02")
    expect(page.locator("#order-quantity-understood")).to_have_text("= 0,02000 BTC")
    page.get_by_role("button", name="Comprar BTC").click()

    expect(page.locator(".notice")).to_contain_text("Compra de 0,02000 BTC a 64.300,50 USDT: en el libro")
    visitor.shot("spanish")
    page.get_by_role("button", name="Cancelar: compra de 0,02000 BTC/USDT a 64.300,50").click()
    expect(page.get_by_text("No hay órdenes abiertas")).to_be_visible()


@pytest.mark.long
def test_language_numbers_and_time_zone_are_set_and_the_order_form_stays(visitors: Visitors) -> None:
    visitor = visitors(timezone="Europe/Madrid")
    trading = TradingPage(visitor).log_in("outsider")
    page = visitor.page
    trading.write(side="buy", price="64,300.50", quantity="0.02")

    page.locator(".settings-button").click()
    page.locator("[name=language]").select_option("ar")
    expect(page.locator("html[lang=ar][dir=rtl]")).to_be_attached()
    expect(page.locator(".who")).to_have_text("outsider")
    expect(page.locator("[name=price]")).to_have_value("64300.50")
    page.locator(".settings-button").click()
    page.locator("[name=numbers]").select_option("de")
    expect(page.locator("[name=price]")).to_have_value("64300,50")
    page.locator(".settings-button").click()
    page.locator("[name=time-zone]").fill("Asia/Tokyo")
    page.locator("[name=time-zone]").press("Enter")
    expect(page.locator(".foot")).to_contain_text("Asia/Tokyo")

    page.locator(".submit").click()
    expect(page.locator(".notice")).to_be_visible()
    assert shown(page, ".notice span") == "شراء 0,02000 BTC بسعر 64.300,50 USDT: في دفتر الأوامر"  # Arabic
    time = page.locator(".account-body time").first
    placed_at = time.get_attribute("datetime")
    tokyo = page.evaluate(
        "(at) => new Intl.DateTimeFormat('en', {timeZone: 'Asia/Tokyo', timeStyle: 'medium', hourCycle: 'h23'})"
        ".format(new Date(at))",
        placed_at,
    )
    expect(time).to_contain_text(tokyo)
    tabs = page.locator(".account [role=tab]")
    tabs.first.press("ArrowLeft")
    expect(tabs.nth(1)).to_be_focused()
    tabs.nth(1).press("ArrowRight")
    expect(tabs.first).to_have_attribute("aria-selected", "true")
    visitor.shot("arabic")
    page.locator(".account-body .actions button").last.click()
    expect(page.locator(".account-body time")).to_have_count(0)


@pytest.mark.long
def test_an_expiry_is_typed_in_the_time_zone_of_the_page(visitors: Visitors) -> None:
    visitor = visitors(timezone="Europe/Madrid")
    page = TradingPage(visitor).log_in("outsider")
    visitor.page.evaluate("localStorage.setItem('time zone', JSON.stringify('America/New_York'))")
    visitor.page.reload()
    noon = datetime.now(ZoneInfo("America/New_York")).replace(hour=12, minute=0) + timedelta(days=3)
    with visitor.page.expect_request("**/api/v1/orders") as sent:
        page.place(side="buy", price="64000", quantity="0.01", time_in_force="gtd", expire_at=f"{noon:%Y-%m-%dT%H:%M}")

    expires_at = noon.astimezone(UTC)
    order = sent.value.post_data_json
    assert order
    assert order["expire_at"] == f"{expires_at:%Y-%m-%dT%H:%M}:00.000Z"
    page.account.get_by_role("button", name=re.compile("^Cancel buy")).click()


@pytest.mark.long
@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize(("width", "height"), [(375, 812), (768, 1024), (1440, 900), (1920, 1080)])
@pytest.mark.parametrize("locale", ["ar", "es"])
def test_a_language_fits_every_width_in_both_themes(
    visitors: Visitors, locale: str, width: int, height: int, theme: str
) -> None:
    visitor = visitors(width=width, height=height, theme=theme, locale=locale)
    page = visitor.page
    visitor.open("/trade/BTC-USDT")
    expect(page.locator("#connection.live")).to_be_visible()
    if width != 768:
        page.evaluate("document.querySelector('.login').click()")
        page.locator("[name=username]").fill("maker")
        page.locator("[name=password]").fill(PASSWORD)
        page.locator(".login-form [type=submit]").click()
        expect(page.locator(".account tbody tr").first).to_be_attached()
    expect(page.locator(".trade").first).to_contain_text(re.compile(r"6[45][,.]\d"))
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.evaluate(NAMELESS) == []
    visitor.shot(f"page-{locale}-{width}-{theme}")
    page.locator(".settings-button").click()
    visitor.shot(f"settings-{locale}-{width}-{theme}")
