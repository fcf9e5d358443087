"""Balances and the ledger: what users have, why, and how money comes and goes."""

from collections.abc import Callable, Collection, Iterable
from datetime import timedelta
from functools import partial
from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import F, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from base.scaling import EXACT, ZERO
from base.times import iso_ms
from exchange.admin.audit import AuditEntryAdmin
from exchange.admin.base import DetailAction, ReadOnlyAdmin, Table, staff
from exchange.admin.columns import (
    amount,
    amount_text,
    column,
    link_to,
    link_to_search,
    mark,
    moment,
    related,
    short,
    time_text,
)
from exchange.admin.filters import UuidTimeFilter
from exchange.admin.notes import Question, ask, ask_and_act
from exchange.admin.search import as_uuid, find_users
from exchange.admin.users import TraderAdmin
from exchange.audit import audit_record
from exchange.models import User
from settlement.admin.forms import MoneyForm, MoneyOfUserForm, PeriodForm
from settlement.admin.statements import statement_response
from settlement.admin.tables import ACCOUNT, ENTRIES_SHOWN, USER, entry_table, source_of
from settlement.legs import AccountKey, Move
from settlement.models import Account, LedgerEntry
from settlement.selectors import orders_of_entries
from settlement.services import adjustment_propose
from settlement.services.adjustments import DEPOSIT as DEPOSIT_KIND
from settlement.services.adjustments import WITHDRAWAL as WITHDRAWAL_KIND
from settlement.statements import (
    BalanceExplained,
    StatementLine,
    balance_explained,
    newest_lines,
    one_snapshot,
    statement_open,
)

DEPOSIT, WITHDRAW = "settlement.deposit_account", "settlement.withdraw_account"
ORDER = "orders.order"
VIEW_ENTRIES, PROPOSE = "settlement.view_ledgerentry", "settlement.add_adjustment"
PERIODS = {1: "since yesterday", 30: "30 days", 365: "one year"}


