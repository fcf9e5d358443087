"""Adjusting entries under four eyes: what they move, what is refused, and that each happens once."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from base.errors import CodedError
from base.ids import uuid7
from exchange.models import AuditEntry, User
from proposals.errors import ProposalCode
from proposals.services import proposal_approve, proposal_reject, proposal_withdraw
from settlement.errors import AdjustmentCode
from settlement.legs import AccountKey, Move
from settlement.models import Account, Adjustment, AdjustmentLine, LedgerEntry
from settlement.services import (
    adjustment_propose,
    failed_settlement_resolve,
    failed_settlement_retry,
    ledger_withdraw,
    settle_pending,
)
from tests.administrator import as_administrator
from tests.integration.settlement.adjusting import (
    Eyes,
    clerk,
    correction,
    dead_letter,
    give_back,
    settle_by_hand,
)
from tests.integration.settlement.cast import FUNDS, Cast, status_of


@pytest.fixture
def eyes() -> Eyes:
    return Eyes.open()


def acts_of(user: User) -> list[str]:
    return list(AuditEntry.objects.filter(actor=user).order_by("id").values_list("action", flat=True))


def refused(code: AdjustmentCode | ProposalCode, call: Callable[[], Any]) -> CodedError[Any]:
    with pytest.raises(CodedError) as error:
        call()
    assert error.value.code is code, error.value
    return error.value


# --- what an adjustment does ----------------------------------------------------------------------


def test_giving_back_undoes_the_trade_and_frees_what_it_held(cast: Cast, eyes: Eyes) -> None:
    trade, failure = dead_letter(cast)
    proposal = eyes.propose(give_back(trade), failure=failure)
    assert (cast.balance(cast.taker, cast.quote)[1], status_of(trade.id)) == (trade.buyer_hold, "failed")

    eyes.approve(proposal)

    assert cast.balance(cast.taker, cast.quote) == cast.balance(cast.maker, cast.base) == (FUNDS, 0)
    assert not LedgerEntry.objects.filter(transfer_id__in=[proposal.pk, trade.id]).exists()
    failure.refresh_from_db()
    assert (failure.state, failure.note, failure.resolved_by) == ("resolved", "ticket 7", eyes.approver)
    assert status_of(trade.id) == "resolved"


def test_settling_by_hand_moves_what_the_trade_would_have_moved(cast: Cast, eyes: Eyes) -> None:
    trade, failure = dead_letter(cast)

    proposal = eyes.propose(settle_by_hand(trade), failure=failure)
    eyes.approve(proposal)

    assert cast.balance(cast.taker, cast.quote) == (FUNDS - Decimal("50.05"), 0)
    assert cast.balance(cast.maker, cast.quote) == (FUNDS + Decimal("49.95"), 0)
    assert cast.balance(None, cast.quote) == (Decimal("0.1"), 0)
    assert cast.balance(cast.taker, cast.base) == (FUNDS + Decimal("0.5"), 0)
    assert cast.balance(cast.maker, cast.base) == (FUNDS - Decimal("0.5"), 0)
    entries = LedgerEntry.objects.filter(transfer_id=proposal.pk)
    assert {(entry.kind, entry.reason) for entry in entries} == {("correction", "ticket 7")}
    assert (len(entries), status_of(trade.id)) == (5, "resolved")


def test_settling_a_trade_with_oneself_by_hand_has_one_line_for_each_account(cast: Cast, eyes: Eyes) -> None:
    trade = cast.trade(buyer=cast.taker, seller=cast.taker)
    cast.hold(cast.taker, cast.quote, -trade.buyer_hold)
    settle_pending(market_id=cast.market.pk)
    cast.hold(cast.taker, cast.quote, trade.buyer_hold)
    failure = dead_letter_of(trade.id)

    proposal = eyes.propose(settle_by_hand(trade), failure=failure)
    eyes.approve(proposal)

    assert proposal.lines.count() == 3
    assert cast.balance(cast.taker, cast.quote) == (FUNDS - Decimal("0.1"), 0)
    assert cast.balance(cast.taker, cast.base) == (FUNDS, 0)


def test_a_custom_adjustment_may_pay_the_trade_otherwise(cast: Cast, eyes: Eyes) -> None:
    """The buyer gets everything back and ten from the seller."""
    trade, failure = dead_letter(cast)
    extra = [
        Move(AccountKey(cast.taker.pk, cast.quote), Decimal(10), Decimal(0)),
        Move(AccountKey(cast.maker.pk, cast.quote), Decimal(-10), Decimal(0)),
    ]

    proposal = eyes.propose([*give_back(trade), *extra], failure=failure)
    eyes.approve(proposal)

    assert cast.balance(cast.taker, cast.quote) == (FUNDS + 10, 0)
    assert cast.balance(cast.maker, cast.quote) == (FUNDS - 10, 0)
    assert LedgerEntry.objects.filter(transfer_id=proposal.pk).count() == 2


@pytest.mark.parametrize("amount", ["25", "-25"])
def test_a_correction_is_an_entry_against_the_outside_world(cast: Cast, eyes: Eyes, amount: str) -> None:
    proposal = eyes.propose(correction(cast, amount), reason="counted twice")
    eyes.approve(proposal, note="checked")

    assert cast.balance(cast.maker, cast.quote) == (FUNDS + int(amount), 0)
    entries = LedgerEntry.objects.filter(transfer_id=proposal.pk).order_by("leg")
    assert [(entry.amount, entry.kind, entry.reason) for entry in entries] == [
        (int(amount), "correction", "counted twice"), (-int(amount), "correction", "counted twice"),
    ]  # fmt: skip


def test_an_adjustment_makes_the_accounts_it_needs(cast: Cast, eyes: Eyes) -> None:
    proposal = eyes.propose(correction(cast, "3", cast.staff))
    eyes.approve(proposal)

    assert cast.balance(cast.staff, cast.quote) == (3, 0)


def test_every_step_is_recorded_with_who_and_what_before_and_after(cast: Cast, eyes: Eyes) -> None:
    trade, failure = dead_letter(cast)
    proposal = eyes.propose(give_back(trade), failure=failure)
    eyes.approve(proposal, note="seen the books")

    assert acts_of(eyes.proposer) == ["adjustment.propose"]
    assert acts_of(eyes.approver) == ["settlement.resolve", "ledger.correction", "adjustment.approve"]
    proposed = AuditEntry.objects.get(actor=eyes.proposer)
    assert (proposed.target_id, proposed.new["trade_id"]) == (str(proposal.pk), str(trade.id))
    assert [line["held"] for line in proposed.new["lines"]] == ["-60.06", "-0.5"]
    approved = AuditEntry.objects.get(actor=eyes.approver, action="adjustment.approve")
    assert (approved.old["state"], approved.new["state"], approved.note) == ("proposed", "approved", "seen the books")
    moved = AuditEntry.objects.get(actor=eyes.approver, action="ledger.correction")
    assert [(row["available"], row["held"]) for row in moved.old["balances"]] == [
        ("999939.94", "60.06"), ("999999.5", "0.5"),
    ]  # fmt: skip
    assert [(row["available"], row["held"]) for row in moved.new["balances"]] == [("1000000", "0")] * 2
    resolved = AuditEntry.objects.get(actor=eyes.approver, action="settlement.resolve")
    assert (resolved.old["state"], resolved.new["state"]) == ("dead", "resolved")


def test_what_was_resolved_with_a_note_can_still_be_closed(cast: Cast, eyes: Eyes) -> None:
    trade, failure = dead_letter(cast)
    failed_settlement_resolve(actor=cast.staff, failure_id=failure.pk, note="nothing to do")

    proposal = eyes.propose(give_back(trade), failure=failure)
    eyes.approve(proposal)

    assert status_of(trade.id) == "resolved"


def test_a_proposal_is_rejected_by_another_or_withdrawn_by_its_author(cast: Cast, eyes: Eyes) -> None:
    trade, failure = dead_letter(cast)
    first = eyes.propose(give_back(trade), failure=failure)
    proposal_reject(actor=eyes.approver, proposal_id=first.pk, note="settle it instead")
    second = eyes.propose(settle_by_hand(trade), failure=failure)
    proposal_withdraw(actor=eyes.proposer, proposal_id=second.pk)
    third = eyes.propose(give_back(trade), failure=failure)
    proposal_approve(actor=eyes.approver, proposal_id=third.pk)

    states = [Adjustment.objects.get(pk=proposal.pk).state for proposal in (first, second, third)]
    assert states == ["rejected", "withdrawn", "approved"]
    assert acts_of(eyes.proposer) == ["adjustment.propose"] * 2 + ["adjustment.withdraw", "adjustment.propose"]
    assert acts_of(eyes.approver)[0] == "adjustment.reject"


def test_the_same_proposal_twice_is_one(cast: Cast, eyes: Eyes) -> None:
    adjustment_id = uuid7()

    for _ in range(2):
        adjustment_propose(
            actor=eyes.proposer, moves=correction(cast, "1"), reason="twice", reference=f"TWICE-{adjustment_id}",
            adjustment_id=adjustment_id,
        )  # fmt: skip

    assert Adjustment.objects.get(reason="twice", proposed_by=eyes.proposer).pk == adjustment_id
    assert acts_of(eyes.proposer) == ["adjustment.propose"]
    proposal_withdraw(actor=eyes.proposer, proposal_id=adjustment_id)


# --- what is refused ------------------------------------------------------------------------------


def test_nobody_approves_or_rejects_their_own(cast: Cast, eyes: Eyes) -> None:
    proposal, proposer = eyes.propose(correction(cast, "1")), eyes.proposer

    refused(ProposalCode.FORBIDDEN, lambda: proposal_approve(actor=proposer, proposal_id=proposal.pk))
    refused(ProposalCode.FORBIDDEN, lambda: proposal_reject(actor=proposer, proposal_id=proposal.pk, note="no"))
    assert cast.balance(cast.maker, cast.quote) == (FUNDS, 0)


def test_each_step_needs_its_right(cast: Cast, eyes: Eyes) -> None:
    proposal = eyes.propose(correction(cast, "1"))
    may_propose, may_approve = clerk("add_adjustment"), clerk("approve_adjustment")

    for call in (
        lambda: adjustment_propose(actor=may_approve, moves=correction(cast, "1"), reason="x"),
        lambda: proposal_approve(actor=may_propose, proposal_id=proposal.pk),
        lambda: proposal_reject(actor=may_propose, proposal_id=proposal.pk, note="x"),
        lambda: proposal_withdraw(actor=eyes.approver, proposal_id=proposal.pk),
    ):
        refused(ProposalCode.FORBIDDEN, call)
    proposal_withdraw(actor=eyes.proposer, proposal_id=proposal.pk)


def test_what_is_decided_is_decided(cast: Cast, eyes: Eyes) -> None:
    proposal = eyes.propose(correction(cast, "1"))
    eyes.approve(proposal)

    for call in (
        lambda: eyes.approve(proposal),
        lambda: proposal_reject(actor=eyes.approver, proposal_id=proposal.pk, note="late"),
        lambda: proposal_withdraw(actor=eyes.proposer, proposal_id=proposal.pk),
    ):
        refused(ProposalCode.ALREADY_DECIDED, call)
    assert cast.balance(cast.maker, cast.quote) == (FUNDS + 1, 0)
    refused(ProposalCode.PROPOSAL_NOT_FOUND, lambda: proposal_approve(actor=eyes.approver, proposal_id=uuid7()))


def test_a_rejection_needs_a_note(cast: Cast, eyes: Eyes) -> None:
    proposal = eyes.propose(correction(cast, "1"))

    refused(ProposalCode.INVALID, lambda: proposal_reject(actor=eyes.approver, proposal_id=proposal.pk, note=" "))


def _lines(cast: Cast, *lines: tuple[str, str, str, str]) -> list[Move]:
    owners = {"maker": cast.maker.pk, "taker": cast.taker.pk}
    assets = {"base": cast.base, "quote": cast.quote}
    return [
        Move(
            AccountKey(owners.get(owner), assets.get(asset, asset), "user" if owner in owners else owner),
            Decimal(available), Decimal(held),
        )
        for owner, asset, available, held in lines
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ([], "INVALID"),
        ([("maker", "quote", "0", "0")], "INVALID"),
        ([("maker", "quote", "1", "0"), ("maker", "quote", "-1", "0")], "INVALID"),
        ([("maker", "NONE", "1", "0"), ("taker", "NONE", "-1", "0")], "INVALID"),
        ([("maker", "quote", "NaN", "0"), ("taker", "quote", "-1", "0")], "INVALID"),
        ([("maker", "quote", "1e15", "0"), ("taker", "quote", "-1e15", "0")], "INVALID"),
        (
            [("maker", "quote", "9e19", "0"), ("external", "quote", "-9e19", "0")],
            "INVALID",
        ),
        ([("maker", "quote", "0.000000001", "0"), ("taker", "quote", "-0.000000001", "0")], "INVALID"),
        ([("fees", "quote", "-1", "1")], "INVALID"),
        ([("maker", "quote", "1", "0")], "ADJUSTMENT_NOT_ZERO_SUM"),
        ([("maker", "quote", "1", "0"), ("taker", "base", "-1", "0")], "ADJUSTMENT_NOT_ZERO_SUM"),
        ([("maker", "quote", "1", "1"), ("taker", "quote", "-1", "0")], "ADJUSTMENT_NOT_ZERO_SUM"),
    ],
)
def test_unsound_lines_are_refused(
    cast: Cast, eyes: Eyes, lines: Sequence[tuple[str, str, str, str]], code: str
) -> None:
    refused(AdjustmentCode(code), lambda: eyes.propose(_lines(cast, *lines)))
    assert acts_of(eyes.proposer) == []


@pytest.mark.parametrize("reason", [" ", "x" * 201])
def test_a_reason_is_needed_and_fits_the_entry(cast: Cast, eyes: Eyes, reason: str) -> None:
    refused(ProposalCode.INVALID, lambda: eyes.propose(correction(cast, "1"), reason=reason))


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ([("maker", "quote", "-1000000.00000001", "0"), ("taker", "quote", "1000000.00000001", "0")], "BALANCE"),
        ([("fees", "quote", "-1", "0"), ("taker", "quote", "1", "0")], "BALANCE"),
        ([("maker", "quote", "1", "-1")], "HOLD"),
    ],
)
def test_what_is_not_there_cannot_be_proposed(
    cast: Cast, eyes: Eyes, lines: Sequence[tuple[str, str, str, str]], code: str
) -> None:
    refused(AdjustmentCode(f"INSUFFICIENT_{code}"), lambda: eyes.propose(_lines(cast, *lines)))

    assert acts_of(eyes.proposer) == []
    assert cast.balance(cast.maker, cast.quote) == cast.balance(cast.taker, cast.quote) == (FUNDS, 0)


def test_what_is_gone_by_the_decision_is_not_moved_and_the_proposal_stands(cast: Cast, eyes: Eyes) -> None:
    proposal = eyes.propose(_lines(cast, ("maker", "quote", "-10", "0"), ("taker", "quote", "10", "0")))
    ledger_withdraw(owner=cast.maker, asset=cast.quote, amount=FUNDS - 9, reason="wire 9")

    refused(
        AdjustmentCode.INSUFFICIENT_BALANCE,
        lambda: eyes.approve(proposal),
    )

    proposal.refresh_from_db()
    assert (proposal.state, acts_of(eyes.approver)) == ("proposed", [])
    assert cast.balance(cast.maker, cast.quote) == (9, 0)
    assert cast.balance(cast.taker, cast.quote) == (FUNDS, 0)


def test_more_than_an_account_can_keep_is_not_proposed(cast: Cast, eyes: Eyes) -> None:
    Account.objects.filter(owner=cast.maker, asset=cast.quote).update(available=Decimal("99999999999999999999"))
    lines = _lines(cast, ("maker", "quote", "10", "0"), ("taker", "quote", "-10", "0"))

    refused(AdjustmentCode.INVALID, lambda: eyes.propose(lines))

    Account.objects.filter(owner=cast.maker, asset=cast.quote).update(available=FUNDS)


def test_closing_a_dead_letter_takes_exactly_what_it_holds(cast: Cast, eyes: Eyes) -> None:
    trade, failure = dead_letter(cast)
    buyer, seller = give_back(trade)
    less = Move(buyer.account, buyer.available - 1, buyer.held + 1)
    more = [Move(AccountKey(cast.outsider.pk, cast.quote), Decimal(-1), Decimal(1))]

    for moves in ([buyer], [less, seller], [buyer, seller, *more], correction(cast, "1")):
        refused(AdjustmentCode.HOLDS_DIFFER, lambda moves=moves: eyes.propose(moves, failure=failure))  # type: ignore[misc]  # the default binds the loop's value
    assert Adjustment.objects.filter(failure=failure).count() == 0


def test_one_adjustment_at_a_time_closes_a_dead_letter(cast: Cast, eyes: Eyes) -> None:
    trade, failure = dead_letter(cast)
    proposal = eyes.propose(give_back(trade), failure=failure)

    refused(ProposalCode.ALREADY_PROPOSED, lambda: eyes.propose(settle_by_hand(trade), failure=failure))
    eyes.approve(proposal)
    refused(ProposalCode.ALREADY_PROPOSED, lambda: eyes.propose(give_back(trade), failure=failure))


def test_a_trade_that_settled_meanwhile_is_not_closed_again(cast: Cast, eyes: Eyes) -> None:
    trade, failure = dead_letter(cast)
    proposal = eyes.propose(give_back(trade), failure=failure)
    assert failed_settlement_retry(actor=cast.staff, failure_ids=[failure.pk]).settled == 1

    refused(
        AdjustmentCode.TRADE_NOT_FAILED,
        lambda: eyes.approve(proposal),
    )
    refused(AdjustmentCode.TRADE_NOT_FAILED, lambda: eyes.propose(give_back(trade), failure=failure))
    assert status_of(trade.id) == "settled"


def test_a_closed_trade_is_neither_retried_nor_settled(cast: Cast, eyes: Eyes) -> None:
    trade, failure = dead_letter(cast)
    proposal = eyes.propose(give_back(trade), failure=failure)
    eyes.approve(proposal)

    assert failed_settlement_retry(actor=cast.staff, failure_ids=[failure.pk]).claimed == 0
    assert settle_pending(market_id=cast.market.pk).claimed == 0
    assert status_of(trade.id) == "resolved"


def test_money_that_the_ledger_has_moved_is_not_moved_by_hand(cast: Cast, eyes: Eyes) -> None:
    trade = cast.trade()
    settle_pending(market_id=cast.market.pk)
    type(trade).objects.filter(id=trade.id).update(settlement_status="pending")
    settle_pending(market_id=cast.market.pk)
    failure = dead_letter_of(trade.id)
    assert failure.code in ("DUPLICATE_TRANSFER", "INSUFFICIENT_HOLD")

    refused(AdjustmentCode.TRADE_ALREADY_MOVED, lambda: eyes.propose(give_back(trade), failure=failure))
    type(trade).objects.filter(id=trade.id).update(settlement_status="settled")


def dead_letter_of(trade_id: Any) -> Any:
    from settlement.models import FailedSettlement

    return FailedSettlement.objects.get(trade_id=trade_id)


# --- what the database itself refuses -------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"state": "approved"}, "only active members of staff"),
        ({"state": "approved", "decided_by": "proposer"}, "proposal_two_people"),
        ({"state": "rejected", "decided_by": "proposer"}, "proposal_two_people"),
        ({"state": "withdrawn", "decided_by": "approver"}, "proposal_withdrawn_by_its_proposer"),
    ],
)
def test_the_database_insists_on_four_eyes(cast: Cast, eyes: Eyes, fields: dict[str, Any], constraint: str) -> None:
    proposal = eyes.propose(correction(cast, "1"))
    if who := fields.get("decided_by"):
        fields = {**fields, "decided_by": getattr(eyes, who), "decided_at": "2026-01-01T00:00:00Z"}

    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Adjustment.objects.filter(pk=proposal.pk).update(**fields)


def test_what_was_proposed_cannot_be_rewritten(cast: Cast, eyes: Eyes) -> None:
    proposal = eyes.propose(correction(cast, "1"))

    with as_administrator(), pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        AdjustmentLine.objects.filter(adjustment=proposal).update(available=2)
    with as_administrator(), pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        AdjustmentLine.objects.filter(adjustment=proposal).delete()
    assert Account.objects.filter(owner=cast.maker, asset_id=cast.quote, available=FUNDS).exists()


def test_fees_that_went_meanwhile_are_refused_by_the_database(
    cast: Cast, eyes: Eyes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The house's accounts are locked last, so what was seen of them before may be gone."""
    monkeypatch.setattr("settlement.services.adjustments.require_funds", lambda *_: None)
    proposal = eyes.propose(_lines(cast, ("fees", "quote", "-1", "0"), ("taker", "quote", "1", "0")))

    refused(
        AdjustmentCode.INSUFFICIENT_BALANCE,
        lambda: eyes.approve(proposal),
    )

    assert cast.balance(cast.taker, cast.quote) == (FUNDS, 0)
