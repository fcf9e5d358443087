"""What a browser sends from a page: the fields of its form as they were shown."""

from html.parser import HTMLParser
from typing import Any

from django import forms

_TEXTLESS = ("submit", "button", "file", "image", "reset")


def form_on(page: Any, holding: str) -> dict[str, Any]:
    """Return the fields of the one form on a page that has a field of this name, with what is in them."""
    reader = _FormReader()
    reader.feed(page.content.decode())
    found = [fields for fields, names in zip(reader.forms, reader.names, strict=True) if holding in names]
    assert len(found) == 1, f"{len(found)} forms have {holding}"
    return found[0]


def fields_on(page: Any) -> dict[str, forms.Field]:
    """Return the fields that staff can fill in on a page, by the names under which they are sent."""
    return {bound.html_name: bound.field for form in _forms_of(page) for bound in form if not bound.is_hidden}


def errors_on(page: Any) -> dict[str, list[str]]:
    """Return what is said beside each field, by the name under which it is sent, and above the fields under ""."""
    said = dict[str, list[str]]()
    for inline in page.context.get("inline_admin_formsets", ()):
        said.setdefault("", []).extend(map(str, inline.formset.non_form_errors()))
    for form in _forms_of(page):
        for name, errors in form.errors.items():
            key = "" if name == "__all__" else form[name].html_name
            said.setdefault(key, []).extend(map(str, errors))
    return {name: texts for name, texts in said.items() if texts}


def _forms_of(page: Any) -> list[forms.BaseForm]:
    """Return the forms of a page: the one in its middle, and those of its lines."""
    context = page.context
    every = [getattr(context[name], "form", context[name]) for name in ("form", "adminform") if name in context]
    formsets = [context.get("lines"), *(inline.formset for inline in context.get("inline_admin_formsets", ()))]
    for formset in formsets:
        every += formset.forms if isinstance(formset, forms.BaseFormSet) else []
    return [form for form in every if isinstance(form, forms.BaseForm)]


class _FormReader(HTMLParser):
    """Reads the forms of a page; what is sent twice under one name becomes a list."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[dict[str, Any]] = []
        self.names: list[set[str]] = []  # also of boxes that are not ticked
        self._select = self._text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        got = {name: value or "" for name, value in attrs}
        name = got.get("name", "")
        if tag == "form":
            self.forms.append({})
            self.names.append(set())
        elif not self.forms:
            return
        elif tag == "input" and name and got.get("type", "text") not in _TEXTLESS:
            self.names[-1].add(name)
            if got.get("type") not in ("checkbox", "radio") or "checked" in got:
                self._add(name, got.get("value", "on" if got.get("type") == "checkbox" else ""))
        elif tag == "textarea" and name:
            self._text = name
            self._add(name, "")
        elif tag == "select":
            self._select = name
            self.names[-1].add(name)
        elif tag == "option" and self._select and "selected" in got:
            self._add(self._select, got.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._text = ""
        elif tag == "select":
            self._select = ""

    def handle_data(self, data: str) -> None:
        if self._text and self.forms:
            self.forms[-1][self._text] += data.removeprefix("\n")

    def _add(self, name: str, value: str) -> None:
        self.names[-1].add(name)
        fields = self.forms[-1]
        if name in fields:
            before = fields[name]
            fields[name] = [*before, value] if isinstance(before, list) else [before, value]
        else:
            fields[name] = value
