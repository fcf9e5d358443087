"""The trading page as its visitors use it: by names and labels, as they are read out."""

import re
from typing import Any

from playwright.sync_api import Locator, expect

from tests.browser.visitors import TIMEOUT_MS, Visitor

PASSWORD = "demo-password"


class TradingPage:
    """A visitor at the trading page of a market."""

    def __init__(self, visitor: Visitor, path: str = "/trade/BTC-USDT") -> None:
        self.visitor, self.page = visitor, visitor.page
        visitor.open(path)
        self.expect_state("Live")

    def expect_state(self, *states: str, timeout_s: float = TIMEOUT_MS / 1000) -> None:
        """Wait until the connection is said to be in one of these states."""
        expect(self.page.locator("#connection")).to_have_text(re.compile("|".join(states)), timeout=timeout_s * 1000)

    def log_in(self, name: str) -> "TradingPage":
        self.page.get_by_role("button", name="Log in", exact=True).first.click()
        dialog = self.page.get_by_role("dialog", name="Log in")
        dialog.get_by_label("Name").fill(name)
        dialog.get_by_label("Password").fill(PASSWORD)
        dialog.get_by_role("button", name="Log in", exact=True).click()
        expect(self.page.get_by_text(name, exact=True)).to_be_attached()
        expect(dialog).to_be_hidden()
        expect(self.form.locator(".available b")).not_to_have_text(re.compile(r"^(0|\W)"))
        return self

    @property
    def form(self) -> Locator:
        return self.page.get_by_role("region", name="Order form")

    @property
    def account(self) -> Locator:
        return self.page.get_by_role("region", name="Account")

    def write(self, **fields: Any) -> None:
        """Fill the order form: `side`, `type`, a field by its API name, or an option."""
        for name, value in fields.items():
            if name == "side":
                self.form.get_by_role("button", name=value.capitalize(), exact=True).click()
            elif isinstance(value, bool):
                self._options()
                self.form.locator(f"[name='{name}']").set_checked(value)
            elif name in ("type", "time_in_force", "self_trade_prevention"):
                if name != "type":
                    self._options()
                self.form.locator(f"[name='{name}']").select_option(value)
            else:
                if name in ("display_quantity", "expire_at"):
                    self._options()
                self.form.locator(f"[name='{name.replace('__', '.')}']").fill(value)

    def place(self, **fields: Any) -> None:
        self.write(**fields)
        self.form.locator("button[type=submit]").click()

    def expect_notice(self, text: str) -> None:
        """Wait for a notice with this text, and dismiss it."""
        notice = self.page.locator(".notice", has_text=text).first
        expect(notice).to_be_visible()
        notice.get_by_role("button", name="Dismiss").click()

    def error_at(self, name: str) -> Locator:
        """Return what is said beneath a field."""
        return self.form.locator(f"#order-{name}-error")

    def understood(self, name: str) -> Locator:
        """Return what is said beside a field of the number in it."""
        return self.form.locator(f"#order-{name}-understood")

    def show(self, tab: str) -> Locator:
        """Open a tab of the account and return its panel."""
        self.account.get_by_role("tab", name=tab).click()
        return self.account.get_by_role("tabpanel")

    def balance(self, asset: str) -> tuple[str, str]:
        """Return what is available and held of an asset, as it is shown."""
        row = self.show("Balances").get_by_role("row", name=re.compile(f"^{asset} "))
        expect(row).to_be_visible()
        cells = row.get_by_role("cell").all_inner_texts()
        return cells[1], cells[2]

    def level(self, price: str) -> Locator:
        """Return the book's row of a price."""
        return self.page.locator(".level", has=self.page.get_by_text(price, exact=True))

    def _options(self) -> None:
        details = self.form.locator("details")
        if details.get_attribute("open") is None:
            details.locator("summary").click()
