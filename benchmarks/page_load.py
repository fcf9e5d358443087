"""What it costs to open the trading page in a real browser that has never been there: bytes, requests, time.

Run with `python -m benchmarks page_load`; CHROMIUM names the browser. Needs the development packages (playwright).
Browser, exchange and network are one machine, so the times are those of script and layout: what a network adds follows
from bytes and requests.
"""

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.page_frames import traded_market

if TYPE_CHECKING:
    from playwright.sync_api import Browser, CDPSession

SEED = 20_261_130
LOADS = 9
TIMEOUT_MS = 60_000
WORKLOAD = (
    f"one market with a deep book; {LOADS} loads after one that warms the server, each in a browser profile of its "
    "own with nothing kept; Chromium without a window, 1440 x 900. Bytes and requests are all until the network is "
    "idle for half a second, as they are sent, with headers; interactive is the first frame in which the order form "
    "takes input and both sides of the book are shown. Medians"
)
# Looks before each frame, which is as often as anything can be seen.
_WATCHING = """
window.interactive = new Promise((resolve) => {
  const look = () => {
    const field = document.querySelector("#order-form input[name=quantity]:enabled");
    const isShown = (side) => document.querySelector(`.ladder-${side} .level:not([hidden])`)?.innerText.trim();
    if (field && isShown("bids") && isShown("asks")) resolve(performance.now());
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
});
"""
_TIMES = """async () => ({
  first_paint_ms: performance.getEntriesByName("first-contentful-paint")[0].startTime,
  interactive_ms: await window.interactive,
})"""


@dataclass(slots=True)
class Transfer:
    """What came over the network for one load."""

    transferred: int = 0
    requests: int = 0

    def follow(self, session: "CDPSession") -> None:
        """Count from now on."""
        session.on("Network.requestWillBeSent", lambda _: self._begin())
        session.on("Network.loadingFinished", lambda event: self._end(event["encodedDataLength"]))
        session.send("Network.enable")

    def _begin(self) -> None:
        self.requests += 1

    def _end(self, transferred: float) -> None:
        self.transferred += round(transferred)


def run() -> dict[str, Any]:
    """Load the page again and again, each time as somebody who sees it first."""
    with traded_market(SEED) as (_, web, slug, browser):
        rows = [_load(browser, f"{web}/trade/{slug}") for _ in range(LOADS + 1)][1:]
    medians = {f"page_load_{name}": median(row[name] for row in rows) for name in rows[0]}
    return {**medians, "workload": WORKLOAD, "rows": rows}


def _load(browser: "Browser", address: str) -> dict[str, float]:
    profile = browser.new_context(viewport={"width": 1440, "height": 900})
    try:
        page = profile.new_page()
        transfer = Transfer()
        transfer.follow(profile.new_cdp_session(page))
        page.add_init_script(_WATCHING)
        page.goto(address)
        page.evaluate("window.interactive")
        page.wait_for_load_state("networkidle", timeout=TIMEOUT_MS)
        times: dict[str, float] = page.evaluate(_TIMES)
    finally:
        profile.close()
    rounded = {name: round(time) for name, time in times.items()}
    return {"kb": round(transfer.transferred / 1_000, 1), "requests": transfer.requests, **rounded}
