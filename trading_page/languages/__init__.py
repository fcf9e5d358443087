"""The languages of the page: which there are, which one a visitor reads, and their catalogues of texts."""

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import NamedTuple

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation.trans_real import parse_accept_lang_header

from trading_page.catalogue import Catalogue, read

__all__ = ["COOKIE", "ENGLISH", "LANGUAGES", "Language", "chosen_language"]

FOLDER = Path(__file__).parent
COOKIE = "language"


class Language(NamedTuple):
    """A language of the page. English is written where it is shown; all others have a catalogue."""

    code: str
    name: str
    """As it is called by those who speak it."""
    direction: str = "ltr"

    @property
    def path(self) -> Path:
        return FOLDER / f"{self.code}.po"

    @property
    def catalogue(self) -> Catalogue:
        return _catalogue(self)

    @property
    def module(self) -> str:
        """The catalogue as a module of JavaScript, with the names that `english.js` has."""
        return _module(self)

    @property
    def digest(self) -> str:
        """Changes with the module, so that browsers may keep it for good."""
        return _digest(self)

    @property
    def address(self) -> str:
        """Where the module is."""
        return reverse("language", kwargs={"code": self.code, "digest": self.digest})


ENGLISH = Language("en", "English")
LANGUAGES = {
    language.code: language for language in (ENGLISH, Language("es", "Español"), Language("ar", "العربية", "rtl"))
}


def chosen_language(request: HttpRequest) -> Language:
    """Return the language that a visitor has set, else the first of those that the browser asks for, else English."""
    if chosen := LANGUAGES.get(request.COOKIES.get(COOKIE, "")):
        return chosen
    asked = parse_accept_lang_header(request.headers.get("Accept-Language", "").lower())
    return next((found for code, _ in asked if (found := LANGUAGES.get(code.partition("-")[0]))), ENGLISH)


@cache
def _catalogue(language: Language) -> Catalogue:
    return read(language.path.read_text()) if language != ENGLISH else Catalogue({})


@cache
def _module(language: Language) -> str:
    catalogue = language.catalogue
    texts = {
        message.english: list(message.translations) if message.plural else message.translations[0]
        for message in catalogue.messages.values()
        if message.translations and all(message.translations)
    }
    return (
        f"export const language = {json.dumps(language.code)};\n"
        f"export const direction = {json.dumps(language.direction)};\n"
        f"export const plural = (n) => Number({catalogue.plural});\n"
        f"export const texts = {json.dumps(texts, ensure_ascii=False)};\n"
    )


@cache
def _digest(language: Language) -> str:
    return hashlib.sha256(language.module.encode()).hexdigest()[:12]
