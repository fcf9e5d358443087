"""Settlers, retries and approvals at the same moment: one of them wins, and nothing moves twice."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from base.errors import CodedError
from base.ids import uuid7
from exchange.models import AuditEntry
from orders.models import Trade
from proposals.services import Approved, proposal_approve, proposal_withdraw
from settlement.legs import AccountKey, Move
from settlement.models import Adjustment, LedgerEntry
from settlement.services import (
    adjustment_propose,
    failed_settlement_resolve,
    failed_settlement_retry,
    ledger_deposit,
    settle_pending,
    settle_retries,
)
from tests.integration.settlement.adjusting import (
    RIGHTS,
    Eyes,
    clerk,
    correction,
    dead_letter,
    give_back,
    settle_by_hand,
)
from tests.integration.settlement.cast import FUNDS, Cast, failure_of, make_due, status_of
from tests.integration.settlement.wallets import FlakyWallet

ROUNDS = 8


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Run calls in threads that start together; return what each gave, or the exception it raised."""
    start = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        try:
            start.wait(timeout=10)
            return call()
        except Exception as error:  # what came of it is for the test to judge
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def _sweep(trade: Trade) -> int:
    """Make the attempt that is due, as the sweeper does; return how many trades that settled.

    The second to reach a failed trade has its row locked until it has seen so. A retry that looks at it in that moment
    skips it, and leaves the attempt to the sweeper.
    """
    return settle_retries(trade_ids=[trade.id]).settled


def codes(outcomes: Sequence[Any]) -> list[str]:
    return sorted(
        outcome.code.value if isinstance(outcome, CodedError) else type(outcome).__name__ for outcome in outcomes
    )


@pytest.fixture
def eyes() -> Eyes:
    return Eyes.open()


