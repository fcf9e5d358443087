"""Every text of the page is in every language: catalogues, their plural forms, and what comes of them."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from scripts.texts import CALL, collected, modules, updated
from tests.node import node_program
from trading_page.catalogue import Catalogue, Message, read, write
from trading_page.languages import ENGLISH, LANGUAGES, Language

PAGE = Path(__file__).parents[3] / "trading_page/static/trading"
TRANSLATED = [language for language in LANGUAGES.values() if language != ENGLISH]
SPANISH, ARABIC = LANGUAGES["es"], LANGUAGES["ar"]
PO = r"""
msgid ""
msgstr ""
"Language: es\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\n"

# A remark of the translator.
#: book.js
msgid "Order \"book\""
msgstr ""
"Libro de "
"«órdenes»"

#, fuzzy
msgid "Guess"
msgstr "Quizás"

#: orders.js
msgid "{count} order"
msgid_plural "{count} orders"
msgstr[0] "{count} orden"
msgstr[1] "{count} órdenes"

#~ msgid "Gone"
#~ msgstr "Ido"
"""
# Modules of the page with the texts of another language, as an import map would give them.
SCRIPT = """
    import {{ register }} from "node:module";
    const hook = `export const resolve = (name, context, next) =>
        name === "#texts" ? {{ url: {texts}, shortCircuit: true }} : next(name, context);`;
    register("data:text/javascript," + encodeURIComponent(hook));
    const {{ amountOf, gettext, ngettext }} = await import({texts_module});
    const {{ reportOf }} = await import({reports});
    console.log(JSON.stringify({expression}));
"""
RESTING = {
    "symbol": "BTC/USDT",
    "side": "buy",
    "status": "open",
    "reason": None,
    "price": "65000.00",
    "quantity": "0.5",
    "filled_quantity": "0",
}


def in_language(module: str, expression: str, folder: Path) -> object:
    """Return what an expression over the page's modules comes to on a page with these texts."""
    texts = folder / "texts.mjs"
    texts.write_text(module)
    script = SCRIPT.format(
        texts=json.dumps(texts.as_uri()),
        texts_module=json.dumps((PAGE / "texts.js").as_uri()),
        reports=json.dumps((PAGE / "reports.js").as_uri()),
        expression=expression,
    )
    command = [node_program(), "--input-type=module", "--eval", script]
    finished = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert finished.returncode == 0, finished.stderr
    result: object = json.loads(finished.stdout)
    return result


@pytest.mark.parametrize("language", TRANSLATED, ids=[language.code for language in TRANSLATED])
def test_a_language_has_every_text_of_the_page_and_no_others(language: Language) -> None:
    catalogue = read(language.path.read_text())

    problems = {text: message.problems(catalogue.forms) for text, message in catalogue.messages.items()}

    assert len(catalogue.messages) > 300
    assert {text: problem for text, problem in problems.items() if problem} == {}
    assert language.path.read_text() == write(updated(catalogue, collected())), "the texts have changed: make texts"
    assert catalogue.header["Language"] == language.code


def test_no_call_escapes_the_collection() -> None:
    calls = re.compile(r"(?<!function )\bn?gettext\(")

    uncollected = {name: len(calls.findall(source)) - len(CALL.findall(source)) for name, source in modules().items()}

    assert {name: count for name, count in uncollected.items() if count} == {}


def test_a_catalogue_is_read_as_translators_tools_write_it() -> None:
    catalogue = read(PO)

    assert catalogue.header == {"Language": "es", "Plural-Forms": "nplurals=2; plural=(n != 1);"}
    assert (catalogue.forms, catalogue.plural) == (2, "(n != 1)")
    assert catalogue.messages == {
        'Order "book"': Message('Order "book"', None, ("Libro de «órdenes»",), ("book.js",)),
        "Guess": Message("Guess"),
        "{count} order": Message(
            "{count} order", "{count} orders", ("{count} orden", "{count} órdenes"), ("orders.js",)
        ),
    }
    assert read(write(catalogue)).messages == catalogue.messages | {"Guess": Message("Guess", None, ("",))}
    assert catalogue.gettext('Order "book"') == "Libro de «órdenes»"
    assert [catalogue.gettext(text) for text in ("Guess", "Gone")] == ["Guess", "Gone"]


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        (Message("{a} of {b}", None, ("{b} de {a}",)), []),
        (Message("Save"), ["is not translated"]),
        (Message("Save", None, ("",)), ["is not translated"]),
        (Message("{a} of {b}", None, ("{a}",)), ["has other placeholders: b"]),
        (Message("{a}", None, ("{á}",)), ["has other placeholders: a, á"]),
        (Message("{count} order", "{count} orders", ("{count} orden",)), ["is not translated"]),
        (Message("{count} order", "{count} orders", ("una orden", "{count} órdenes")), []),
        (
            Message("{count} order", "{count} orders", ("una orden", "{n} órdenes")),
            ["has other placeholders: count, n"],
        ),
    ],
)
def test_what_is_wrong_with_a_translation_is_found(message: Message, problem: list[str]) -> None:
    assert message.problems(forms=2) == problem


def test_an_update_takes_out_what_is_gone_and_keeps_what_is_known() -> None:
    catalogue = read(PO)
    texts = [Message('Order "book"', places=("ladder.js",)), Message("New"), Message("{count} order", "{count} more")]

    found = updated(catalogue, {message.english: message for message in texts}).messages

    assert found == {
        'Order "book"': Message('Order "book"', None, ("Libro de «órdenes»",), ("ladder.js",)),
        "New": Message("New", None, ("",)),
        "{count} order": Message("{count} order", "{count} more", ("", "")),
    }


def test_a_rule_of_plurals_can_be_nothing_but_a_rule() -> None:
    with pytest.raises(AssertionError, match="Invariant"):
        _ = Catalogue({"Plural-Forms": "nplurals=2; plural=(alert(1));"}).plural


def test_the_forms_of_a_number_are_those_of_the_language(tmp_path: Path) -> None:
    counts = [0, 1, 2, 3, 10, 11, 99, 100, 101, 102, 103, 111]
    forms = ["none", "one", "two", "few", "many", "other"]
    module = ARABIC.module.replace("texts = {", f'texts = {{"tests": {json.dumps(forms)}, ')

    found = in_language(module, f'{counts}.map((count) => ngettext("tests", "", count))', tmp_path)

    assert found == ["none", "one", "two", "few", "few", "many", "many", "other", "other", "other", "few", "many"]


def test_a_notice_is_whole_in_each_language(tmp_path: Path) -> None:
    notice = f"reportOf({json.dumps(RESTING)}, 2).text"

    assert in_language(SPANISH.module, notice, tmp_path) == "Compra de 0.5 BTC a 65,000.00 USDT: en el libro"
    # Each value is isolated (U+2068 to U+2069), so that numbers and units stay in their order.
    order = "\u2068شراء \u2068\u20680.5 BTC\u2069\u2069 بسعر \u2068\u206865,000.00 USDT\u2069\u2069\u2069"  # noqa: RUF001  # Arabic
    assert in_language(ARABIC.module, notice, tmp_path) == f"{order}: في دفتر الأوامر"
