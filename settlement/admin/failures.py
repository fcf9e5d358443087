"""Settlements that failed: what staff see of them, and what they can do."""

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.timesince import timesince

from base.errors import ApiError
from base.ids import uuid7_time
from exchange.admin.base import DetailAction, ReadOnlyAdmin, Table, staff
from exchange.admin.columns import (
    iso_text,
    label,
    label_of,
    link_to,
    moment,
    related,
    related_id,
    sentence,
    short,
    time_text,
)
from exchange.admin.filters import UuidTimeFilter
from exchange.admin.notes import Question, RequiredNoteForm, ask_and_act, refusal, report
from exchange.admin.proposals import STATE_COLOURS as COLOURS
from exchange.admin.search import as_uuid
from settlement.admin.adjustments import PROPOSE, WAYS
from settlement.admin.tables import ADJUSTMENT, MARKET, TRADE, USER
from settlement.models import Adjustment, FailedSettlement
from settlement.services import failed_settlement_resolve, failed_settlement_retry

CHANGE_FAILURE = "settlement.change_failedsettlement"
STATE_COLOURS = {"retrying": "warning", "dead": "danger", "settled": "success", "resolved": "info"}


class TradeTimeFilter(UuidTimeFilter):
    """Bounds failures by the time of their trade, which stands in its id."""

    title = "time of the trade"
    field = "trade_id"


@admin.register(FailedSettlement)
class FailedSettlementAdmin(ReadOnlyAdmin):
    """Read-only except for two actions, which need the permission to change failed settlements."""

    shows_money = True
    # Tables of apps above this one about the trade of a failure; they append to it.
    more_tables: ClassVar[list[Callable[[FailedSettlement], list[Table]]]] = []

    list_display = [
        "id",
        label("state", STATE_COLOURS),
        related_id("trade_id", TRADE, "trade"),
        related("market", MARKET),
        "age",
        "code",
        "short_error",
        "tries",
        moment("next_attempt_at", "next attempt"),
    ]
    list_select_related = ["market"]
    list_only = ["id", "state", "trade_id", "market__symbol", "code", "error", "attempt_count", "next_attempt_at"]
    list_filter = ["state", TradeTimeFilter, "market"]
    search_fields = ["trade_id"]
    search_help_text = "Id of the trade, or the code of the error"
    actions = ["retry_selected"]
    fields = [
        "id",
        label("state", STATE_COLOURS),
        related_id("trade_id", TRADE, "trade"),
        "market",
        "code",
        "error",
        "attempt_count",
        moment("next_attempt_at"),
        "note",
        related("resolved_by", USER),
        moment("created_at"),
        moment("updated_at"),
    ]

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> Any:
        term = search_term.strip()
        if trade_id := as_uuid(term):
            queryset = queryset.filter(trade_id=trade_id)
        elif term:
            queryset = queryset.filter(code__iexact=term)
        return queryset, False

    def has_settle_permission(self, request: HttpRequest) -> bool:
        return staff(request).has_perm(CHANGE_FAILURE)

    @admin.display(description="attempts", ordering="attempt_count")
    def tries(self, failure: FailedSettlement) -> int:
        return failure.attempt_count

    @admin.display(description="age")
    def age(self, failure: FailedSettlement) -> str:
        """How long the trade has waited, while it waits."""
        is_closed = failure.state in (FailedSettlement.State.SETTLED, FailedSettlement.State.RESOLVED)
        return "-" if is_closed else timesince(uuid7_time(failure.trade_id))

    @admin.display(description="error")
    def short_error(self, failure: FailedSettlement) -> str:
        return sentence(failure.error if len(failure.error) <= 60 else f"{failure.error[:59]}…")

    def csv_short_error(self, failure: FailedSettlement) -> str:
        return failure.error

    def object_tables(self, request: HttpRequest, obj: FailedSettlement) -> list[Table]:
        rows = [
            [
                number,
                iso_text(attempt.get("at", "-")),
                attempt.get("code", "-"),
                attempt.get("error", "-"),
                "transient" if attempt.get("transient") else "permanent",
            ]
            for number, attempt in enumerate(obj.attempts, start=1)
        ]
        tables = [Table("Attempts", ("#", "Time", "Code", "Error", "Kind"), rows)]
        tables += [table for more in self.more_tables for table in more(obj)]
        return [*tables, *_payload_tables(obj), *_adjustment_tables(obj)]

    def object_actions(self, obj: Any | None) -> list[DetailAction]:
        states = {FailedSettlement.State.DEAD, FailedSettlement.State.RESOLVED} if obj is None else {obj.state}
        actions = []
        if FailedSettlement.State.DEAD in states:
            actions = [
                DetailAction("retry", "Retry", CHANGE_FAILURE, self._retry_one, direct=True),
                DetailAction("resolve", "Resolve with a note…", CHANGE_FAILURE, self._resolve_one),
            ]
        if FailedSettlement.State.DEAD in states or (FailedSettlement.State.RESOLVED in states and not _closed(obj)):
            actions += [
                DetailAction(way, f"{text}…", PROPOSE, partial(self._adjust, way)) for way, text in WAYS.items()
            ]
        return actions

    def _adjust(self, way: str, request: HttpRequest, object_id: str) -> HttpResponse:
        failure = self.object_or_404(request, object_id)
        page = reverse("admin:settlement_adjustment_add", query={"failure": failure.pk, "way": way})
        return HttpResponseRedirect(page)

    @admin.action(description="Retry", permissions=["settle"])
    def retry_selected(self, request: HttpRequest, queryset: QuerySet[FailedSettlement]) -> None:
        self._retry(request, list(queryset.values_list("id", flat=True)))

    def _retry_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        failure = self.object_or_404(request, object_id)
        self._retry(request, [failure.pk])
        return HttpResponseRedirect(self.object_url(failure.pk))

    def _retry(self, request: HttpRequest, failure_ids: list[int]) -> None:
        dead = set(
            FailedSettlement.objects.filter(id__in=failure_ids, state=FailedSettlement.State.DEAD).values_list(
                "id", flat=True
            )
        )
        try:
            failed_settlement_retry(actor=staff(request), failure_ids=failure_ids)
        except ApiError as error:
            messages.error(request, refusal("Retry", error))
            return
        _report_retries(request, failure_ids, dead)

    def _resolve_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        failure: FailedSettlement = self.object_or_404(request, object_id)
        back = self.object_url(failure.pk)
        text = (
            "Only for a trade whose money needs no moving: the trade stays failed and its holds stay. Where money must "
            "move, propose an adjustment instead. Say what was found."
        )
        question = Question("Resolve a failed settlement", text, "Resolve", required=True)

        def resolve(answer: dict[str, Any]) -> None:
            failed_settlement_resolve(actor=staff(request), failure_id=failure.pk, note=answer["note"])
            messages.success(request, f"Trade {failure.trade_id} is resolved")

        return ask_and_act(self, request, question, RequiredNoteForm, failure, back, resolve)


