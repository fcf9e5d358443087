"""Whatever is typed into a form of the back office: the form takes it or refuses it in words; nothing breaks."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django import forms
from django.contrib import admin
from django.db import transaction
from django.test import Client

from exchange.admin.base import BackOfficeAdmin
from tests.administrator import unguarded
from tests.integration.admin.many_rows import ManyRows
from tests.integration.admin.scene import browser_of
from tests.integration.admin.sent_forms import errors_on, fields_on, form_on

pytestmark = pytest.mark.xdist_group("typed_values")  # its objects are made once

WRONG = ("99999999999999999999", "-1", "NaN", "1e400", "1,5", "0.0000000000000000001", "1\0", "9" * 5_000)
ALL, ONE = pytest.param(True, marks=pytest.mark.long, id="all values"), pytest.param(False, id="one value")
SIGNED = ("available", "held", "latitude", "longitude")  # may be negative
# How Python and Django speak, and no product does.
UNSPOKEN = re.compile(r"Ensure|this value|Constraint|Decimal\(|\['|Select a valid|JSON:|literal|Null char|<\w+>")


def pages() -> dict[str, tuple[Any, str]]:
    """Return each page that may have a form: its model, and its address behind the list's or the object's."""
    found = dict[str, tuple[Any, str]]()
    for model, page in admin.site._registry.items():
        label = model._meta.label_lower
        found |= {f"{label} add": (model, "add/"), f"{label} change": (model, "change/")}
        if isinstance(page, BackOfficeAdmin):
            actions = [action.name for action in page.object_actions(None) if not action.direct]
            found |= {f"{label} {name}": (model, f"{name}/") for name in actions}
    return found


PAGES = pages()


@pytest.fixture(scope="module")
def objects() -> Iterator[ManyRows]:
    """An object of each model that has a page, taken back after the module."""
    with unguarded():
        rows = ManyRows()
        rows.grow(1)
        yield rows
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def typist(objects: ManyRows) -> Client:
    client = browser_of()
    client.raise_request_exception = False
    return client


def address(name: str, objects: ManyRows) -> str:
    model, end = PAGES[name]
    url = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
    if end == "add/":
        return url + end
    return (
        f"{url}{objects.the(model).pk if model._meta.managed else objects.the(model._meta.pk.related_model).pk}/{end}"
    )


def typed(browser: Client, url: str, shown: dict[str, Any], name: str, value: str) -> Any:
    """Send a form with one of its fields changed."""
    return browser.post(url, shown | {name: value})


@pytest.mark.parametrize("is_thorough", [ONE, ALL])
@pytest.mark.parametrize("name", PAGES)
def test_a_number_that_cannot_be_is_refused_beside_its_field_and_stays_there(
    name: str, objects: ManyRows, typist: Client, is_thorough: bool
) -> None:
    page = typist.get(address(name, objects), follow=True)
    url = page.request["PATH_INFO"] + ("?" + page.request["QUERY_STRING"] if page.request["QUERY_STRING"] else "")
    fields = fields_on(page) if page.status_code == 200 else {}
    numbers = {field: kind for field, kind in fields.items() if isinstance(kind, forms.IntegerField)}

    for field in numbers:
        for value in WRONG if is_thorough else WRONG[:1]:
            if value == "-1" and field.rpartition("-")[2] in SIGNED:
                continue
            answer = typed(typist, url, form_on(page, field), field, value)
            assert answer.status_code == 200, (field, value)
            said = errors_on(answer)
            assert field in said, (field, value, said)
            assert not any(map(UNSPOKEN.search, said[field])), said[field]
            assert "\0" in value or form_on(answer, field)[field] == value


@pytest.mark.long
@pytest.mark.parametrize("name", PAGES)
def test_a_text_that_cannot_be_stored_is_refused(name: str, objects: ManyRows, typist: Client) -> None:
    page = typist.get(address(name, objects), follow=True)
    url = page.request["PATH_INFO"] + ("?" + page.request["QUERY_STRING"] if page.request["QUERY_STRING"] else "")
    fields = fields_on(page) if page.status_code == 200 else {}

    texts = ["\0", "a\0b"]
    if "adminform" in (page.context or ()):
        texts += ["99999999999999999999", "x" * 20_000, "'\"<b>"]  # which other forms would take, and act
    for field in fields:
        if f'name="{field}"' not in page.content.decode() or isinstance(fields[field], forms.BooleanField):
            continue  # two inputs for one field, or a box
        for value in texts:
            answer = typed(typist, url, form_on(page, field), field, value)
            assert answer.status_code < 500, (field, value)
            said = errors_on(answer) if answer.status_code == 200 else {}
            assert "\0" not in value or field in said, (field, said)
            assert not any(UNSPOKEN.search(text) for texts in said.values() for text in texts), said
