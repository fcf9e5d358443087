"""How many queries a page takes does not depend on how much it shows: every registered list and object's page."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.db import transaction
from django.db.models import Model
from django.test import Client
from django_celery_beat.models import PeriodicTask

from tests.administrator import unguarded
from tests.integration.admin.many_rows import ManyRows
from tests.integration.admin.scene import browser_of, queries_of, rows_of

pytestmark = pytest.mark.xdist_group("query_counts")  # its objects are made once

FEW = 3
MANY = 2 * FEW + 1  # one more than the longer list: one that has no second page is read in another way
# The schedule has a fixed length.
PAGES = sorted(admin.site._registry.keys() - {PeriodicTask}, key=lambda model: model._meta.label_lower)


@pytest.fixture(scope="module")
def many_rows() -> Iterator[ManyRows]:
    """FEW objects of each model that has a page, taken back after the module."""
    with unguarded():
        many_rows = ManyRows()
        many_rows.grow(FEW)
        yield many_rows
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def details(many_rows: ManyRows) -> dict[type[Model], tuple[list[str], list[str]]]:
    """What the page of the first object of each model asked for: with FEW of everything, and with MANY."""
    client = browser_of()
    urls = {model: url_of(model, many_rows) for model in PAGES}
    for url in urls.values():
        client.get(url)  # what a process reads once is not the page's
    few = {model: statements_of(client, url)[1] for model, url in urls.items()}
    many_rows.grow(MANY - FEW)
    return {model: (few[model], statements_of(client, url)[1]) for model, url in urls.items()}


def url_of(model: type[Model], many_rows: ManyRows | None = None) -> str:
    """Return the address of a model's list, or of the page of its first object."""
    url = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
    return url if many_rows is None else f"{url}{first_of(model, many_rows).pk}/change/"


def first_of(model: type[Model], many_rows: ManyRows) -> Any:
    """Return the object to which the others belong; views have a row for each of theirs."""
    if model._meta.managed:
        return many_rows.the(model)
    whose: Any = model._meta.pk
    return model._default_manager.get(pk=many_rows.the(whose.related_model).pk)


def statements_of(client: Client, url: str) -> tuple[Any, list[str]]:
    """Return a page and its SQL."""
    response, statements = queries_of(client, url)
    assert response.status_code == 200, url
    return response, statements


@pytest.mark.usefixtures("details")
@pytest.mark.parametrize("model", PAGES, ids=lambda model: model._meta.label_lower)
def test_a_list_takes_as_many_queries_for_twice_as_many_rows(
    boss: Client, monkeypatch: pytest.MonkeyPatch, model: type[Model]
) -> None:
    boss.get(url_of(model))
    asked = []
    for rows in (FEW, 2 * FEW):
        monkeypatch.setattr(admin.site._registry[model], "list_per_page", rows)
        response, statements = statements_of(boss, url_of(model))
        assert len(rows_of(response)) == rows
        asked.append(statements)

    assert len(asked[1]) == len(asked[0]), asked[1]


@pytest.mark.parametrize("model", PAGES, ids=lambda model: model._meta.label_lower)
def test_a_page_takes_as_many_queries_with_twice_as_much_on_it(
    details: dict[type[Model], tuple[list[str], list[str]]], model: type[Model]
) -> None:
    few, many = details[model]

    assert len(many) == len(few), many
