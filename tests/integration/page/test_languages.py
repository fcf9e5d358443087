"""The language of a page: which one a visitor reads, how its texts are sent, and that refusals are in it."""

import json
import re

import pytest
from django.test import Client, RequestFactory

from base.errors import ErrorCode
from exchange.models import Market
from orders.services.refusals import MESSAGES
from scripts.texts import modules
from trading_page.languages import COOKIE, LANGUAGES, chosen_language


def test_a_page_names_its_language_and_loads_its_texts_only(client: Client, market: Market) -> None:
    client.cookies[COOKIE] = "ar"
    page = client.get(f"/trade/{market.slug}").content.decode()

    address = LANGUAGES["ar"].address
    assert '<html lang="ar" dir="rtl"' in page
    assert f'"#texts": "{address}"' in page
    assert f'<link rel="modulepreload" href="{address}">' in page
    assert "english.js" not in page
    assert LANGUAGES["es"].address not in page
    texts = client.get(address)
    assert texts.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert texts.headers["Content-Type"].startswith("text/javascript")
    assert "أمر محدد" in texts.content.decode()


def test_texts_that_have_changed_are_sent_and_not_kept(client: Client) -> None:
    old = client.get("/languages/es.0123456789ab.js")

    assert (old.status_code, old.headers["Cache-Control"]) == (200, "no-store")
    assert client.get("/languages/xx.0123456789ab.js").status_code == 404


def test_a_page_that_nobody_can_run_is_in_the_language_as_well(client: Client) -> None:
    unknown = client.get("/trade/<b>SUCH", headers={"Accept-Language": "es"}).content.decode()

    assert '<html lang="es" dir="ltr"' in unknown
    assert "No existe el mercado <bdi>&lt;b&gt;SUCH</bdi>" in unknown


def test_the_api_speaks_english_to_everybody(client: Client) -> None:
    client.cookies[COOKIE] = "es"
    answer = client.get("/api/v1/orders", headers={"Accept-Language": "es"})

    assert answer.json()["error"]["message"].startswith("Log in first")


def test_the_page_has_a_sentence_for_each_refusal_of_an_order() -> None:
    refusals = modules()["refusals.js"]
    sentences = {code: json.loads(text) for code, text in re.findall(r'([A-Z_]+): gettext\(\s*("[^"]+")', refusals)}

    # What is a bug of the exchange has the words of the place where it was found.
    exchange = {code.value: text for code, text in MESSAGES.items() if code != ErrorCode.INTERNAL_ERROR}
    assert {code: sentences.get(code) for code in exchange} == exchange


@pytest.mark.parametrize(
    ("cookie", "asked", "language"),
    [
        ("", "", "en"),
        ("", "es-419,es;q=0.9,en;q=0.8", "es"),
        ("", "AR", "ar"),
        ("", "de-DE,de;q=0.9,ar;q=0.5,en;q=0.3", "ar"),
        ("", "en-US,en;q=0.9,es;q=0.8", "en"),
        ("", "fr,*;q=0.5", "en"),
        ("", "est", "en"),
        ("es", "ar", "es"),
        ("en", "es", "en"),
        ("../../x", "es", "es"),
        ("", ";;;,q=,\x00", "en"),
        ("", "es," * 5_000, "es"),
    ],
)
def test_a_visitor_reads_the_language_that_was_set_or_is_asked_for(cookie: str, asked: str, language: str) -> None:
    request = RequestFactory().get("/", headers={"Accept-Language": asked})
    if cookie:
        request.COOKIES[COOKIE] = cookie

    assert chosen_language(request).code == language