def test_settlers_and_retries_of_the_same_trades_settle_each_once(
    cast: Cast, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    trades = [cast.trade(price="1", quantity="1", hold="2") for _ in range(20)]
    settings.WALLETS = {"embedded": "tests.integration.settlement.wallets.FlakyWallet"}
    monkeypatch.setattr(FlakyWallet, "failures", 1)
    settle_pending(market_id=cast.market.pk, limit=10)
    make_due(*trades[:10])
    ids = [trade.id for trade in trades]

    batches = at_once(
        *(lambda: settle_pending(market_id=cast.market.pk, limit=7) for _ in range(3)),
        *(lambda: settle_retries(trade_ids=ids) for _ in range(3)),
    )
    rest = settle_pending(market_id=cast.market.pk).settled + settle_retries(trade_ids=ids).settled

    assert sum(batch.settled for batch in batches) + rest == 20
    assert {status_of(trade_id) for trade_id in ids} == {"settled"}
    assert LedgerEntry.objects.filter(transfer_id__in=ids).count() == 20 * 5
    assert settle_retries(trade_ids=ids).claimed == 0


def test_a_settled_trade_is_not_retried_by_staff_however_often(cast: Cast) -> None:
    trade, failure = dead_letter(cast)

    outcomes = at_once(
        *(partial(failed_settlement_retry, actor=cast.staff, failure_ids=[failure.pk]) for _ in range(4))
    )

    assert sum(outcome.settled for outcome in outcomes) + _sweep(trade) == 1
    assert AuditEntry.objects.filter(actor=cast.staff, action="settlement.retry").count() == 1
    assert LedgerEntry.objects.filter(transfer_id=trade.id).count() == 5
    assert failed_settlement_retry(actor=cast.staff, failure_ids=[failure.pk]).claimed == 0


def test_an_adjustment_approved_by_several_at_once_happens_once(cast: Cast, eyes: Eyes) -> None:
    proposal = eyes.propose(correction(cast, "7"))
    approvers = [clerk(*RIGHTS) for _ in range(8)]

    outcomes = at_once(*(partial(proposal_approve, actor=who, proposal_id=proposal.pk) for who in approvers))

    assert codes(outcomes) == ["ALREADY_DECIDED"] * 7 + ["Approved"]
    assert cast.balance(cast.maker, cast.quote) == (FUNDS + 7, 0)
    assert LedgerEntry.objects.filter(transfer_id=proposal.pk).count() == 2


def test_an_approval_and_a_withdrawal_at_once_leave_one_of_them(cast: Cast, eyes: Eyes) -> None:
    for _ in range(ROUNDS):
        before = cast.balance(cast.maker, cast.quote)[0]
        proposal = eyes.propose(correction(cast, "1"))

        outcomes = at_once(
            partial(proposal_approve, actor=eyes.approver, proposal_id=proposal.pk),
            partial(proposal_withdraw, actor=eyes.proposer, proposal_id=proposal.pk),
        )

        assert codes(outcomes) in (["ALREADY_DECIDED", "Approved"], ["ALREADY_DECIDED", "Proposal"])
        is_approved = Adjustment.objects.get(pk=proposal.pk).state == "approved"
        assert cast.balance(cast.maker, cast.quote)[0] == before + (1 if is_approved else 0)


@pytest.mark.parametrize("moves_of", [give_back, settle_by_hand])
def test_an_approval_while_a_retry_runs_pays_once(
    cast: Cast, eyes: Eyes, moves_of: Callable[[Trade], list[Move]]
) -> None:
    for _ in range(ROUNDS):
        trade, failure = dead_letter(cast)
        proposal = eyes.propose(moves_of(trade), failure=failure)

        approved, retried = at_once(
            partial(proposal_approve, actor=eyes.approver, proposal_id=proposal.pk),
            partial(failed_settlement_retry, actor=cast.staff, failure_ids=[failure.pk]),
        )

        settled = retried.settled + _sweep(trade)
        by_retry = LedgerEntry.objects.filter(transfer_id=trade.id).count()
        if isinstance(approved, CodedError):
            assert (approved.code.value, settled, by_retry) == ("TRADE_NOT_FAILED", 1, 5)
            assert (status_of(trade.id), failure_of(trade).state) == ("settled", "settled")
        else:
            assert (approved.proposal.state, settled, by_retry) == ("approved", 0, 0)
            assert (status_of(trade.id), failure_of(trade).state) == ("resolved", "resolved")
        assert cast.balance(cast.taker, cast.quote)[1] == cast.balance(cast.maker, cast.base)[1] == 0


def test_an_approval_and_a_note_at_once_both_leave_the_trade_closed(cast: Cast, eyes: Eyes) -> None:
    for _ in range(ROUNDS):
        trade, failure = dead_letter(cast)
        proposal = eyes.propose(give_back(trade), failure=failure)

        approved, _ = at_once(
            partial(proposal_approve, actor=eyes.approver, proposal_id=proposal.pk),
            partial(failed_settlement_resolve, actor=cast.staff, failure_id=failure.pk, note="a note"),
        )

        assert isinstance(approved, Approved)
        assert (status_of(trade.id), failure_of(trade).state) == ("resolved", "resolved")


def test_two_proposals_for_one_dead_letter_at_once_are_one(cast: Cast, eyes: Eyes) -> None:
    trade, failure = dead_letter(cast)
    moves = give_back(trade)

    outcomes = at_once(*(lambda: eyes.propose(moves, failure=failure) for _ in range(4)))

    assert codes(outcomes) == ["ALREADY_PROPOSED"] * 3 + ["Adjustment"]
    assert Adjustment.objects.filter(failure=failure).count() == 1


def test_one_form_sent_several_times_at_once_is_one_proposal(cast: Cast, eyes: Eyes) -> None:
    adjustment_id, moves = uuid7(), correction(cast, "1")

    outcomes = at_once(
        *(
            lambda: adjustment_propose(
                actor=eyes.proposer, moves=moves, reason="once", reference="ONCE-1", adjustment_id=adjustment_id
            )
            for _ in range(4)
        )
    )

    assert {outcome.pk for outcome in outcomes} == {adjustment_id}
    assert AuditEntry.objects.filter(actor=eyes.proposer).count() == 1


def test_adjustments_deposits_and_settlement_of_the_same_accounts_do_not_deadlock(cast: Cast, eyes: Eyes) -> None:
    """Lines in opposite orders, beside settlers: whoever locks in another order than the rest would be shot down."""
    there = [_move(cast.maker.pk, cast, "1"), _move(cast.taker.pk, cast, "-1")]
    back = [_move(cast.taker.pk, cast, "1"), _move(cast.maker.pk, cast, "-1")]
    for _ in range(ROUNDS):
        proposals = [eyes.propose(moves) for moves in (there, back, there, back)]
        for number in range(20):
            buyer, seller = ((cast.maker, cast.taker), (cast.taker, cast.maker))[number % 2]
            cast.trade(buyer=buyer, seller=seller, price="1", quantity="1", hold="2")

        outcomes = at_once(
            *(partial(proposal_approve, actor=eyes.approver, proposal_id=one.pk) for one in proposals),
            *(lambda: settle_pending(market_id=cast.market.pk, limit=5) for _ in range(3)),
            lambda: ledger_deposit(owner=cast.maker, asset=cast.quote, amount=Decimal(1), reason="wire"),
        )

        assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []
        while settle_pending(market_id=cast.market.pk).claimed:
            pass


def _move(owner_id: Any, cast: Cast, amount: str) -> Move:
    return Move(AccountKey(owner_id, cast.quote), Decimal(amount), Decimal(0))
