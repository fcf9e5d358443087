"""What the database itself refuses where money is real, whatever the program that speaks to it has decided."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import Group, Permission
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from base.errors import ApiError, CodedError
from base.ids import uuid7
from exchange.models import Asset, FeeTier, Market, Rule, User
from exchange.roles import StaffRole
from exchange.services import (
    asset_limit_propose,
    market_set_state,
    market_stop_propose,
    market_stops_end,
    market_terms_propose,
    market_update,
    markets_seed,
    rule_propose,
    staff_change_propose,
    staff_password_propose,
)
from exchange.services.limits import play_money_begin
from proposals.errors import ProposalCode
from proposals.models import Proposal
from proposals.services import proposal_approve, proposals_expire
from settlement.legs import AccountKey, Move
from settlement.models import Account, Adjustment, AdjustmentLine, LedgerEntry
from settlement.services import adjustment_propose, ledger_deposit
from tests.administrator import unguarded
from tests.real_money import real_money, time_passes

pytestmark = pytest.mark.xdist_group("real money")


class House:
    """An exchange whose money is real: two founders, two clerks of Settlement, two operators, and a trader."""

    def __init__(self, founders: tuple[User, User]) -> None:
        self.founders = founders
        markets_seed()
        self.clerks = [self.appoint(f"clerk-{number}", StaffRole.SETTLEMENT) for number in (1, 2)]
        self.operators = [self.appoint(f"operator-{number}", StaffRole.OPERATOR) for number in (1, 2)]
        self.trader = User.objects.create(username="trader")
        self.market = Market.objects.get(symbol="BTC/USDT")
        with unguarded():  # the founders set it up before there was staff
            Asset.objects.update(hand_limit=1000)

    def appoint(self, name: str, role: StaffRole) -> User:
        user, group = User.objects.create(username=name), Group.objects.get(name=role)
        changes = {"is_staff": True, "groups": [group.pk]}
        proposal = staff_change_propose(actor=self.founders[0], user=user, changes=changes, reason="hired")
        proposal_approve(actor=self.founders[1], proposal_id=proposal.pk)
        user.refresh_from_db()
        time_passes(user)
        return User.objects.get(pk=user.pk)

    def deposit(self, amount: str, reference: str, **others: Any) -> Adjustment:
        moves = [
            Move(AccountKey(self.trader.pk, "BTC"), Decimal(amount), Decimal(0)),
            Move(AccountKey(None, "BTC", "external"), -Decimal(amount), Decimal(0)),
        ]
        return adjustment_propose(
            actor=self.clerks[0], kind="deposit", moves=moves, reason="wire", reference=reference, **others
        )

    def balance(self) -> Decimal:
        return Account.objects.values_list("available", flat=True).get(owner=self.trader, asset_id="BTC")


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with real_money("two") as founders:
        yield House(founders)


def refused(match: str, call: Callable[[], Any]) -> None:
    with pytest.raises(DatabaseError, match=match), transaction.atomic():
        call()


def sql(statement: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


# --- money ----------------------------------------------------------------------------------------


def test_a_deposit_takes_two_clerks_and_happens_once(house: House) -> None:
    proposal = house.deposit("3", "SEPA:1")
    before = house.balance()

    proposal_approve(actor=house.clerks[1], proposal_id=proposal.pk)

    assert house.balance() == before + 3
    with pytest.raises(CodedError, match="already approved"):
        proposal_approve(actor=house.clerks[1], proposal_id=proposal.pk)


def test_an_entry_that_nobody_decided_on_is_refused(house: House) -> None:
    house.deposit("1", "SEPA:2")
    user = Account.objects.get(owner=house.trader, asset_id="BTC")
    outside = Account.objects.get(owner=None, kind="external", asset_id="BTC")

    for kind in ("deposit", "withdrawal", "correction", "trade", "fee", "reserve", "release"):
        entries = [
            LedgerEntry(transfer_id=(key := uuid7()), leg=1, account=user, asset_id="BTC", amount=5, kind=kind),
            LedgerEntry(transfer_id=key, leg=2, account=outside, asset_id="BTC", amount=-5, kind=kind),
        ]
        refused("that no two people decided on", lambda entries=entries: LedgerEntry.objects.bulk_create(entries))  # type: ignore[misc]  # the default binds the loop's value


def test_entries_other_than_those_approved_are_refused(house: House) -> None:
    proposal = house.deposit("1", "SEPA:3")
    user, outside = (line.account for line in proposal.lines.order_by("number"))

    def approve_and_print_more() -> None:
        Proposal.objects.filter(pk=proposal.pk).update(
            state="approved", decided_by=house.clerks[1], decided_at=timezone.now()
        )
        LedgerEntry.objects.bulk_create(
            LedgerEntry(
                transfer_id=proposal.pk, leg=leg, account=account, asset_id="BTC", amount=amount, kind="deposit"
            )
            for leg, (account, amount) in enumerate(((user, 100), (outside, -100)), 1)
        )

    refused("that no two people decided on", approve_and_print_more)


def test_an_approval_of_yesterday_moves_nothing_today(house: House) -> None:
    proposal = house.deposit("1", "SEPA:4")
    proposal_approve(actor=house.clerks[1], proposal_id=proposal.pk)
    user, outside = (line.account for line in proposal.lines.order_by("number"))

    refused(
        "that no two people decided on",
        lambda: LedgerEntry.objects.bulk_create(
            LedgerEntry(
                transfer_id=proposal.pk, leg=leg, account=account, asset_id="BTC", amount=amount, kind="deposit"
            )
            for leg, (account, amount) in enumerate(((user, 1), (outside, -1)), 3)
        ),
    )


def test_lines_are_not_added_to_what_waits(house: House) -> None:
    proposal = house.deposit("1", "SEPA:5")
    account = Account.objects.create(owner=house.trader, asset_id="ETH")

    refused(
        "lines are proposed together",
        lambda: AdjustmentLine.objects.create(adjustment=proposal, number=9, account=account, available=9, held=0),
    )


@pytest.mark.parametrize(
    ("changed", "match"),
    [
        ({"decided_by": 0}, "proposal_two_people"),
        ({"decided_by": "trader"}, "only active members of staff"),
        ({"decided_by": "founder"}, "no right over money"),
        ({"decided_by": 1, "beneficiaries": []}, "nothing of it changes"),
        ({"decided_by": 1, "proposed_by": "founder"}, "nothing of it changes"),
        ({"decided_by": 1, "payload": {"x": 1}}, "nothing of it changes"),
    ],
)
def test_sql_that_skips_the_second_person_is_refused(house: House, changed: dict[str, Any], match: str) -> None:
    proposal = house.deposit("1", f"SEPA:{uuid7()}")
    people = {0: house.clerks[0], 1: house.clerks[1], "trader": house.trader, "founder": house.founders[0]}
    fields = {
        name: people[value] if name in ("decided_by", "proposed_by") else value for name, value in changed.items()
    }

    refused(
        match,
        lambda: Proposal.objects.filter(pk=proposal.pk).update(state="approved", decided_at=timezone.now(), **fields),
    )


def test_a_proposal_is_neither_born_approved_nor_approved_where_it_was_made_nor_removed(house: House) -> None:
    def propose(**fields: Any) -> Proposal:
        return Proposal.objects.create(
            kind="rule", target="stop_hours", reason="x", expires_at=timezone.now() + timedelta(1),
            **{"proposed_by": house.founders[0], **fields},
        )  # fmt: skip

    def at_once() -> None:
        proposal = propose()
        Proposal.objects.filter(pk=proposal.pk).update(
            state="approved", decided_by=house.founders[1], decided_at=timezone.now()
        )

    born = {"state": "approved", "decided_by": house.founders[1], "decided_at": timezone.now()}
    refused("begins undecided", lambda: propose(**born))
    refused("made and approved in one transaction", at_once)
    refused("what benefits themselves", lambda: propose(beneficiaries=[house.founders[0].pk]))
    refused("only active members of staff", lambda: propose(proposed_by=house.trader))
    refused("proposals are kept", lambda: sql("DELETE FROM proposals_proposal"))
    refused("permission denied", lambda: sql("TRUNCATE proposals_proposal CASCADE"))


def test_nobody_approves_what_benefits_themselves(house: House) -> None:
    moves = [
        Move(AccountKey(house.clerks[1].pk, "BTC"), Decimal(1), Decimal(0)),
        Move(AccountKey(None, "BTC", "external"), Decimal(-1), Decimal(0)),
    ]
    proposal = adjustment_propose(
        actor=house.clerks[0], kind="deposit", moves=moves, reason="wire", reference="SEPA:OWN"
    )

    with pytest.raises(CodedError) as by_service:
        proposal_approve(actor=house.clerks[1], proposal_id=proposal.pk)

    assert by_service.value.code is ProposalCode.BENEFICIARY
    refused(
        "what benefits themselves",
        lambda: Proposal.objects.filter(pk=proposal.pk).update(
            state="approved", decided_by=house.clerks[1], decided_at=timezone.now()
        ),
    )


def test_a_reference_is_used_once_however_it_is_written(house: House) -> None:
    house.deposit("1", "Wire-77")

    for reference in ("Wire-77", "WIRE-77"):
        with pytest.raises(CodedError) as again:
            house.deposit("1", reference)
        assert again.value.code is ProposalCode.REFERENCE_USED


def test_what_has_waited_too_long_expires_and_frees_its_reference(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "PROPOSAL_HOURS", 0)
    proposal = house.deposit("1", "SEPA:LATE")
    approval = {"state": "approved", "decided_by": house.clerks[1], "decided_at": timezone.now()}

    with pytest.raises(CodedError) as late:
        proposal_approve(actor=house.clerks[1], proposal_id=proposal.pk)
    refused("has expired", lambda: Proposal.objects.filter(pk=proposal.pk).update(**approval))
    assert proposals_expire() == 1
    assert proposals_expire() == 0

    assert late.value.code is ProposalCode.EXPIRED
    assert Proposal.objects.get(pk=proposal.pk).state == "expired"
    assert house.deposit("1", "SEPA:LATE").pk != proposal.pk


def test_play_money_is_for_a_copy_that_began_so(house: House) -> None:
    with pytest.raises(ApiError, match="Money is real here"):
        ledger_deposit(owner=house.trader, asset="BTC", amount=Decimal(1), reason="for me")
    with pytest.raises(CommandError, match="DEMO_MODE is off"):
        call_command("seed", "--demo", verbosity=0)
    assert not play_money_begin()
    refused("changed by two people, play money never", lambda: Rule.objects.filter(name="play_money").update(value=1))


def test_limits_and_rules_take_two_people(house: House) -> None:
    refused("set by two people", lambda: Asset.objects.filter(pk="BTC").update(hand_limit=10**9))
    refused("set by two people", lambda: Asset.objects.create(code="NEW", name="New", hand_limit=1))
    refused("changed by two people", lambda: Rule.objects.filter(name="cooling_hours").update(value=0))
    refused("neither added nor removed", lambda: sql("DELETE FROM exchange_rule"))

    limit = asset_limit_propose(
        actor=house.operators[0], asset=Asset.objects.get(pk="LTC"), limit=Decimal(7), reason="less"
    )
    rule = rule_propose(actor=house.founders[0], name="stop_hours", value=25, reason="a long day")
    proposal_approve(actor=house.operators[1], proposal_id=limit.pk)
    proposal_approve(actor=house.founders[1], proposal_id=rule.pk)

    assert Asset.objects.get(pk="LTC").hand_limit == 7
    assert Rule.objects.get(name="stop_hours").value == 25


# --- staff ----------------------------------------------------------------------------------------


def test_sql_makes_nobody_a_member_of_staff_and_gives_no_rights(house: House) -> None:
    role, right = Group.objects.get(name=StaffRole.SETTLEMENT), Permission.objects.get(codename="approve_adjustment")
    trader = User.objects.filter(pk=house.trader.pk)

    refused("by two people", lambda: trader.update(is_staff=True))
    refused("by two people", lambda: trader.update(is_superuser=True))
    refused("by two people", lambda: User.objects.create(username="puppet", is_staff=True))
    refused("by two people", lambda: User.objects.filter(pk=house.clerks[0].pk).update(is_active=False))
    refused("by two people", lambda: house.trader.groups.add(role))
    refused("by two people", lambda: house.clerks[0].groups.clear())
    refused("by two people", lambda: house.trader.user_permissions.add(right))
    group = Group.objects.create(name="mine")
    refused("by two people", lambda: group.permissions.add(right))


def test_who_is_new_or_has_another_password_does_not_decide_for_a_day(house: House) -> None:
    newcomer = house.appoint("newcomer", StaffRole.SETTLEMENT)
    proposal = house.deposit("1", "SEPA:NEW")
    User.objects.filter(pk=newcomer.pk).update(password="!another")
    newcomer = User.objects.get(pk=newcomer.pk)

    with pytest.raises(CodedError) as too_soon:
        proposal_approve(actor=newcomer, proposal_id=proposal.pk)

    assert too_soon.value.code is ProposalCode.TOO_SOON
    approval = {"state": "approved", "decided_by": newcomer, "decided_at": timezone.now()}
    refused("do not decide yet", lambda: Proposal.objects.filter(pk=proposal.pk).update(**approval))
    User.objects.filter(pk=newcomer.pk).update(rights_since=None)
    refused("do not decide yet", lambda: Proposal.objects.filter(pk=proposal.pk).update(**approval))
    time_passes(newcomer)
    proposal_approve(actor=User.objects.get(pk=newcomer.pk), proposal_id=proposal.pk)


def test_another_password_for_staff_is_shown_once_to_who_approved_it(house: House) -> None:
    clerk = house.appoint("forgetful", StaffRole.SUPPORT)
    proposal = staff_password_propose(actor=house.founders[0], user=clerk, reason="forgotten")

    told = proposal_approve(actor=house.founders[1], proposal_id=proposal.pk).told

    clerk.refresh_from_db()
    assert clerk.check_password(told.rpartition(" ")[2])
    assert told.rpartition(" ")[2] not in str(Proposal.objects.filter(pk=proposal.pk).values())
    assert clerk.rights_since is not None and timezone.now() - clerk.rights_since < timedelta(minutes=5)


@pytest.mark.parametrize("who", ["administrator", "superuser"])
def test_nobody_both_appoints_and_moves_money(house: House, who: str) -> None:
    user, clerk_role = User.objects.create(username=f"both-{who}"), Group.objects.get(name=StaffRole.SETTLEMENT)
    groups = [clerk_role.pk, *([Group.objects.get(name=StaffRole.ADMINISTRATOR).pk] if who == "administrator" else [])]
    changes = {"is_staff": True, "groups": groups, "is_superuser": who == "superuser"}

    with pytest.raises(CodedError, match="Who appoints staff has no right over money"):
        staff_change_propose(actor=house.founders[0], user=user, changes=changes, reason="a favourite")

    assert not house.founders[0].has_perm("settlement.approve_adjustment")
    refused(
        "no right over money",
        lambda: Adjustment.objects.create(
            kind="deposit", proposed_by=house.founders[0], reason="x", expires_at=timezone.now() + timedelta(1)
        ),
    )


# --- markets --------------------------------------------------------------------------------------


def test_fees_and_bands_move_a_little_by_one_and_far_by_two(house: House) -> None:
    market, (one, other) = house.market, house.operators
    rows = Market.objects.filter(pk=market.pk)

    far = ("taker_fee_ppm", 1_501), ("maker_fee_ppm", 1_301), ("price_band_ppm", 0), ("price_band_ppm", 130_000)
    for change in far:
        refused("by two people", lambda change=change: rows.update(**dict([change])))  # type: ignore[misc]  # the default binds the loop's value
    for fee in (1_400, 1_500):  # step by step it goes no further
        market_update(actor=one, market_id=market.pk, taker_fee_ppm=fee)
    refused("by two people", lambda: rows.update(taker_fee_ppm=1_600))
    dear = Market(
        **{**rows.values().get(), "id": None, "symbol": "BTC/LTC", "quote_id": "LTC", "taker_fee_ppm": 50_001}
    )
    refused("market_fees_sane", dear.save)
    refused(
        "fee tiers are changed by two", lambda: FeeTier.objects.filter(market=market, level=1).update(taker_fee_ppm=1)
    )
    refused("fee tiers are changed by two", lambda: FeeTier.objects.filter(market=market).delete())

    proposal = market_terms_propose(
        actor=one, market_id=market.pk, changes={"taker_fee_ppm": 9_000, "price_band_ppm": 0}, reason="a contest"
    )
    proposal_approve(actor=other, proposal_id=proposal.pk)

    market.refresh_from_db()
    assert (market.taker_fee_ppm, market.price_band_ppm, market.agreed_taker_fee_ppm) == (9_000, 0, 9_000)


def test_what_was_changed_meanwhile_is_not_overwritten(house: House) -> None:
    market, (one, other) = Market.objects.get(symbol="ETH/USDT"), house.operators
    proposal = market_terms_propose(actor=one, market_id=market.pk, changes={"maker_fee_ppm": 5_000}, reason="higher")
    market_update(actor=other, market_id=market.pk, maker_fee_ppm=900)

    with pytest.raises(CodedError) as meanwhile:
        proposal_approve(actor=other, proposal_id=proposal.pk)

    assert meanwhile.value.code is ProposalCode.CHANGED_MEANWHILE
    assert Market.objects.get(pk=market.pk).maker_fee_ppm == 900


def test_a_stop_by_one_ends_after_a_day_and_one_by_two_lasts(house: House) -> None:
    market, (one, other) = Market.objects.get(symbol="LTC/USDT"), house.operators
    rows = Market.objects.filter(pk=market.pk)
    tomorrow, later = timezone.now() + timedelta(hours=20), timezone.now() + timedelta(days=3)

    refused("stopped for longer by two people", lambda: rows.update(trading_state="halted"))
    refused("stopped for longer by two", lambda: rows.update(trading_state="closed", stop_ends_at=later))
    market_set_state(actor=one, market_id=market.pk, state="halted", note="odd prices")
    refused("stopped for longer by two people", lambda: rows.update(stop_ends_at=None))
    assert market_stops_end(now=tomorrow) == []
    rows.update(stop_ends_at=timezone.now() - timedelta(minutes=1))
    assert market_stops_end() == ["LTC/USDT"]
    assert rows.get().trading_state == "continuous"

    market_set_state(actor=one, market_id=market.pk, state="halted", note="odd prices")
    proposal = market_stop_propose(actor=one, market_id=market.pk, state="halted", reason="until they are explained")
    proposal_approve(actor=other, proposal_id=proposal.pk)
    assert market_stops_end(now=later) == []
    stopped = rows.get()
    assert (stopped.trading_state, stopped.stop_ends_at) == ("halted", None)


def test_what_the_exchange_itself_stopped_stays_until_somebody_looks(house: House) -> None:
    market = Market.objects.get(symbol="DOT/USDT")
    rows = Market.objects.filter(pk=market.pk)
    market_set_state(actor=None, market_id=market.pk, state="halted", note="it does not reconcile")
    rows.update(stop_ends_at=timezone.now() - timedelta(minutes=1))

    assert market_stops_end() == []

    kept = rows.get()
    assert kept.trading_state == "halted" and kept.stop_ends_at is not None and kept.stop_ends_at > timezone.now()
