"""Accounts in the back office: deposits and withdrawals, statements, and why a balance is what it is."""

import csv
import io
import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient, Client
from django.utils import timezone

from base.downloads import safe_cell
from exchange.models import User
from orders.models import OwedHold, Trade
from proposals.models import Proposal
from settlement.models import Account, LedgerEntry
from settlement.services import ledger_deposit, ledger_withdraw, settle_pending
from tests.fixtures import fresh_name
from tests.integration.admin.scene import ACCOUNTS, USERS, browser_of, messages_of, queries_of, staff_with
from tests.integration.admin.sent_forms import errors_on, form_on
from tests.integration.api.stored import store_order
from tests.integration.settlement.cast import FUNDS, Cast
from tests.trail import acts

VIEW = ("settlement.view_account", "settlement.view_ledgerentry")
CASHIER = (*VIEW, "exchange.view_user", "settlement.deposit_account", "settlement.withdraw_account")
EXPLAIN_QUERIES_MAX = 20  # with the entry that the audit trail gets, and its link


def account_of(user: User, asset: str) -> Account:
    return Account.objects.get(owner=user, asset_id=asset)


def transfer_in(page: Any) -> str:
    found = re.search(r'name="transfer" value="([^"]+)"', page.content.decode())
    assert found
    return found[1]


# --- deposits and withdrawals ---------------------------------------------------------------------


def transfer_form(page: Any, **fields: str) -> dict[str, str]:
    return {
        "confirmed": "1", "amount": "5", "reason": "wire", "reference": fresh_name("WIRE-"),
        "transfer": transfer_in(page),
    } | fields  # fmt: skip


@pytest.mark.parametrize(("name", "sign"), [("deposit", 1), ("withdraw", -1)])
def test_money_comes_and_goes_by_the_account_s_page_once_another_clerk_approves(
    cast: Cast, name: str, sign: int
) -> None:
    cashier, other = staff_with(*CASHIER), staff_with("settlement.approve_adjustment", "proposals.view_proposal")
    browser, page = browser_of(cashier), f"{ACCOUNTS}{account_of(cast.maker, cast.quote).pk}/{name}/"
    form = transfer_form(browser.get(page), amount="12.5", reason="wire 77")

    first, _ = browser.post(page, form), browser.post(page, form)

    kind = "deposit" if sign > 0 else "withdrawal"
    said = f"{kind.capitalize()} of 12.5 {cast.quote} for {cast.maker} is proposed: somebody else has to approve it"
    assert messages_of(first) == [said]
    assert cast.balance(cast.maker, cast.quote) == (FUNDS, 0)
    proposal = Proposal.objects.get(proposed_by=cashier)
    queue = browser_of(other).get("/admin/proposals/proposal/?state__exact=proposed").content.decode()
    assert proposal.subject == f"{'+' if sign > 0 else ''}{sign * Decimal('12.5')} {cast.quote} for {cast.maker}"
    assert proposal.subject in queue
    for _ in range(2):
        browser_of(other).post(f"/admin/proposals/proposal/{proposal.pk}/approve/", {"confirmed": "1", "note": ""})
    assert cast.balance(cast.maker, cast.quote) == (FUNDS + sign * Decimal("12.5"), 0)
    assert [entry.action for entry in acts().filter(actor=cashier)] == ["adjustment.propose"]
    moved = acts().get(actor=other, action=f"ledger.{kind}")
    assert (moved.target_id, moved.note) == (str(proposal.pk), "wire 77")


def test_a_first_deposit_is_proposed_on_the_user_s_page(cast: Cast) -> None:
    clerk = staff_with(*CASHIER)
    cashier, page = browser_of(clerk), f"{USERS}{cast.staff.pk}/deposit/"

    cashier.post(page, transfer_form(cashier.get(page), asset=cast.base, amount="3"))

    assert Proposal.objects.get(proposed_by=clerk).subject == f"+3 {cast.base} for {cast.staff}"
    labels = [action["label"] for action in cashier.get(f"{USERS}{cast.staff.pk}/change/").context["object_actions"]]
    assert labels == ["Deposit…", "Withdraw…"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"reason": " "}, "This field is required"),
        ({"reference": ""}, "This field is required"),
        ({"reference": "a b"}, "A reference has 4 to 128 letters"),
        ({"reference": "\u0391BCD"}, "A reference has 4 to 128 letters"),
        ({"amount": "x"}, "Enter a number"),
        ({"transfer": "01900000-0000-7000-8000-000000000001"}, "Open this form again"),
    ],
)
def test_a_form_that_is_not_sound_proposes_nothing(cast: Cast, changed: dict[str, str], said: str) -> None:
    clerk = staff_with(*CASHIER)
    browser, page = browser_of(clerk), f"{ACCOUNTS}{account_of(cast.maker, cast.quote).pk}/deposit/"

    answer = browser.post(page, transfer_form(browser.get(page), **changed))

    assert answer.status_code == 200 and said in answer.content.decode()
    assert not Proposal.objects.filter(proposed_by=clerk).exists()


