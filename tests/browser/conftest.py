"""Fixtures of the browser tests: a real exchange as `make run` starts it, and Debian's Chromium."""

import os
import random
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from functools import partial

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.flow import quote_book, trade_once
from tests.browser.visitors import TIMEOUT_MS, Visitor, visiting
from tests.launcher.copies import own_environment
from tests.launcher.running import RunningExchange, running

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")


@pytest.fixture(scope="session")
def exchange() -> Iterator[RunningExchange]:
    """Run one exchange for all files, because starting it takes longest; nobody trades there but the tests."""
    with own_environment() as environment, running(environment) as exchange:
        yield exchange


@pytest.fixture(scope="session")
def quoted(exchange: RunningExchange) -> None:
    """Quote a book around 65,000 and trade in it, the last time at 65,000."""
    rng = random.Random(1)
    quote_book(exchange, rng)
    for _ in range(10):
        trade_once(exchange, rng)
    assert exchange.place("maker", side="sell", price="65000.00")[0] == 201
    assert exchange.place("taker", side="buy", price="65000.00")[0] == 201


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Start the browser. Its library runs an event loop in this thread, which Django would take for one of ours."""
    expect.set_options(timeout=TIMEOUT_MS)
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def visitors(exchange: RunningExchange, chromium: Browser) -> Iterator[Callable[..., Visitor]]:
    """Let several people come, each with a browser profile of their own: `visitors(width=375, theme="light")`."""
    with ExitStack() as stack:
        visit: Callable[..., AbstractContextManager[Visitor]] = partial(visiting, chromium, exchange.web)
        yield lambda **options: stack.enter_context(visit(**options))


@pytest.fixture
def visitor(visitors: Callable[..., Visitor]) -> Visitor:
    """Bring one person to the exchange, who has not opened a page yet."""
    return visitors()
