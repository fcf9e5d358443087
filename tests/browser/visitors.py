"""People at browsers: each has one of their own, and nothing may go wrong in it unnoticed."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, ConsoleMessage, Page

TIMEOUT_MS = 15_000  # of a step; machines that run tests are busy
SCREENSHOTS = Path(__file__).parent / "screenshots"
# What a browser says by itself of answers like 400, and while a server is away. Who provokes them forgives them.
REFUSALS = r"Failed to load resource: the server responded with a status of 4\d\d"
OUTAGES = r"Failed to load resource|WebSocket connection to"


class Visitor:
    """A page of a fresh browser profile at a running exchange; what its console complains about is kept."""

    def __init__(self, page: Page, web: str) -> None:
        self.page = page
        self.web = web
        self.complaints: list[str] = []
        self._forgiven: list[str] = []
        page.set_default_timeout(TIMEOUT_MS)
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def open(self, path: str = "/") -> None:
        """Go to an address of the exchange."""
        self.page.goto(f"http://{self.web}{path}")

    def forgive(self, pattern: str) -> None:
        """Expect complaints of this kind: the test provokes them."""
        self._forgiven.append(pattern)

    def shot(self, name: str) -> None:
        """Keep what the page looks like."""
        SCREENSHOTS.mkdir(exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png")

    def unforgiven(self) -> list[str]:
        """Return what nobody expected."""
        return [text for text in self.complaints if not any(re.search(pattern, text) for pattern in self._forgiven)]

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.text} ({message.location['url']})")


@contextmanager
def visiting(
    browser: Browser,
    web: str,
    *,
    width: int = 1280,
    height: int = 800,
    theme: Literal["dark", "light"] = "dark",
    locale: str = "en-US",
    timezone: str | None = None,
) -> Iterator[Visitor]:
    """Give a person a browser; at the end its console must be empty."""
    profile = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=theme,
        reduced_motion="reduce",
        locale=locale,
        timezone_id=timezone,
    )
    try:
        visitor = Visitor(profile.new_page(), web)
        yield visitor
        assert visitor.unforgiven() == []
    finally:
        profile.close()