@admin.register(Account)
class AccountAdmin(ReadOnlyAdmin):
    shows_money = True
    list_display = [
        "id",
        related("owner", USER),
        "kind",
        "asset",
        amount("available"),
        amount("held"),
        amount("total", sort=F("available") + F("held")),
    ]
    list_select_related = ["owner", "asset"]
    list_only = ["id", "kind", "owner__username", "asset__code", "available", "held", "total"]
    list_filter = ["kind", "asset"]
    search_fields = ["owner"]
    search_help_text = "Owner: id, name or e-mail"
    fields = [
        "id",
        "kind",
        related("owner", USER),
        "asset",
        amount("available"),
        amount("held"),
        amount("total"),
        "ledger",
    ]

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> Any:
        if search_term.strip():
            queryset = queryset.filter(owner_id__in=find_users(search_term))
        return queryset, False

    # Tables of apps above this one about what an account holds; they append to it.
    more_explanations: ClassVar[list[Callable[[Account], list[Table]]]] = []

    @admin.display(description="ledger")
    def ledger(self, account: Account) -> Any:
        return link_to_search("settlement.ledgerentry", f"account:{account.pk}", "all entries of this account")

    def object_tables(self, request: HttpRequest, obj: Account) -> list[Table]:
        return [entry_table(f"Newest entries (at most {ENTRIES_SHOWN})", obj.entries.all())]

    def object_actions(self, obj: Any | None) -> list[DetailAction]:
        actions = [
            DetailAction("explain", "Explain this balance", VIEW_ENTRIES, self._explain),
            DetailAction("statement", "Statement…", VIEW_ENTRIES, self._statement),
        ]
        if obj is None or obj.kind == Account.Kind.USER:
            actions += [
                DetailAction("deposit", "Deposit…", DEPOSIT, partial(self._transfer, "deposit")),
                DetailAction("withdraw", "Withdraw…", WITHDRAW, partial(self._transfer, "withdraw")),
            ]
        return [*actions, DetailAction("correct", "Propose a correction…", PROPOSE, self._correct)]

    def _explain(self, request: HttpRequest, object_id: str) -> HttpResponse:
        account: Account = self.object_or_404(request, object_id)
        period = {str(days): days for days in PERIODS}.get(request.GET.get("days", ""), 30)
        with one_snapshot():
            tables = explanation(account.pk, period, self.more_explanations)
        links = [{"label": "Back to the account", "url": self.object_url(account.pk)}]
        links += [{"label": text.capitalize(), "url": f"?days={number}"} for number, text in PERIODS.items()]
        context = {
            **self.admin_site.each_context(request),
            "title": f"Why {account} is what it is",
            "links": links,
            "object_tables": tables,
            "opts": self.opts,
        }
        return TemplateResponse(request, "admin/object_page.html", context)

    def _statement(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        account: Account = self.object_or_404(request, object_id)
        text = "All entries of the period with the balance after each, as a CSV file. Leave a field empty for no bound."
        question = Question("Statement", text, "Download")
        answer = ask(self, request, question, PeriodForm, [account], self.object_url(account.pk))
        if not isinstance(answer, dict):
            return answer
        statement = statement_open(account=account, since=answer["since"], until=answer["until"])
        bounds = {name: iso_ms(at) if (at := answer[name]) else None for name in ("since", "until")}
        audit_record(actor=staff(request), action="account.statement", target=account, new=bounds)
        return statement_response(request, statement)

    def _transfer(self, name: str, request: HttpRequest, object_id: str) -> HttpResponse:
        account: Account = self.object_or_404(request, object_id)
        if account.owner is None:
            raise Http404
        question, move = _money_question(name), partial(_propose_move, request, name, account.owner, account.asset_id)
        back = self.object_url(account.pk)
        return ask_and_act(self, request, question, MoneyForm, account, back, move, [_now_table([account])])

    def _correct(self, request: HttpRequest, object_id: str) -> HttpResponse:
        account: Account = self.object_or_404(request, object_id)
        page = reverse("admin:settlement_adjustment_add", query={"account": account.pk})
        return HttpResponseRedirect(page)


def _transfer_of_user(name: str, request: HttpRequest, object_id: str) -> HttpResponse:
    page = admin.site.get_model_admin(User)
    assert isinstance(page, TraderAdmin), "Invariant: users have their page"
    user: User = page.object_or_404(request, object_id)
    accounts = Account.objects.filter(owner=user).select_related("owner").order_by("asset_id")
    question, back = _money_question(name), page.object_url(user.pk)

    def move(answer: dict[str, Any]) -> None:
        _propose_move(request, name, user, answer["asset"].code, answer)

    return ask_and_act(page, request, question, MoneyOfUserForm, user, back, move, [_now_table(accounts)])


TraderAdmin.more_actions += [
    DetailAction("deposit", "Deposit…", DEPOSIT, partial(_transfer_of_user, "deposit")),
    DetailAction("withdraw", "Withdraw…", WITHDRAW, partial(_transfer_of_user, "withdraw")),
]


def _money_question(name: str) -> Question:
    texts = {
        "deposit": "Money that has come in from outside becomes available to the user",
        "withdraw": "Available money goes out of the exchange; what is held stays",
    }
    return Question(name.capitalize(), f"{texts[name]}, once somebody else has approved it.", "Propose")


def _now_table(accounts: Iterable[Account]) -> Table:
    rows = [[account.asset_id, *map(amount_text, (account.available, account.held))] for account in accounts]
    return Table("Now", ("Asset", "Available", "Held"), rows)


def _propose_move(request: HttpRequest, name: str, owner: User, asset: str, answer: dict[str, Any]) -> None:
    amount, kind = answer["amount"], DEPOSIT_KIND if name == "deposit" else WITHDRAWAL_KIND
    signed = amount if name == "deposit" else amount.copy_negate()
    outside = AccountKey(None, asset, Account.Kind.EXTERNAL.value)
    adjustment_propose(
        actor=staff(request),
        kind=kind,
        moves=[Move(AccountKey(owner.pk, asset), signed, ZERO), Move(outside, signed.copy_negate(), ZERO)],
        reason=answer["reason"],
        reference=answer["reference"].strip(),
        adjustment_id=answer["transfer"],
    )
    what = f"{kind.capitalize()} of {amount_text(amount)} {asset} for {owner}"
    messages.success(request, f"{what} is proposed: somebody else has to approve it")


def explanation(account_id: int, days: int, more: Iterable[Callable[[Account], list[Table]]]) -> list[Table]:
    """Return the tables that explain a balance. Three queries and those of `more`."""
    explained = balance_explained(account_id=account_id, since=timezone.now() - timedelta(days=days))
    lines = newest_lines(account_id=account_id, limit=ENTRIES_SHOWN)
    account = explained.account
    orders = orders_of_entries(entries=lines, user_id=account.owner_id) if account.owner_id else {}
    return [
        _sum_table(explained),
        _kinds_table(explained, PERIODS[days]),
        *(table for tables in more for table in tables(account)),
        _lines_table(lines, orders),
    ]


def _sum_table(explained: BalanceExplained) -> Table:
    account, total = explained.account, explained.sum_of_entries
    is_equal = account.total == total
    sign = mark("equal", "success") if is_equal else mark("they differ", "danger")
    rows = [
        ["Available", amount_text(account.available), ""],
        ["Held", amount_text(account.held), ""],
        ["Available + held", amount_text(account.total), ""],
        ["Sum of all entries", amount_text(total), sign],
    ]
    return Table("The balance and its entries", ("", account.asset_id, ""), rows)


def _kinds_table(explained: BalanceExplained, period: str) -> Table:
    rows: list[list[Any]] = [["Before", "", "", "", amount_text(explained.opening)]]
    for kind in explained.kinds:
        net = EXACT.add(kind.received, kind.given)
        label = LedgerEntry.Kind(kind.kind).label
        rows.append([label, kind.entries, *map(amount_text, (kind.received, kind.given, net))])
    rows.append(["Now", "", "", "", amount_text(explained.sum_of_entries)])
    return Table(f"How it came about ({period})", ("", "Entries", "In", "Out", "Together"), rows)


def _lines_table(lines: list[StatementLine], orders: dict[int, UUID]) -> Table:
    headers = ("Entry", "Time", "Kind", "Amount", "Balance after", "From", "Own order", "Reason")
    rows = [
        [
            line.id,
            time_text(line.created_at),
            LedgerEntry.Kind(line.kind).label,
            amount_text(line.amount),
            amount_text(line.balance),
            source_of(line.kind, line.transfer_id),
            link_to(ORDER, order_id, short(order_id)) if (order_id := orders.get(line.id)) else "-",
            line.reason or "-",
        ]
        for line in lines
    ]
    return Table(f"Newest entries (at most {ENTRIES_SHOWN})", headers, rows)


class TransferTimeFilter(UuidTimeFilter):
    """Bounds entries by the time of their transfer, which stands in its id."""

    title = "time of the transfer"
    field = "transfer_id"


TRANSFER = column(
    "transfer_id",
    "transfer",
    lambda entry: link_to_search("settlement.ledgerentry", entry.transfer_id, short(entry.transfer_id)),
)


@admin.register(LedgerEntry)
class LedgerEntryAdmin(ReadOnlyAdmin):
    shows_money = True
    list_display = [
        "id",
        moment("created_at", "time"),
        TRANSFER,
        "leg",
        related("account", ACCOUNT),
        amount("amount"),
        "asset",
        "kind",
        "reason",
    ]
    list_select_related = ["account__owner", "asset"]
    list_only = [
        "id",
        "created_at",
        "transfer_id",
        "leg",
        "account__kind",
        "account__asset_id",
        "account__owner__username",
        "amount",
        "asset__code",
        "kind",
        "reason",
    ]
    list_filter = [TransferTimeFilter, "kind", "asset"]
    search_fields = ["account"]
    search_help_text = "Transfer or trade id, user (and asset), asset, or account:12"
    fields = [
        "id",
        moment("created_at"),
        TRANSFER,
        "source",
        "leg",
        related("account", ACCOUNT),
        amount("amount"),
        "asset",
        "kind",
        "reason",
    ]

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> Any:
        if search_term.strip():
            queryset = queryset.filter(_entries_of(search_term.strip()))
        return queryset, False

    @admin.display(description="comes from")
    def source(self, entry: LedgerEntry) -> Any:
        return source_of(entry.kind, entry.transfer_id)


def _account_names(ids: Collection[str]) -> dict[str, str]:
    """Return what accounts are called, by their ids: `alice USDT`. One query."""
    known = [int(text) for text in ids if text.isascii() and text.isdecimal() and len(text) < 19]
    accounts = Account.objects.filter(pk__in=known).select_related("owner").only("kind", "asset_id", "owner__username")
    return {str(account.pk): str(account) for account in accounts}


AuditEntryAdmin.namers["settlement.account"] = _account_names


def _entries_of(term: str) -> Q:
    """Return what finds entries by index: the transfer's id, or the accounts of a user. At most three queries."""
    if term.startswith("account:") and term[8:].isdecimal():
        return Q(account_id=int(term[8:]))
    transfer_id = as_uuid(term)
    if transfer_id and LedgerEntry.objects.filter(transfer_id=transfer_id).exists():
        return Q(transfer_id=transfer_id)
    name, _, asset = term.partition(" ")
    users = find_users(name)
    if not users and not asset:
        return Q(asset_id=name.upper())
    accounts = Account.objects.filter(owner_id__in=users)
    if asset:
        accounts = accounts.filter(asset_id=asset.strip().upper())
    return Q(account_id__in=list(accounts.values_list("id", flat=True)))
