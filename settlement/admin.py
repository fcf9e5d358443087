"""Balances, the ledger, and settlements that failed, with what staff can do about them."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from exchange.admin.base import DetailAction, ReadOnlyAdmin, Table, staff
from exchange.admin.columns import (
    amount,
    amount_text,
    label,
    link_to,
    link_to_search,
    moment,
    moment_of_id,
    related,
    related_id,
    short,
    time_text,
)
from exchange.admin.filters import UuidTimeFilter
from exchange.admin.notes import Question, ask_note, refusal, report
from exchange.admin.search import as_uuid, find_users
from exchange.errors import ApiError
from settlement.models import Account, FailedSettlement, LedgerEntry
from settlement.services import failed_settlement_resolve, failed_settlement_retry

USER, ACCOUNT, TRADE = "exchange.user", "settlement.account", "orders.trade"
CHANGE_FAILURE = "settlement.change_failedsettlement"
ENTRIES_SHOWN = 50
STATE_COLOURS = {"retrying": "warning", "dead": "danger", "settled": "success", "resolved": "info"}
BALANCE_HEADERS = ("Account", "Asset", "Available", "Held", "Total")
ENTRY_HEADERS = ("Entry", "Time", "Transfer", "Leg", "Account", "Amount", "Kind", "Reason")


def balance_table(title: str, accounts: QuerySet[Account]) -> Table:
    """Return balances as a table. One query."""
    rows = [
        [
            link_to(ACCOUNT, a.pk, str(a.owner or a.get_kind_display())),
            a.asset_id,
            *map(amount_text, (a.available, a.held, a.total)),
        ]
        for a in accounts.select_related("owner").order_by("owner_id", "asset_id")
    ]
    return Table(title, BALANCE_HEADERS, rows)


def entry_table(title: str, entries: QuerySet[LedgerEntry]) -> Table:
    """Return the newest ledger entries as a table. One query."""
    rows = [
        [
            entry.pk, time_text(entry.created_at), short(entry.transfer_id), entry.leg,
            link_to(ACCOUNT, entry.account_id, str(entry.account)),
            f"{amount_text(entry.amount)} {entry.asset_id}", entry.get_kind_display(), entry.reason or "-",
        ]
        for entry in entries.select_related("account__owner").order_by("-id")[:ENTRIES_SHOWN]
    ]  # fmt: skip
    return Table(title, ENTRY_HEADERS, rows)


@admin.register(Account)
class AccountAdmin(ReadOnlyAdmin):
    list_display = [
        "id", related("owner", USER), "kind", "asset", amount("available"), amount("held"), amount("total")
    ]  # fmt: skip
    list_select_related = ["owner", "asset"]
    list_only = ["id", "kind", "owner__username", "asset__code", "available", "held", "total"]
    list_filter = ["kind", "asset"]
    search_fields = ["owner"]
    search_help_text = "Owner: id, name or e-mail"
    fields = [
        "id", "kind", related("owner", USER), "asset", amount("available"), amount("held"), amount("total"), "ledger"
    ]  # fmt: skip

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> Any:
        if search_term.strip():
            queryset = queryset.filter(owner_id__in=find_users(search_term))
        return queryset, False

    @admin.display(description="ledger")
    def ledger(self, account: Account) -> Any:
        return link_to_search("settlement.ledgerentry", f"account:{account.pk}", "all entries of this account")

    def object_tables(self, request: HttpRequest, obj: Account) -> list[Table]:
        return [entry_table(f"Newest entries (at most {ENTRIES_SHOWN})", obj.entries.all())]


class TransferTimeFilter(UuidTimeFilter):
    """Bounds entries by the time of their transfer, which stands in its id."""

    title = "time of the transfer"
    field = "transfer_id"


@admin.register(LedgerEntry)
class LedgerEntryAdmin(ReadOnlyAdmin):
    list_display = [
        "id", moment("created_at", "time"), "transfer", "leg",
        related("account", ACCOUNT), amount("amount"), "asset", "kind", "reason",
    ]  # fmt: skip
    list_select_related = ["account__owner", "asset"]
    list_only = [
        "id", "created_at", "transfer_id", "leg", "account__kind", "account__asset_id", "account__owner__username",
        "amount", "asset__code", "kind", "reason",
    ]  # fmt: skip
    list_filter = [TransferTimeFilter, "kind", "asset"]
    search_fields = ["account"]
    search_help_text = "Transfer or trade id, user (and asset), asset, or account:12"
    fields = [
        "id", moment("created_at"), "transfer", "leg", related("account", ACCOUNT), amount("amount"), "asset", "kind",
        "reason",
    ]  # fmt: skip

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> Any:
        if search_term.strip():
            queryset = queryset.filter(_entries_of(search_term.strip()))
        return queryset, False

    @admin.display(description="transfer")
    def transfer(self, entry: LedgerEntry) -> Any:
        return link_to_search("settlement.ledgerentry", entry.transfer_id, short(entry.transfer_id))

    @admin.display(description="trade")
    def trade(self, entry: LedgerEntry) -> Any:
        of_trade = entry.kind in (LedgerEntry.Kind.TRADE, LedgerEntry.Kind.FEE)
        return link_to(TRADE, entry.transfer_id, str(entry.transfer_id)) if of_trade else "-"


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


class TradeTimeFilter(UuidTimeFilter):
    """Bounds failures by the time of their trade, which stands in its id."""

    title = "time of the trade"
    field = "trade_id"


@admin.register(FailedSettlement)
class FailedSettlementAdmin(ReadOnlyAdmin):
    """Read-only but for two actions, which need the permission to change failed settlements."""

    # What apps above this one know about the trade of a failure; they append to it.
    more_tables: ClassVar[list[Callable[[FailedSettlement], list[Table]]]] = []

    list_display = [
        "id", label("state", STATE_COLOURS), related_id("trade_id", TRADE, "trade"),
        moment_of_id("trade_id", "traded at"), "market", "code", "short_error", "attempt_count",
        moment("next_attempt_at", "next attempt"),
    ]  # fmt: skip
    list_select_related = ["market"]
    list_only = ["id", "state", "trade_id", "market__symbol", "code", "error", "attempt_count", "next_attempt_at"]
    list_filter = ["state", TradeTimeFilter, "market"]
    search_fields = ["trade_id"]
    search_help_text = "Id of the trade, or the code of the error"
    actions = ["retry_selected"]
    fields = [
        "id", label("state", STATE_COLOURS), related_id("trade_id", TRADE, "trade"), "market", "code", "error",
        "attempt_count", moment("next_attempt_at"), "note", related("resolved_by", USER), moment("created_at"),
        moment("updated_at"),
    ]  # fmt: skip

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> Any:
        term = search_term.strip()
        if trade_id := as_uuid(term):
            queryset = queryset.filter(trade_id=trade_id)
        elif term:
            queryset = queryset.filter(code__iexact=term)
        return queryset, False

    def has_settle_permission(self, request: HttpRequest) -> bool:
        return staff(request).has_perm(CHANGE_FAILURE)

    @admin.display(description="error")
    def short_error(self, failure: FailedSettlement) -> str:
        return failure.error if len(failure.error) <= 60 else f"{failure.error[:59]}…"

    def object_tables(self, request: HttpRequest, obj: FailedSettlement) -> list[Table]:
        rows = [
            [number, attempt.get("at", "-"), attempt.get("code", "-"), attempt.get("error", "-"),
             "transient" if attempt.get("transient") else "permanent"]
            for number, attempt in enumerate(obj.attempts, start=1)
        ]  # fmt: skip
        tables = [Table("Attempts", ("#", "Time", "Code", "Error", "Kind"), rows)]
        return tables + [table for more in self.more_tables for table in more(obj)]

    def object_actions(self, obj: Any | None) -> list[DetailAction]:
        if obj is not None and obj.state != FailedSettlement.State.DEAD:
            return []
        return [
            DetailAction("retry", "Retry", CHANGE_FAILURE, self._retry_one, direct=True),
            DetailAction("resolve", "Resolve with a note…", CHANGE_FAILURE, self._resolve_one),
        ]

    @admin.action(description="Retry", permissions=["settle"])
    def retry_selected(self, request: HttpRequest, queryset: QuerySet[FailedSettlement]) -> None:
        self._retry(request, list(queryset.values_list("id", flat=True)))

    def _retry_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        failure = self.object_or_404(request, object_id)
        self._retry(request, [failure.pk])
        return HttpResponseRedirect(self.object_url(failure.pk))

    def _retry(self, request: HttpRequest, failure_ids: list[int]) -> None:
        dead = set(
            FailedSettlement.objects.filter(id__in=failure_ids, state=FailedSettlement.State.DEAD)
            .values_list("id", flat=True)
        )  # fmt: skip
        try:
            failed_settlement_retry(actor=staff(request), failure_ids=failure_ids)
        except ApiError as error:
            messages.error(request, refusal("Retry", error))
            return
        _report_retries(request, failure_ids, dead)

    def _resolve_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        failure: FailedSettlement = self.object_or_404(request, object_id)
        back = self.object_url(failure.pk)
        text = "The trade stays failed and its holds stay; say what was done instead."
        question = Question("Resolve a failed settlement", text, "Resolve", required=True)
        note = ask_note(self, request, question, [failure], back)
        if not isinstance(note, str):
            return note
        try:
            failed_settlement_resolve(actor=staff(request), failure_id=failure.pk, note=note)
            messages.success(request, f"Trade {failure.trade_id} is resolved")
        except ApiError as error:
            messages.error(request, refusal(f"Trade {failure.trade_id}", error))
        return HttpResponseRedirect(back)


def _report_retries(request: HttpRequest, failure_ids: list[int], dead: set[int]) -> None:
    done, refused = [], []
    for failure in FailedSettlement.objects.filter(id__in=failure_ids).order_by("-id"):
        text = f"Trade {failure.trade_id}: {failure.get_state_display().lower()}"
        if failure.pk not in dead:
            refused.append(f"{text}; only dead letters are retried")
        elif failure.state == FailedSettlement.State.DEAD:
            refused.append(f"{text} again, {failure.code}: {failure.error}")
        else:
            done.append(text)
    report(request, done, refused)