def test_what_is_not_there_is_not_withdrawn(cast: Cast) -> None:
    browser, account = browser_of(staff_with(*CASHIER)), account_of(cast.maker, cast.quote)
    page = f"{ACCOUNTS}{account.pk}/withdraw/"
    refusals = {
        "1000001": {"": [f"Only 1000000 {cast.quote} are available in account {account.pk}"]},
        "0": {"amount": ["Must be above zero"]},
        "-1": {"amount": ["Must be above zero"]},
        "1000000000000000": {"amount": ["Must be below 1,000,000,000,000,000"]},
    }
    for amount, said in refusals.items():
        form = transfer_form(browser.get(page), amount=amount)
        answer = browser.post(page, form)
        assert (answer.status_code, errors_on(answer)) == (200, said)
        assert {name: form_on(answer, "amount")[name] for name in form} == form  # what was typed is there, and the id
    assert cast.balance(cast.maker, cast.quote) == (FUNDS, 0)


def test_each_act_needs_its_right(cast: Cast) -> None:
    viewer, account = browser_of(staff_with(*VIEW, "exchange.view_user")), account_of(cast.maker, cast.quote)

    for page in (f"{ACCOUNTS}{account.pk}", f"{USERS}{cast.maker.pk}"):
        for name in ("deposit", "withdraw"):
            assert viewer.post(f"{page}/{name}/", {"confirmed": "1"}).status_code == 403
    blind = browser_of(staff_with("settlement.view_account"))
    for name in ("statement", "explain"):
        assert blind.get(f"{ACCOUNTS}{account.pk}/{name}/").status_code == 403


def test_the_house_s_accounts_take_no_deposits(cast: Cast) -> None:
    house = Account.objects.get(owner=None, asset_id=cast.quote)
    clerk = browser_of(staff_with(*CASHIER, "settlement.add_adjustment"))
    actions = clerk.get(f"{ACCOUNTS}{house.pk}/change/").context["object_actions"]

    assert [action["label"] for action in actions] == [
        "Explain this balance", "Statement…", "Propose a correction…",
    ]  # fmt: skip
    assert clerk.get(f"{ACCOUNTS}{house.pk}/deposit/").status_code == 404


# --- statements -----------------------------------------------------------------------------------


def statement(browser: Client, account: Account, **bounds: str) -> list[dict[str, str]]:
    answer = browser.post(f"{ACCOUNTS}{account.pk}/statement/", {"confirmed": "1", **bounds})
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]  # the answer streams
    return list(csv.DictReader(io.StringIO(text)))


