"""The trading page of a busy market in a real browser: what its main thread does, and how many frames it misses.

Run with `python -m benchmarks page_frames`; CHROMIUM names the browser, PAGE_ORDERS_PER_S changes how busy the market
is. Needs the development packages (playwright).
A browser without a graphics card paints with the processor, here on the cores that the exchange runs on, too.
"""

import json
import os
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import TYPE_CHECKING, Any

from benchmarks.durable import wait_until_served
from benchmarks.environment import roles, wait_for
from benchmarks.figures import make_market, make_traders
from benchmarks.load_ws.flow import BUY, DEPTH, GTC, IOC, SELL, Flow

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
SEED = 20_261_121
TRADERS = 20
ORDERS_PER_S = int(os.environ.get("PAGE_ORDERS_PER_S") or 60)
SECONDS = 25
WARM_UP_S = 5
MISSED_MS, SEVERAL_MISSED_MS = 25, 42  # one frame is 16.7: beyond 1.5 of them one was missed, beyond 2.5 two
WORKLOAD = (
    f"seed {SEED}: one market, {DEPTH} levels a side, {ORDERS_PER_S} orders a second, each by itself, every second "
    "one trades; Chromium without a window, 1440 x 900, painting by processor; the page with book, candles and trades, "
    f"then with the depth chart instead of candles; {SECONDS} s each after {WARM_UP_S} s to warm up; first as much "
    "without orders, which says what browser and machine miss alone. At the end the page must show all there is"
)
_METRICS = {
    "TaskDuration": "main_thread",
    "ScriptDuration": "script",
    "LayoutDuration": "layout",
    "RecalcStyleDuration": "style",
}
# Counts what arrives, per kind, without being in its way.
_COUNTING = """
window.counted = {};
window.WebSocket = class extends WebSocket {
  constructor(...address) {
    super(...address);
    this.addEventListener("message", ({ data }) => {
      const kind = /"type":"(\\w+)"/.exec(data)?.[1];
      window.counted[kind] = (window.counted[kind] ?? 0) + 1;
    });
  }
};
window.longTasks = [];
new PerformanceObserver((list) => window.longTasks.push(...list.getEntries().map(({ duration }) => duration)))
  .observe({ type: "longtask" });
"""
_FRAMES = """(seconds) => new Promise((resolve) => {
  const frames = [];
  const end = performance.now() + seconds * 1000;
  let last;
  const step = (now) => {
    if (last !== undefined) frames.push(now - last);
    last = now;
    if (now < end) requestAnimationFrame(step);
    else resolve(frames);
  };
  window.counted = {};
  window.longTasks.length = 0;
  requestAnimationFrame(step);
})"""
_SHOWN = """() => {
  const rows = (side) => [...document.querySelectorAll(`.ladder-${side} .level`)]
    .map((row) => [...row.querySelectorAll("span")].slice(0, 2).map((cell) => cell.textContent.replaceAll(",", "")));
  const trade = document.querySelector(".trade .price").textContent.replace(/[^0-9.]/g, "");
  return { asks: rows("asks").reverse(), bids: rows("bids"), last: trade };
}"""


