"""Deposits and withdrawals; and what the database itself refuses."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from base.errors import ApiError, ErrorCode, ValidationError
from base.ids import uuid7
from settlement.errors import SettlementCode, SettlementError
from settlement.models import Account, LedgerEntry
from settlement.services import ledger_deposit, ledger_withdraw
from tests.administrator import as_administrator
from tests.integration.settlement.cast import FUNDS, Cast


def test_a_deposit_comes_from_the_outside_world(cast: Cast) -> None:
    transfer_id = ledger_deposit(owner=cast.staff, asset=cast.quote, amount=Decimal("12.5"), reason="bank transfer 9")

    assert cast.balance(cast.staff, cast.quote) == (Decimal("12.5"), 0)
    outside = Account.objects.get(kind=Account.Kind.EXTERNAL, asset_id=cast.quote)
    assert outside.available == -3 * FUNDS - Decimal("12.5")
    entries = LedgerEntry.objects.filter(transfer_id=transfer_id).order_by("leg")
    assert [(entry.amount, entry.kind, entry.reason) for entry in entries] == [
        (Decimal("12.5"), "deposit", "bank transfer 9"),
        (Decimal("-12.5"), "deposit", "bank transfer 9"),
    ]


def test_a_transfer_id_moves_money_once(cast: Cast) -> None:
    transfer_id = uuid7()
    ledger_deposit(owner=cast.maker, asset=cast.quote, amount=Decimal(1), reason="once", transfer_id=transfer_id)

    with pytest.raises(SettlementError) as refused:
        ledger_deposit(owner=cast.maker, asset=cast.quote, amount=Decimal(1), reason="twice", transfer_id=transfer_id)

    assert refused.value.code is SettlementCode.DUPLICATE_TRANSFER
    assert cast.balance(cast.maker, cast.quote) == (FUNDS + 1, 0)


def test_what_is_held_cannot_be_withdrawn(cast: Cast) -> None:
    cast.hold(cast.maker, cast.quote, FUNDS - 10)

    with pytest.raises(ApiError) as refused:
        ledger_withdraw(owner=cast.maker, asset=cast.quote, amount=Decimal("10.00000001"), reason="too much")
    ledger_withdraw(owner=cast.maker, asset=cast.quote, amount=Decimal(10), reason="all that is free")

    assert refused.value.code is ErrorCode.INSUFFICIENT_BALANCE
    assert cast.balance(cast.maker, cast.quote) == (0, FUNDS - 10)
    cast.hold(cast.maker, cast.quote, 10 - FUNDS)


def test_ten_withdrawals_at_once_never_take_more_than_there_is(cast: Cast) -> None:
    def withdraw(_: int) -> bool:
        try:
            ledger_withdraw(owner=cast.maker, asset=cast.quote, amount=FUNDS / 4, reason="race")
        except ApiError:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(10) as pool:
        assert sum(pool.map(withdraw, range(10))) == 4

    assert cast.balance(cast.maker, cast.quote) == (0, 0)


@pytest.mark.parametrize(
    ("amount", "reason", "field"),
    [
        ("0", "a reason", "amount"),
        ("-1", "a reason", "amount"),
        ("NaN", "a reason", "amount"),
        ("Infinity", "a reason", "amount"),
        ("1e15", "a reason", "amount"),
        ("99999999999999999999", "a reason", "amount"),
        ("0.000000001", "a reason", "amount"),
        ("1", " ", "reason"),
    ],
)
def test_an_unsound_deposit_is_refused(cast: Cast, amount: str, reason: str, field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        ledger_deposit(owner=cast.maker, asset=cast.quote, amount=Decimal(amount), reason=reason)

    assert list(refused.value.details) == [field]
    assert cast.balance(cast.maker, cast.quote) == (FUNDS, 0)


def test_an_unknown_asset_is_refused(cast: Cast) -> None:
    with pytest.raises(ApiError) as refused:
        ledger_deposit(owner=cast.maker, asset="NONE", amount=Decimal(1), reason="a reason")

    assert refused.value.code is ErrorCode.ASSET_NOT_FOUND


def _update_entry() -> None:
    LedgerEntry.objects.update(amount=1)


def _delete_entry() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM settlement_ledgerentry")


def _truncate_entries() -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE settlement_ledgerentry")


@pytest.mark.parametrize("change", [_update_entry, _delete_entry, _truncate_entries])
def test_entries_are_never_changed_or_removed(cast: Cast, change: Callable[[], None]) -> None:
    with as_administrator(), pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        change()


def test_a_transfer_that_is_not_zero_sum_is_refused(cast: Cast) -> None:
    account = Account.objects.get(owner=cast.maker, asset_id=cast.quote)

    with pytest.raises(DatabaseError, match="not zero-sum"), transaction.atomic():
        LedgerEntry.objects.create(
            transfer_id=uuid7(), leg=1, account=account, asset_id=cast.quote, amount=Decimal(1), kind="correction"
        )


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"available": -1}, "account_available_not_negative"),
        ({"held": -1}, "account_held_not_negative"),
        ({"kind": "fees"}, "account_owner_fits_kind"),
    ],
)
def test_the_database_refuses_an_impossible_account(cast: Cast, fields: dict[str, object], constraint: str) -> None:
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Account.objects.filter(owner=cast.maker, asset_id=cast.quote).update(**fields)