def test_a_statement_runs_from_the_opening_to_the_closing_balance(
    cast: Cast, boss: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("settlement.statements.PAGE_LINES", 2)
    for number in range(4):
        ledger_deposit(owner=cast.taker, asset=cast.quote, amount=Decimal(number + 1), reason=f"wire {number}")
    trade = cast.trade()
    settle_pending(market_id=cast.market.pk)
    account = account_of(cast.taker, cast.quote)

    rows = statement(boss, account)

    assert [(row["kind"], row["amount"], row["balance"]) for row in rows] == [
        ("opening balance", "", "0"), ("deposit", "1000000", "1000000"),
        ("deposit", "1", "1000001"), ("deposit", "2", "1000003"), ("deposit", "3", "1000006"),
        ("deposit", "4", "1000010"), ("trade", "-50.05", "999959.95"), ("closing balance", "", "999959.95"),
    ]  # fmt: skip
    assert Decimal(rows[-1]["balance"]) == account.total
    assert (rows[-2]["trade_id"], rows[1]["trade_id"]) == (str(trade.id), "")


def test_a_statement_of_a_period_opens_with_what_came_before(cast: Cast, boss: Client) -> None:
    for amount in ("1", "2", "3"):
        ledger_deposit(owner=cast.maker, asset=cast.quote, amount=Decimal(amount), reason="wire")
    account = account_of(cast.maker, cast.quote)
    times = list(account.entries.order_by("id").values_list("created_at", flat=True))

    rows = statement(boss, account, since=f"{times[2]:%Y-%m-%dT%H:%M:%S.%f}", until=f"{times[3]:%Y-%m-%dT%H:%M:%S.%f}")

    assert [(row["kind"], row["balance"]) for row in rows] == [
        ("opening balance", "1000001"), ("deposit", "1000003"), ("closing balance", "1000003"),
    ]  # fmt: skip
    later = f"{timezone.now() + timedelta(days=1):%Y-%m-%dT%H:%M}"
    assert [row["balance"] for row in statement(boss, account, since=later)] == ["1000006", "1000006"]


def test_a_period_that_ends_before_it_begins_is_refused(cast: Cast, boss: Client) -> None:
    page = f"{ACCOUNTS}{account_of(cast.maker, cast.quote).pk}/statement/"

    answer = boss.post(page, {"confirmed": "1", "since": "2026-01-02T00:00", "until": "2026-01-01T00:00"})

    assert b"later than the beginning" in answer.content


def test_no_cell_of_a_statement_is_a_formula(cast: Cast, boss: Client) -> None:
    ledger_deposit(owner=cast.maker, asset=cast.quote, amount=Decimal(1), reason='=HYPERLINK("http://x")')

    rows = statement(boss, account_of(cast.maker, cast.quote))

    assert rows[2]["reason"] == '\'=HYPERLINK("http://x")'


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1+1", "@x", "\t=1", " =1", "\n=1", "＝1"])  # noqa: RUF001
def test_what_a_spreadsheet_would_compute_is_disarmed(text: str) -> None:
    assert safe_cell(text) == f"'{text}"
    assert safe_cell(f"x{text}") == f"x{text}"


def test_numbers_stay_numbers() -> None:
    assert [safe_cell(text) for text in ("-1", "-0.5", "12")] == ["-1", "-0.5", "12"]


def test_a_statement_is_recorded(cast: Cast) -> None:
    clerk = staff_with(*VIEW)
    account = account_of(cast.maker, cast.quote)
    statement(browser_of(clerk), account, since="2026-01-31T00:00")

    entry = acts().get(actor=clerk)
    assert (entry.action, entry.target_id) == ("account.statement", str(account.pk))
    assert entry.new == {"since": "2026-01-31T00:00:00.000Z", "until": None}


def test_a_statement_is_streamed_under_asgi_as_well(cast: Cast, staff: User) -> None:
    account = account_of(cast.maker, cast.quote)

    async def fetch() -> tuple[bool, bytes]:
        client = AsyncClient()
        await client.aforce_login(staff)
        answer = await client.post(f"{ACCOUNTS}{account.pk}/statement/", {"confirmed": "1"})
        return answer.is_async, b"".join([part async for part in answer.streaming_content])  # type: ignore[attr-defined]  # as above

    is_async, text = async_to_sync(fetch)()

    assert is_async
    assert text.decode().splitlines()[-1].startswith(",,closing balance,,1000000,")


# --- explained balances ---------------------------------------------------------------------------


def explained(browser: Client, account: Account, query: str = "") -> dict[str, list[list[str]]]:
    page = browser.get(f"{ACCOUNTS}{account.pk}/explain/{query}")
    assert page.status_code == 200
    return {
        table.title: [[re.sub(r"<[^>]+>", "", str(cell)) for cell in row] for row in table.rows]
        for table in page.context["object_tables"]
    }


def test_a_balance_is_explained_by_its_entries_and_its_holds(cast: Cast, boss: Client) -> None:
    settled, waiting = cast.trade(), cast.trade(hold="50.05")
    settle_pending(market_id=cast.market.pk, limit=1)
    order = store_order(cast.taker, cast.market, side="buy", status="open", held=Decimal("7.5"), price=Decimal(15))
    ended = store_order(cast.taker, cast.market, side="buy", status="cancelled", held=Decimal(2), price=Decimal(15))
    OwedHold.objects.create(order_id=ended.pk, market=cast.market)
    cast.hold(cast.taker, cast.quote, Decimal("9.5"))

    tables = explained(boss, account_of(cast.taker, cast.quote))

    assert tables["The balance and its entries"][-1] == ["Sum of all entries", "999,949.95", "equal"]
    assert tables["How it came about (30 days)"] == [
        ["Before", "", "", "", "0"],
        ["Deposit", "1", "1,000,000", "0", "1,000,000"],
        ["Trade", "1", "0", "-50.05", "-50.05"],
        ["Now", "", "", "", "999,949.95"],
    ]
    assert tables["What is held, and for what"] == [
        ["Open orders", "1", "7.5", ""], ["Trades that are not settled", "1", "50.05", ""],
        ["Holds owed to ended orders", "1", "2", ""], ["Together", "", "59.55", ""],
        ["Held", "", "59.55", "equal"],
    ]  # fmt: skip
    newest = tables["Newest entries (at most 50)"]
    assert [row[3:5] for row in newest] == [["-50.05", "999,949.95"], ["1,000,000", "1,000,000"]]
    assert newest[0][5] == f"…{settled.id.hex[-12:]}"
    assert newest[0][6] == f"…{settled.buyer_order_id.hex[-12:]}"
    trades = tables["Trades that are not settled (the newest, at most 50)"]
    assert [(row[0], row[-1]) for row in trades] == [(f"…{waiting.id.hex[-12:]}", "50.05")]
    type(order).objects.filter(pk__in=[order.pk, ended.pk]).update(held=0)
    OwedHold.objects.filter(order_id=ended.pk).delete()
    cast.hold(cast.taker, cast.quote, Decimal("-9.5"))
    settle_pending(market_id=cast.market.pk)


def test_the_seller_s_hold_is_the_quantity_and_a_closed_trade_holds_nothing(cast: Cast, boss: Client) -> None:
    trade = cast.trade()
    account = account_of(cast.maker, cast.base)

    assert explained(boss, account)["What is held, and for what"][1] == ["Trades that are not settled", "1", "0.5", ""]
    for status, count in (("retrying", "1"), ("failed", "1"), ("resolved", "0"), ("settled", "0")):
        Trade.objects.filter(id=trade.id).update(settlement_status=status)
        assert explained(boss, account)["What is held, and for what"][1][1] == count
    Trade.objects.filter(id=trade.id).update(settlement_status="pending")
    settle_pending(market_id=cast.market.pk)


def test_a_hold_that_nothing_needs_is_seen(cast: Cast, boss: Client) -> None:
    cast.hold(cast.maker, cast.quote, Decimal(4))

    rows = explained(boss, account_of(cast.maker, cast.quote))["What is held, and for what"]

    assert rows[-2:] == [["Together", "", "0", ""], ["Held", "", "4", "they differ"]]
    cast.hold(cast.maker, cast.quote, Decimal(-4))


def test_a_period_groups_what_came_within_it(cast: Cast, boss: Client) -> None:
    ledger_withdraw(owner=cast.maker, asset=cast.quote, amount=Decimal(10), reason="wire")
    account = account_of(cast.maker, cast.quote)
    since = account.entries.latest("id").created_at

    from settlement.statements import balance_explained

    found = balance_explained(account_id=account.pk, since=since)
    assert (found.opening, found.sum_of_entries) == (FUNDS, FUNDS - 10)
    assert [tuple(kind) for kind in found.kinds] == [("withdrawal", 1, 0, -10)]
    assert explained(boss, account, "?days=1")["How it came about (since yesterday)"][-1][-1] == "999,990"
    assert "How it came about (30 days)" in explained(boss, account, "?days=nonsense")


def test_an_account_without_entries_and_the_house_s_are_explained(cast: Cast, boss: Client) -> None:
    cast.hold(cast.maker, cast.quote, Decimal(0))
    bare = Account.objects.create(owner=cast.staff, asset_id=cast.quote)
    house = Account.objects.get(owner=None, asset_id=cast.quote)

    assert explained(boss, bare)["The balance and its entries"][-1] == ["Sum of all entries", "0", "equal"]
    tables = explained(boss, house)
    assert tables["The balance and its entries"][-1] == ["Sum of all entries", "-3,000,000", "equal"]
    assert "What is held, and for what" not in tables


def test_the_explanation_takes_a_fixed_number_of_queries(cast: Cast, boss: Client) -> None:
    for _ in range(3):
        cast.trade()
    settle_pending(market_id=cast.market.pk, limit=2)

    _, statements = queries_of(boss, f"{ACCOUNTS}{account_of(cast.taker, cast.quote).pk}/explain/")

    assert len(statements) <= EXPLAIN_QUERIES_MAX
    assert LedgerEntry.objects.filter(account__owner=cast.taker).exists()
    settle_pending(market_id=cast.market.pk)
