"""Settlements that fail: retried when that can help, dead letters when not, and never in the way of others."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from base.errors import ApiError, ErrorCode, ValidationError
from exchange.models import AuditEntry
from orders.models import Trade
from settlement.errors import SettlementCode, SettlementError
from settlement.models import LedgerEntry
from settlement.services import (
    failed_settlement_resolve,
    failed_settlement_retry,
    settle_pending,
    settle_retries,
)
from tests.integration.settlement.cast import FUNDS, Cast, failure_of, make_due, status_of
from tests.integration.settlement.wallets import UNAVAILABLE, FlakyWallet, PickyWallet


@pytest.fixture
def flaky(settings: Settings) -> Iterator[type[FlakyWallet]]:
    settings.WALLETS = {"embedded": "tests.integration.settlement.wallets.FlakyWallet"}
    yield FlakyWallet
    FlakyWallet.failures, FlakyWallet.error = 0, UNAVAILABLE


@pytest.fixture
def picky(settings: Settings) -> Iterator[type[PickyWallet]]:
    settings.WALLETS = {"embedded": "tests.integration.settlement.wallets.PickyWallet"}
    yield PickyWallet
    PickyWallet.poison = set()


@pytest.mark.parametrize("failures", [1, 2])
def test_a_transient_error_is_retried_until_it_succeeds(cast: Cast, flaky: type[FlakyWallet], failures: int) -> None:
    trade = cast.trade()
    flaky.failures = failures

    batch = settle_pending(market_id=cast.market.pk)
    assert [retry.trade_ids for retry in batch.retries] == [[trade.id]]
    assert status_of(trade.id) == "retrying"
    for _ in range(failures):
        make_due(trade)
        settle_retries(trade_ids=[trade.id])

    failure = failure_of(trade)
    assert (failure.state, failure.attempt_count, failure.next_attempt_at) == ("settled", failures, None)
    assert [attempt["code"] for attempt in failure.attempts] == ["WALLET_UNAVAILABLE"] * failures
    assert status_of(trade.id) == "settled"
    assert cast.balance(cast.taker, cast.base) == (FUNDS + Decimal("0.5"), 0)


def test_the_third_transient_error_makes_a_dead_letter(cast: Cast, flaky: type[FlakyWallet]) -> None:
    trade = cast.trade()
    flaky.failures = 3

    waits = [settle_pending(market_id=cast.market.pk).retries[0].wait_s]
    make_due(trade)
    waits.append(settle_retries(trade_ids=[trade.id]).retries[0].wait_s)
    make_due(trade)
    last = settle_retries(trade_ids=[trade.id])

    assert 0.1 <= waits[0] <= 0.2 and 1 <= waits[1] <= 2
    assert (last.dead, last.retries) == (1, [])
    failure = failure_of(trade)
    assert (failure.state, failure.code, len(failure.attempts)) == ("dead", "WALLET_UNAVAILABLE", 3)
    assert status_of(trade.id) == "failed"
    assert settle_pending(market_id=cast.market.pk).claimed == 0
    assert not LedgerEntry.objects.filter(transfer_id=trade.id).exists()


def test_a_transient_error_is_one_attempt_of_every_trade_of_the_batch(cast: Cast, flaky: type[FlakyWallet]) -> None:
    trades = [cast.trade() for _ in range(5)]
    flaky.failures = 1

    batch = settle_pending(market_id=cast.market.pk)

    assert batch.claimed == 5
    assert [len(failure_of(trade).attempts) for trade in trades] == [1] * 5
    make_due(*trades)
    assert settle_retries(trade_ids=[trade.id for trade in trades]).settled == 5


def test_a_retry_that_is_not_due_is_left_alone(cast: Cast, flaky: type[FlakyWallet]) -> None:
    trade = cast.trade()
    flaky.failures = 1
    settle_pending(market_id=cast.market.pk)
    failure = failure_of(trade)
    failure.next_attempt_at = timezone.now() + timedelta(hours=1)
    failure.save()

    assert settle_retries(trade_ids=[trade.id]).claimed == 0

    make_due(trade)
    assert settle_retries(trade_ids=[trade.id]).settled == 1
    assert settle_retries(trade_ids=[trade.id]).claimed == 0


def test_one_poisoned_trade_among_fifty_does_not_hold_up_the_others(cast: Cast, picky: type[PickyWallet]) -> None:
    trades = [cast.trade() for _ in range(50)]
    picky.poison = {trades[17].id}

    batch = settle_pending(market_id=cast.market.pk, limit=50)

    assert (batch.claimed, batch.settled, batch.dead) == (50, 49, 1)
    failure = failure_of(trades[17])
    assert (failure.state, failure.code, len(failure.attempts)) == ("dead", "UNKNOWN", 1)
    assert "a bug in the wallet" in failure.error
    assert Trade.objects.filter(market=cast.market, settlement_status="settled").count() == 49


def test_a_dead_letter_settles_by_staff_once_the_hold_is_back(cast: Cast) -> None:
    good, bad = cast.trade(buyer=cast.outsider), cast.trade()
    cast.hold(cast.taker, cast.quote, Decimal("-60.06"))  # as if a bug had released it

    batch = settle_pending(market_id=cast.market.pk)

    assert (batch.settled, batch.dead) == (1, 1)
    assert (status_of(good.id), status_of(bad.id)) == ("settled", "failed")
    failure = failure_of(bad)
    assert failure.code == "INSUFFICIENT_HOLD"

    cast.hold(cast.taker, cast.quote, Decimal("60.06"))
    assert failed_settlement_retry(actor=cast.staff, failure_ids=[failure.pk]).settled == 1

    failure.refresh_from_db()
    assert (failure.state, status_of(bad.id)) == ("settled", "settled")
    audit = AuditEntry.objects.get(actor=cast.staff)
    assert (audit.action, audit.target_id) == ("settlement.retry", str(failure.pk))
    assert (audit.old["state"], audit.new["state"]) == ("dead", "retrying")
    assert failed_settlement_retry(actor=cast.staff, failure_ids=[failure.pk]).claimed == 0


def test_a_retry_by_staff_gives_new_attempts_and_keeps_the_history(cast: Cast, flaky: type[FlakyWallet]) -> None:
    trade = cast.trade()
    flaky.failures, flaky.error = 1, RuntimeError("bug")
    settle_pending(market_id=cast.market.pk)
    flaky.failures, flaky.error = 1, UNAVAILABLE

    failed_settlement_retry(actor=cast.staff, failure_ids=[failure_of(trade).pk])

    failure = failure_of(trade)
    assert (failure.state, failure.attempt_count, len(failure.attempts)) == ("retrying", 1, 2)
    make_due(trade)
    assert settle_retries(trade_ids=[trade.id]).settled == 1


def test_a_dead_letter_is_resolved_with_a_note_and_then_left_alone(cast: Cast, picky: type[PickyWallet]) -> None:
    trade = cast.trade()
    picky.poison = {trade.id}
    settle_pending(market_id=cast.market.pk)
    failure = failure_of(trade)

    with pytest.raises(ValidationError):
        failed_settlement_resolve(actor=cast.staff, failure_id=failure.pk, note=" ")
    resolved = failed_settlement_resolve(actor=cast.staff, failure_id=failure.pk, note="Paid by hand, ticket 7")

    assert (resolved.state, resolved.resolved_by, resolved.note) == ("resolved", cast.staff, "Paid by hand, ticket 7")
    assert AuditEntry.objects.get(actor=cast.staff).note == "Paid by hand, ticket 7"
    assert failed_settlement_retry(actor=cast.staff, failure_ids=[failure.pk]).claimed == 0
    with pytest.raises(ApiError) as refused:
        failed_settlement_resolve(actor=cast.staff, failure_id=failure.pk, note="again")
    assert refused.value.code is ErrorCode.NOT_FOUND
    assert status_of(trade.id) == "failed"


def test_a_failure_keeps_the_trade_and_its_legs_as_settlement_saw_them(cast: Cast, picky: type[PickyWallet]) -> None:
    trade = cast.trade()
    picky.poison = {trade.id}

    settle_pending(market_id=cast.market.pk)

    failure = failure_of(trade)
    assert (failure.state, failure.code, len(failure.attempts)) == ("dead", "UNKNOWN", 1)
    seen = failure.payload["trade"]
    assert (seen["id"], seen["buyer_id"], seen["quantity"], seen["buyer_hold"]) == (
        str(trade.id), str(cast.taker.pk), "0.5", "60.06",
    )  # fmt: skip
    parts = ("leg", "asset", "available", "held", "amount")
    assert [tuple(leg[part] for part in parts) for leg in failure.payload["legs"]] == [
        (1, cast.quote, "10.01", "-60.06", "-50.05"), (2, cast.quote, "49.95", "0", "49.95"),
        (3, cast.quote, "0.1", "0", "0.1"), (4, cast.base, "0", "-0.5", "-0.5"), (5, cast.base, "0.5", "0", "0.5"),
    ]  # fmt: skip


@pytest.mark.parametrize("code", [code for code in SettlementCode if not code.is_transient])
def test_a_permanent_error_goes_straight_to_the_dead_letters(
    cast: Cast, flaky: type[FlakyWallet], code: SettlementCode
) -> None:
    trade = cast.trade()
    flaky.failures, flaky.error = 1, SettlementError(code, "for good")

    assert settle_pending(market_id=cast.market.pk).dead == 1

    failure = failure_of(trade)
    assert (failure.state, failure.code, failure.next_attempt_at) == ("dead", code.value, None)
    assert [(attempt["code"], attempt["transient"]) for attempt in failure.attempts] == [(code.value, False)]
    assert status_of(trade.id) == "failed"
