"""Catalogues of texts: GNU gettext's .po files, as translators' tools read and write them.

What is read is what those tools write: messages with their comments, plural forms, strings over several lines. Contexts
are not used. A message that is fuzzy is one that nobody has looked at: it does not count as translated.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

__all__ = ["Catalogue", "Message", "read", "write"]

_ENTRY = re.compile(r'^(msgid|msgid_plural|msgstr(?:\[\d+])?) (".*")$')
_PLURAL_FORMS = re.compile(r"nplurals=(\d+); plural=([n\d\s%=!<>&|?:()]+);")
_PLACEHOLDER = re.compile(r"\{(\w+)}")
_ENGLISH_FORMS = "nplurals=2; plural=(n != 1);"


@dataclass(frozen=True, slots=True)
class Message:
    """A text in English, for a number of things also in the plural, and what it is in another language."""

    english: str
    plural: str | None = None
    translations: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    """Files in which the text is."""

    @property
    def placeholders(self) -> set[str]:
        return set(_PLACEHOLDER.findall(f"{self.english} {self.plural or ''}"))

    def problems(self, forms: int) -> list[str]:
        """Return what is wrong with the translations, in a language with so many plural forms."""
        if len(self.translations) != (forms if self.plural else 1) or not all(self.translations):
            return ["is not translated"]
        found = [set(_PLACEHOLDER.findall(text)) for text in self.translations]
        # Forms for one or two things may say so in words.
        strange = set[str]().union(*found) - self.placeholders
        missing = self.placeholders - set[str]().union(*found) if self.plural else self.placeholders - found[0]
        return [f"has other placeholders: {', '.join(sorted(strange | missing))}"] if strange | missing else []


@dataclass(slots=True)
class Catalogue:
    """The texts of a language, by their English."""

    header: dict[str, str]
    messages: dict[str, Message] = field(default_factory=dict)

    @property
    def forms(self) -> int:
        """How many plural forms the language has."""
        return int(self._plural_forms[1])

    @property
    def plural(self) -> str:
        """The rule for the form of `n` things, as C and JavaScript understand it."""
        return self._plural_forms[2].strip()

    @property
    def _plural_forms(self) -> re.Match[str]:
        found = _PLURAL_FORMS.fullmatch(self.header.get("Plural-Forms", _ENGLISH_FORMS))
        assert found, "Invariant: the rule of plurals is made of n, numbers and operators"
        return found

    def gettext(self, english: str) -> str:
        """Return a text; in English as long as it is not translated."""
        message = self.messages.get(english)
        return (message.translations[0] if message and message.translations else "") or english


def read(text: str) -> Catalogue:
    """Return the catalogue that a .po file has."""
    entries = [_message(block) for block in re.split(r"\n\s*\n", text.strip())]
    found = [message for message in entries if message]
    header = next((message for message in found if not message.english), Message(""))
    lines = (line.partition(": ") for line in "".join(header.translations).splitlines())
    fields = {name: value for name, _, value in lines}
    return Catalogue(fields, {message.english: message for message in found if message.english})


def write(catalogue: Catalogue) -> str:
    """Return a catalogue as a .po file, its texts in alphabetical order."""
    header = "".join(f"{name}: {value}\n" for name, value in catalogue.header.items())
    messages = sorted(catalogue.messages.values(), key=lambda message: (message.english.casefold(), message.english))
    return "\n".join("\n".join(_lines(message)) + "\n" for message in [Message("", None, (header,)), *messages])


def _message(block: str) -> Message | None:
    """Return the message of a block of lines; None of one that is a comment only, such as an obsolete message."""
    strings: dict[str, str] = {}
    name = ""
    for line in block.splitlines():
        if entry := _ENTRY.match(line):
            name = entry[1]
            strings[name] = json.loads(entry[2])
        elif line.startswith('"'):
            strings[name] += json.loads(line)
    if "msgid" not in strings:
        return None
    is_fuzzy = bool(re.search(r"^#,.*\bfuzzy\b", block, re.MULTILINE))
    texts = () if is_fuzzy else tuple(text for key, text in strings.items() if key.startswith("msgstr"))
    places = tuple(re.findall(r"^#: (.+)$", block, re.MULTILINE))
    return Message(strings["msgid"], strings.get("msgid_plural"), texts, places)


def _lines(message: Message) -> Iterator[str]:
    yield from (f"#: {place}" for place in message.places)
    yield from _string("msgid", message.english)
    if message.plural is None:
        yield from _string("msgstr", "".join(message.translations))
        return
    yield from _string("msgid_plural", message.plural)
    for form, text in enumerate(message.translations):
        yield from _string(f"msgstr[{form}]", text)


def _string(name: str, text: str) -> Iterable[str]:
    """Return a string as lines: one, unless it has line breaks of its own."""
    lines = [json.dumps(line, ensure_ascii=False) for line in text.splitlines(keepends=True)]
    return [f"{name} {lines[0]}"] if len(lines) == 1 else [f'{name} ""', *lines]
