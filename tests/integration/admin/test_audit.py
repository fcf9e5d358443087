"""The audit trail: found by who, what, on which kind of object and when, by index."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from exchange.audit import audit_record
from exchange.models import AuditEntry, Market, User
from tests.fixtures import fresh_name
from tests.integration.admin.scene import AUDIT, queries_of, rows_of, staff_with

LIST_QUERIES_MAX = 9


@pytest.fixture
def clerk() -> User:
    return staff_with("exchange.view_auditentry")


@pytest.fixture
def entries(clerk: User, market: Market, maker: User) -> list[AuditEntry]:
    action = f"test.{fresh_name('').lower()}"
    return [
        audit_record(actor=clerk, action=action, target=market, note="first"),
        audit_record(actor=clerk, action="user.freeze", target=maker),
        audit_record(actor=None, action=action, target=market),
    ]


def found(boss: Client, query: str) -> list[Any]:
    response, statements = queries_of(boss, f"{AUDIT}?{query}")
    assert response.status_code == 200
    assert len(statements) <= LIST_QUERIES_MAX
    return rows_of(response)


def test_it_is_filtered_by_member_of_staff(boss: Client, clerk: User, entries: list[AuditEntry]) -> None:
    assert found(boss, f"actor={clerk.pk}") == [entries[1], entries[0]]
    assert entries[2] in found(boss, "actor=none")
    assert found(boss, "actor=nonsense") == []


def test_it_is_filtered_by_action_object_and_time_together(boss: Client, entries: list[AuditEntry]) -> None:
    action = entries[0].action
    since = (timezone.now() - timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M")

    assert found(boss, f"action={action}") == [entries[2], entries[0]]
    assert entries[1] in found(boss, f"action=user.freeze&object=exchange.user&since={since}")
    assert found(boss, f"action={action}&object=exchange.user") == []
    assert found(boss, f"action={action}&until={since}") == []


def test_it_offers_what_there_is(boss: Client, clerk: User, entries: list[AuditEntry]) -> None:
    offered = {
        spec.title: {str(value) for value, _ in spec.lookup_choices}
        for spec in boss.get(AUDIT).context["cl"].filter_specs
        if spec.title != "time"
    }

    assert {entries[0].action, "user.freeze"} <= offered["action"]
    assert {"exchange.market", "exchange.user"} <= offered["kind of object"]
    assert {str(clerk.pk), "none"} <= offered["member of staff"]


@pytest.mark.parametrize(
    ("index", "conditions"),
    [
        ("audit_actor_id", {"actor_id": "01a1fd8d-da33-7505-ab09-e6f160b94dc6"}),
        ("audit_action_id", {"action": "user.freeze"}),
        ("audit_target_type_id", {"target_type": "exchange.user"}),
        ("audit_target_id", {"target_id": "7"}),
    ],
)
def test_each_filter_has_an_index(index: str, conditions: dict[str, str]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off")
        plan = AuditEntry.objects.filter(**conditions).order_by("-id")[:50].explain()

    assert index in plan
