"""Own ledger entries that are followed: in the order of their numbers, though transactions commit in another one."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal

import pytest
from django.db import connection, transaction
from rest_framework.test import APIClient

from exchange.models import Market, User
from settlement import new_entries
from settlement.services import ledger_deposit
from tests.fixtures import make_user
from tests.integration.following.asking import LEDGER, entries_of

Clients = Callable[[User], APIClient]


@pytest.fixture
def user(market: Market) -> User:
    """A user without any entry."""
    return make_user("saver")


def deposit(user: User, asset: str, amount: int) -> None:
    ledger_deposit(owner=user, asset=asset, amount=Decimal(amount), reason="Savings")


@contextmanager
def deposit_under_way(user: User, asset: str, amount: int) -> Iterator[Callable[[], None]]:
    """Write a deposit and do not commit it; what is given commits it and waits until that is done."""
    is_written, may_commit = threading.Event(), threading.Event()

    def write() -> None:
        with transaction.atomic():
            deposit(user, asset, amount)
            is_written.set()
            assert may_commit.wait(10)
        connection.close()

    thread = threading.Thread(target=write)

    def commit() -> None:
        may_commit.set()
        thread.join(10)

    thread.start()
    assert is_written.wait(10)
    try:
        yield commit
    finally:
        commit()


def test_an_entry_whose_transaction_commits_late_is_not_overtaken(
    market: Market, user: User, client_for: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(new_entries, "PATIENCE_S", 0.1)
    client = client_for(user)
    entries = entries_of(client)
    with deposit_under_way(user, market.base_id, 1) as commit:
        deposit(user, market.quote_id, 2)

        waiting = client.get(f"{LEDGER}?after=start").json()
        assert (waiting["data"], waiting["pagination"]["has_more"]) == ([], True)
        assert waiting["pagination"]["bookmark"] == "0"
        assert client.get(f"{LEDGER}?after=now").json()["error"]["code"] == "SERVICE_UNAVAILABLE"
        commit()

    found = list(entries)
    assert [entry["amount"] for entry in found] == ["1.00000000", "2.00000000"]
    assert found[0]["id"] < found[1]["id"]
    assert list(entries) == []


def test_asking_waits_a_moment_for_a_transaction_that_ends(market: Market, user: User, client_for: Clients) -> None:
    entries = entries_of(client_for(user))
    with deposit_under_way(user, market.base_id, 1) as commit:
        deposit(user, market.quote_id, 2)
        threading.Timer(0.1, commit).start()

        assert [entry["amount"] for entry in entries] == ["1.00000000", "2.00000000"]


def test_nobody_waits_when_nothing_is_new(market: Market, user: User, client_for: Clients) -> None:
    deposit(user, market.quote_id, 2)
    entries = entries_of(client_for(user))
    assert len(list(entries)) == 1
    with deposit_under_way(make_user("other"), market.base_id, 1):
        assert list(entries) == []


def test_entries_of_all_assets_in_pages_and_of_one(market: Market, user: User, client_for: Clients) -> None:
    for amount in range(1, 8):
        deposit(user, (market.base_id, market.quote_id)[amount % 2], amount)
    client = client_for(user)

    followed = [entry["amount"] for entry in entries_of(client, path=f"{LEDGER}")]
    of_one = [entry["amount"] for entry in entries_of(client, path=f"/api/v1/balances/{market.base_id}/entries")]
    newest = client.get(f"{LEDGER}?limit=2").json()
    of_quote = client.get(LEDGER, {"asset": market.quote_id.lower(), "kind": "deposit"}).json()

    assert followed == [f"{amount}.00000000" for amount in range(1, 8)]
    assert of_one == ["2.00000000", "4.00000000", "6.00000000"]
    assert [entry["amount"] for entry in newest["data"]] == ["7.00000000", "6.00000000"]
    assert newest["pagination"].pop("next_cursor") == str(newest["data"][-1]["id"])
    assert newest["pagination"] == {"total": 7, "limit": 2, "offset": 0, "has_more": True}
    assert [entry["amount"] for entry in of_quote["data"]] == [f"{amount}.00000000" for amount in (7, 5, 3, 1)]


def test_small_pages_have_everything_once(market: Market, user: User, client_for: Clients) -> None:
    for amount in range(1, 6):
        deposit(user, (market.base_id, market.quote_id)[amount % 2], amount)
    client, seen, bookmark, has_more = client_for(user), [], "start", True
    while has_more:
        answer = client.get(f"{LEDGER}?after={bookmark}&limit=2").json()
        seen += [entry["amount"] for entry in answer["data"]]
        bookmark, has_more = answer["pagination"]["bookmark"], answer["pagination"]["has_more"]

    assert seen == [f"{amount}.00000000" for amount in range(1, 6)]


def test_now_is_after_what_there_is(market: Market, user: User, client_for: Clients) -> None:
    deposit(user, market.base_id, 1)
    entries = entries_of(client_for(user), "now")
    assert list(entries) == []
    deposit(user, market.quote_id, 2)

    assert [entry["amount"] for entry in entries] == ["2.00000000"]


def test_without_an_account_there_are_no_entries(user: User, outsider: User, client_for: Clients) -> None:
    client = client_for(user)

    assert list(entries_of(client)) == list(entries_of(client, "now")) == []
    assert client.get(LEDGER).json()["data"] == []
    assert client.get(f"{LEDGER}?asset=NONE").json()["error"]["code"] == "ASSET_NOT_FOUND"
    assert len(list(entries_of(client_for(outsider)))) == 2


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("after=-1", "after"),
        ("after=", "after"),
        ("after=x", "after"),
        (f"after={'9' * 30}", "after"),
        ("after=0&kind=trade", "kind"),
        ("after=0&from=0", "from"),
        ("after=0&offset=1", "offset"),
    ],
)
def test_what_cannot_be_followed_is_named(user: User, client_for: Clients, query: str, field: str) -> None:
    answer = client_for(user).get(f"{LEDGER}?{query}")

    assert answer.status_code == 400
    assert list(answer.json()["error"]["details"]) == [field]