def _closed(failure: FailedSettlement | None) -> bool:
    return failure is not None and failure.adjustments.filter(state=Adjustment.State.APPROVED).exists()


def _payload_tables(failure: FailedSettlement) -> list[Table]:
    """Return the legs that settlement would have moved; nothing for a failure of an older version."""
    headers = ("Leg", "Whose", "Asset", "Available", "Held", "Entry")
    rows = [
        [
            leg["leg"],
            link_to(USER, leg["owner_id"], _SIDES[leg["leg"]]) if leg["owner_id"] else leg["kind"],
            leg["asset"],
            leg["available"],
            leg["held"],
            leg["amount"],
        ]
        for leg in failure.payload.get("legs", [])
    ]
    return [Table("The legs it would have moved, as settlement saw them", headers, rows)] if rows else []


_SIDES = {1: "buyer", 2: "seller", 4: "seller", 5: "buyer"}


def _adjustment_tables(failure: FailedSettlement) -> list[Table]:
    """Return the adjustments that were to close a failure. One query."""
    rows = [
        [
            link_to(ADJUSTMENT, one.pk, short(one.pk)),
            time_text(one.created_at),
            label_of(one, "state", COLOURS),
            one.reason,
            str(one.proposed_by),
            str(one.decided_by or "-"),
            one.note or "-",
        ]
        for one in failure.adjustments.select_related("proposed_by", "decided_by").order_by("-proposal")
    ]
    headers = ("Adjustment", "Proposed at", "State", "Reason", "Proposed by", "Decided by", "Note")
    return [Table("Adjustments", headers, rows)] if rows else []


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
