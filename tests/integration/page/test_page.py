"""The trading page as it is sent: its market, its policy, and that all it names is there."""

import gzip
import json
import re

import pytest
from django.conf import settings
from django.test import Client

from exchange.models import Market
from exchange.selectors import markets


@pytest.fixture
def browser() -> Client:
    return Client()


def test_a_market_has_its_page_and_an_unknown_one_has_none(browser: Client, market: Market) -> None:
    answer = browser.get(f"/trade/{market.slug.lower()}")

    assert answer.status_code == 200
    assert f'data-symbol="{market.symbol}"' in answer.content.decode()
    assert browser.get("/").status_code == 200
    unknown = browser.get("/trade/<b>SUCH")
    assert unknown.status_code == 404
    assert "&lt;b&gt;SUCH" in unknown.content.decode()
    assert f'href="/trade/{markets()[0].slug}"' in unknown.content.decode()  # some of all there are
    assert browser.post("/").status_code == 405


def test_all_modules_and_libraries_that_the_page_names_are_served(browser: Client, market: Market) -> None:
    page = browser.get(f"/trade/{market.slug}").content.decode()

    found = re.search(r'<script type="importmap"[^>]*>(.*?)</script>', page)
    assert found
    named = json.loads(found[1])["imports"].values()
    files = {address for address in named if not address.endswith("/")}
    addresses = {*files, *re.findall(r'(?:href|src)="(/static/[^"]+)"', page)}
    assert len(addresses) > 30
    assert [address for address in sorted(addresses) if not is_served(browser, address)] == []


def is_served(browser: Client, address: str) -> bool:
    answer = browser.get(address)
    answer.close()
    return answer.status_code == 200


def test_files_are_sent_compressed_and_once(browser: Client) -> None:
    address = "/static/trading/store.js"
    packed, plain = browser.get(address, headers={"Accept-Encoding": "br, gzip"}), browser.get(address)

    assert gzip.decompress(packed.content) == plain.content
    assert len(packed.content) == int(packed.headers["Content-Length"]) < len(plain.content) / 2
    assert (packed.headers["Content-Encoding"], packed.headers["Vary"]) == ("gzip", "Accept-Encoding")
    assert "Content-Encoding" not in plain.headers
    assert plain.headers["Content-Type"].startswith("text/javascript")
    assert b"No input or output" not in browser.get("/static/trading/decimal.js").content
    kept = browser.get(address, headers={"If-None-Match": packed.headers["ETag"]})
    assert (kept.status_code, kept.content) == (304, b"")
    assert browser.head(address).content == b""
    assert browser.post(address).status_code == 405


def test_files_of_libraries_are_sent_as_their_makers_wrote_them(browser: Client) -> None:
    sent = browser.get("/static/libraries/htm/htm.mjs")

    assert sent.content == (settings.NODE_MODULES / "htm/dist/htm.mjs").read_bytes()


def test_the_page_runs_own_files_and_the_one_script_that_has_the_nonce(browser: Client, market: Market) -> None:
    answer, again = (browser.get(f"/trade/{market.slug}") for _ in range(2))

    policy = answer.headers["Content-Security-Policy"]
    nonces = re.findall(r"'nonce-([^']+)'", policy)
    assert re.findall(r'nonce="([^"]+)"', answer.content.decode()) == nonces
    assert re.findall("<script>|<style|style=|onclick=", answer.content.decode()) == []
    assert "unsafe" not in policy
    assert "connect-src 'self' ws://testserver wss://testserver" in policy
    assert policy != again.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("/api/v1/markets", "default-src 'none'"),
        ("/health", "default-src 'none'"),
        ("/trade/NO-SUCH", "default-src 'none'"),
        ("/api/docs", "script-src 'self' 'unsafe-inline';"),
        ("/admin/login/", "script-src 'self' 'unsafe-inline' 'unsafe-eval';"),
    ],
)
def test_every_other_answer_has_the_policy_of_its_address(browser: Client, path: str, part: str) -> None:
    policy = browser.get(path).headers["Content-Security-Policy"]

    assert part in policy
    assert "frame-ancestors 'none'" in policy
    assert "http" not in policy
