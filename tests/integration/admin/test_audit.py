"""The audit trail: found by who, what, on which kind of object and when, by index."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from base.ids import uuid7
from exchange.admin.audited_changes import changes_of
from exchange.audit import audit_record
from exchange.models import AuditEntry, Market, User
from orders.models import Order
from settlement.models import Account
from tests.fixtures import fresh_name
from tests.integration.admin.scene import AUDIT, queries_of, rows_of, staff_with

LIST_QUERIES_MAX = 12


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
        ("audit_target_type_id", {"target_type": "exchange.asset"}),
        ("audit_target_id", {"target_id": "7"}),
    ],
)
def test_each_filter_has_an_index(index: str, conditions: dict[str, str]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off")
        plan = AuditEntry.objects.filter(**conditions).order_by("-id")[:50].explain()

    assert index in plan


# --- in words -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ({"price_band_ppm": 100_000}, {"price_band_ppm": 50_000}, "price band 10 % → 5 %"),
        ({"price_band_ppm": 100_000}, {"price_band_ppm": 0}, "price band 10 % → none"),
        ({"maker_fee_ppm": 1_000}, {"maker_fee_ppm": 800}, "maker fee 0.1 % → 0.08 %"),
        ({"trading_state": "pre_open"}, {"trading_state": "post_only"}, "trading state pre-open → post-only"),
        ({"max_open_orders": 1_000}, {"max_open_orders": 0}, "orders of one account 1,000 → no limit"),
        ({"max_quantity": "10000"}, {"max_quantity": "1234567.5"}, "max quantity 10,000 → 1,234,567.5"),
        ({"is_active": True}, {"is_active": False}, "state active → frozen"),
        ({"groups": []}, {"groups": ["Support", "Viewer"]}, "groups none → Support, Viewer"),
        ({"is_staff": False, "email": "a@b.c"}, {"is_staff": True, "email": "a@b.c"}, "member of staff no → yes"),
        ({"level 1": None}, {"level 1": "from 100: maker 1 ppm"}, "level 1 none → from 100: maker 1 ppm"),
        ({}, {"code": "ABC", "decimals": 6}, "code ABC; decimals 6"),
        ({"name": "gone"}, {}, "name was gone"),
        ({"price_band_ppm": "?"}, {"price_band_ppm": "!"}, "price band ? → !"),
        ({}, {}, ""),
    ],
)
def test_changes_are_told_in_words(old: dict[str, Any], new: dict[str, Any], said: str) -> None:
    assert "; ".join(map(str, changes_of(old, new, {}))) == said


def test_an_entry_names_markets_users_and_accounts(boss: Client, market: Market, maker: User, clerk: User) -> None:
    account = Account.objects.filter(owner=maker).latest("id")
    order_id = uuid7()
    targets: list[Any] = [market, maker, account, Order(id=order_id)]
    for target in targets:
        audit_record(actor=clerk, action="test.named", target=target)
    audit_record(actor=clerk, action="test.named", target=Order)
    new = {"user": str(maker.pk), "lines": [{"owner": str(maker.pk), "asset": "USDT", "available": "-5000"}]}
    told = audit_record(actor=clerk, action="test.named", target=market, new=new)

    response, statements = queries_of(boss, f"{AUDIT}?actor={clerk.pk}")

    page = response.context["cl"].model_admin
    shown = [re.sub(r"<[^>]+>", "", str(page.target(entry))) for entry in rows_of(response)]
    assert shown == [
        f"market {market}", "list: order", f"order …{order_id.hex[-12:]}", f"account {account}", f"user {maker}",
        f"market {market}",
    ]  # fmt: skip
    assert page.csv_change(rows_of(response)[0]) == (f"user {maker}; lines asset USDT, owner {maker}, available -5,000")
    assert len(statements) <= LIST_QUERIES_MAX
    detail = boss.get(f"{AUDIT}{told.pk}/change/")
    assert detail.context["object_tables"][0].rows[0] == ["user", "-", str(maker)]
    assert "{" not in re.sub(r"<script.*?</script>|<style.*?</style>", "", str(detail.context["object_tables"]))


def test_the_trail_of_a_market_or_user_is_found_by_name(
    boss: Client, entries: list[AuditEntry], market: Market
) -> None:
    assert entries[0] in found(boss, f"q={market.slug}")
    assert entries[1] in found(boss, f"q={User.objects.get(pk=entries[1].target_id).username}")