class BusyMarket(Flow):
    """One order after the other: a maker's, one that takes it, and the same from the other side."""

    def run_evenly(self, orders_per_s: int, seconds: float) -> None:
        """Place orders at a steady rate, each in its own moment."""
        began, placed = time.monotonic(), 0
        while (elapsed := time.monotonic() - began) < seconds:
            for _ in range(int(elapsed * orders_per_s) - placed):
                self._next(placed)
                placed += 1
            time.sleep(0.002)
        self._wait()

    def _next(self, number: int) -> None:
        side, sign = ((SELL, 1), (BUY, -1))[number // 2 % 2]
        lots = self._random.randint(1, 500)
        if number % 2 == 0:
            self._place(side, 10_000 + sign * self._random.randint(1, 9), lots, GTC)
        else:
            self._place(BUY if side == SELL else SELL, 10_000 + sign * 9, lots, IOC)


@contextmanager
def traded_market(seed: int) -> Iterator[tuple[BusyMarket, str, str, "Browser"]]:
    """Serve a market with a deep book and a few trades; give its flow, the web role's address, its slug, a browser."""
    import django

    django.setup()
    from playwright.sync_api import sync_playwright

    market = make_market()
    flow = BusyMarket(market, make_traders(market, TRADERS), seed)
    with roles("engine", "web"), sync_playwright() as playwright:
        wait_until_served(market)
        web = f"http://127.0.0.1:{os.environ['WEB_PORT']}"
        wait_for("the web role", lambda: answers(f"{web}/health"))
        flow.deepen()
        flow.run_evenly(10, 1)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield flow, web, market.slug, browser
        browser.close()


def run() -> dict[str, Any]:
    """Measure both charts. What the page shows at the end must be what the exchange has."""
    with traded_market(SEED) as (flow, web, slug, browser):
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.add_init_script(_COUNTING)
        page.goto(f"{web}/trade/{slug}")
        page.locator("#connection.live").wait_for(timeout=30_000)
        time.sleep(WARM_UP_S)  # what the page does once is over
        rows = [{"shows": "candles, no orders", **_measured(page)}]
        for chart in ("Candles", "Depth"):
            page.get_by_role("tab", name=chart).click()
            rows.append({"shows": chart.lower(), **_under_load(page, flow)})
            _compare(page, f"{web}/api/v1", slug)
    busy = rows[1:]
    return {
        "page_updates_per_s": min(row["updates_per_s"] for row in busy),
        "page_main_thread_ms_per_s": max(row["main_thread_ms_per_s"] for row in busy),
        "page_longest_task_ms": max(row["longest_task_ms"] for row in busy),
        "workload": WORKLOAD,
        "rows": rows,
    }


def _under_load(page: "Page", flow: BusyMarket) -> dict[str, Any]:
    trading = Thread(target=flow.run_evenly, args=(ORDERS_PER_S, WARM_UP_S + SECONDS + 1), daemon=True)
    trading.start()
    time.sleep(WARM_UP_S)
    row = _measured(page)
    trading.join()
    return row


def _measured(page: "Page") -> dict[str, Any]:
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})  # what it used, not how long it waited for a turn
    before, began = _metrics(session), time.perf_counter()
    frames: list[float] = page.evaluate(_FRAMES, SECONDS)
    after, took_s = _metrics(session), time.perf_counter() - began
    counted: dict[str, int] = page.evaluate("window.counted")
    tasks: list[float] = page.evaluate("window.longTasks")
    session.detach()
    updates = sum(counted.get(kind, 0) for kind in ("update", "trade"))
    spent = {f"{name}_ms_per_s": round((after[k] - before[k]) / took_s * 1_000, 1) for k, name in _METRICS.items()}
    ordered = sorted(frames)
    return {
        "updates_per_s": round(updates / took_s, 1),
        "messages_per_s": {kind: round(count / took_s, 1) for kind, count in sorted(counted.items())},
        **spent,
        "main_thread_ms_per_update": round(spent["main_thread_ms_per_s"] * took_s / updates, 2) if updates else None,
        "frames_per_s": round(len(frames) / took_s, 1),
        "frames_missed_percent": _share(frames, MISSED_MS),
        "several_missed_percent": _share(frames, SEVERAL_MISSED_MS),
        "frame_ms": {
            "p50": round(ordered[len(ordered) // 2], 1),
            "p99": round(ordered[int(len(ordered) * 0.99)], 1),
            "max": round(ordered[-1], 1),
        },
        "long_tasks": len(tasks),
        "longest_task_ms": round(max(tasks, default=0.0)),
    }


def _share(frames: list[float], more_than_ms: float) -> float:
    return round(100 * sum(frame > more_than_ms for frame in frames) / len(frames), 2)


def _metrics(session: Any) -> dict[str, float]:
    return {metric["name"]: metric["value"] for metric in session.send("Performance.getMetrics")["metrics"]}


def _compare(page: "Page", api: str, slug: str) -> None:
    """Wait until the page shows the book and the last trade as REST has them."""

    def is_equal() -> bool:
        shown = page.evaluate(_SHOWN)
        book, trades = _read(f"{api}/orderbook/{slug}?depth=100"), _read(f"{api}/markets/{slug}/trades?limit=1")
        levels = {side: [[level["price"], level["volume"]] for level in book[side]] for side in ("asks", "bids")}
        sides = all(shown[side] == of_rest[: len(shown[side])] for side, of_rest in levels.items())
        return bool(sides and shown["last"] == trades[0]["price"])

    wait_for("what the exchange has on the page", is_equal, timeout_s=10, pause_s=0.5)


def _read(address: str) -> Any:
    with urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310  (our own http address)
        return json.load(answer)["data"]


def answers(address: str) -> bool:
    """Tell whether an address answers 200."""
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310  (our own http address)
            return bool(answer.status == 200)
    except OSError:
        return False
