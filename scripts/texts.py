"""Collect the texts of the trading page into the catalogues of its languages: `make texts`.

A text is what `gettext` and `ngettext` of a module, or `{% text %}` of a template, is called with: a literal. What a
catalogue lacks is added without a translation, what nobody shows any more is taken out. The catalogues are
`trading_page/languages/*.po`; the server reads them as they are, so there is nothing to compile.
"""

import dataclasses
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from trading_page.catalogue import Catalogue, Message, read, write

__all__ = ["CALL", "collected", "modules", "updated"]

PROJECT = Path(__file__).resolve().parent.parent
CATALOGUES = PROJECT / "trading_page/languages"
# A module or template is named as it is below the folder.
SCRIPTS = [PROJECT / "trading_page/static/trading", PROJECT / "charting/static", PROJECT / "account_panel/static"]
TEMPLATES = PROJECT / "templates/trading"

_STRING = r'("(?:[^"\\]|\\.)*")'
CALL = re.compile(rf"\b(?:gettext\(\s*{_STRING}|ngettext\(\s*{_STRING},\s*{_STRING})")
_TAG = re.compile(rf"{{% text {_STRING}")


def main() -> None:
    """Bring all catalogues up to date, and say what is left to do."""
    for path in sorted(CATALOGUES.glob("*.po")):
        catalogue = updated(read(path.read_text()), collected())
        path.write_text(write(catalogue))
        missing = [text for text, message in catalogue.messages.items() if message.problems(catalogue.forms)]
        print(f"{path.relative_to(PROJECT)}: {len(catalogue.messages)} texts, {len(missing)} to be translated")


def collected() -> dict[str, Message]:
    """Return all texts of the page by their English, with the files in which they are."""
    found: dict[str, Message] = {}
    for place, english, plural in _texts():
        places = found[english].places if english in found else ()
        found[english] = Message(english, plural, (), tuple(sorted({*places, place})))
    return found


def modules() -> dict[str, str]:
    """Return the sources of the page's modules by their names."""
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for folder in SCRIPTS
        for path in sorted(folder.rglob("*.js"))
    }


def updated(catalogue: Catalogue, texts: Mapping[str, Message]) -> Catalogue:
    """Return the catalogue with these texts and no others; a text that it knows keeps its translations."""
    messages = {english: _translated(message, catalogue) for english, message in texts.items()}
    return dataclasses.replace(catalogue, messages=messages)


def _translated(message: Message, catalogue: Catalogue) -> Message:
    known = catalogue.messages.get(message.english)
    forms = catalogue.forms if message.plural else 1
    translations = known.translations if known and known.plural == message.plural else ()
    return dataclasses.replace(message, translations=translations or ("",) * forms)


def _texts() -> Iterator[tuple[str, str, str | None]]:
    for name, source in modules().items():
        for one, first, many in CALL.findall(source):
            yield name, _literal(one or first), _literal(many) if many else None
    for path in sorted(TEMPLATES.glob("*.html")):
        for english in _TAG.findall(path.read_text()):
            yield path.relative_to(TEMPLATES).as_posix(), _literal(english), None


def _literal(text: str) -> str:
    value: str = json.loads(text)
    return value


if __name__ == "__main__":
    main()
