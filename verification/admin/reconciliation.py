"""Reconciliations and their mismatches, with both sides side by side; staff acknowledge them, nothing is repaired."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from base.errors import ApiError
from exchange.admin.base import DetailAction, ReadOnlyAdmin, Table, staff
from exchange.admin.columns import EMPTY, amount, label, link_to, moment, related, sentence
from exchange.admin.filters import TimeFilter
from exchange.admin.notes import Question, ask_note, refusal, report
from exchange.admin.wording import in_words
from orders.models import Mismatch, ReconcileRun, ReplayCheckpoint
from verification.services import mismatch_acknowledge

USER, MARKET, RUN, MISMATCH = "exchange.user", "exchange.market", "orders.reconcilerun", "orders.mismatch"
CHANGE_MISMATCH = "orders.change_mismatch"
SHOWN = 100
STATE_COLOURS = {"open": "danger", "acknowledged": "warning", "gone": "info"}
STATUS_COLOURS = {"clean": "success", "mismatch": "danger", "failed": "danger", "running": "info"}
# Where a mismatch's subject is the id of a row that has a page.
_PAGES = {
    Mismatch.Check.TRADE.value: "orders.trade",
    Mismatch.Check.TRANSFER.value: "orders.trade",
    Mismatch.Check.ORDER.value: "orders.order",
    Mismatch.Check.ORDER_HOLD.value: "orders.order",
}


@admin.register(Mismatch)
class MismatchAdmin(ReadOnlyAdmin):
    list_display = [
        "id",
        moment("created_at", "found at"),
        label("state", STATE_COLOURS),
        "check_name",
        related("market", MARKET),
        "asset",
        "subject",
        "both_sides",
    ]
    list_select_related = ["market"]
    list_only = [
        "id",
        "created_at",
        "state",
        "check_name",
        "market__symbol",
        "asset",
        "subject",
        "expected",
        "found",
    ]
    list_filter = ["state", "check_name", "market"]
    search_fields = ["subject"]
    search_help_text = "Id of the trade, order, batch or account, as it is shown"
    actions = ["acknowledge_selected"]
    fields = [
        "id",
        label("state", STATE_COLOURS),
        "check_name",
        related("market", MARKET),
        "asset",
        "about",
        related("run", RUN),
        moment("created_at", "found at"),
        "note",
        related("acknowledged_by", USER),
        moment("acknowledged_at"),
    ]

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> Any:
        if search_term.strip():
            queryset = queryset.filter(subject__icontains=search_term.strip())
        return queryset, False

    def has_acknowledge_permission(self, request: HttpRequest) -> bool:
        return staff(request).has_perm(CHANGE_MISMATCH)

    @admin.display(description="expected → found")
    def both_sides(self, mismatch: Mismatch) -> str:
        text = self.csv_both_sides(mismatch)
        return sentence(text if len(text) <= 120 else f"{text[:119]}…")

    def csv_both_sides(self, mismatch: Mismatch) -> str:
        return "; ".join(f"{name} {expected} → {found}" for name, expected, found in _sides(mismatch))

    @admin.display(description="subject")
    def about(self, mismatch: Mismatch) -> Any:
        page = _PAGES.get(mismatch.check_name)
        return link_to(page, mismatch.subject, mismatch.subject) if page else mismatch.subject

    def object_tables(self, request: HttpRequest, obj: Mismatch) -> list[Table]:
        return [Table("Both sides", ("What", "Expected", "Found"), _sides(obj))]

    def object_actions(self, obj: Any | None) -> list[DetailAction]:
        if obj is not None and obj.state != Mismatch.State.OPEN:
            return []
        return [DetailAction("acknowledge", "Acknowledge…", CHANGE_MISMATCH, self._acknowledge_one)]

    @admin.action(description="Acknowledge…", permissions=["acknowledge"])
    def acknowledge_selected(self, request: HttpRequest, queryset: QuerySet[Mismatch]) -> HttpResponse | None:
        chosen = list(queryset.filter(state=Mismatch.State.OPEN))
        return self._acknowledge(request, chosen, "acknowledge_selected", self.changelist_url())

    def _acknowledge_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        mismatch: Mismatch = self.object_or_404(request, object_id)
        back = self.object_url(mismatch.pk)
        return self._acknowledge(request, [mismatch], "", back) or HttpResponseRedirect(back)

    def _acknowledge(
        self, request: HttpRequest, mismatches: list[Mismatch], action: str, back: str
    ) -> HttpResponse | None:
        text = (
            "It will not halt a market again. Nothing else changes: mend what is wrong yourself, and set the market's "
            "trading state on its page."
        )
        question = Question("Acknowledge a mismatch", text, "Acknowledge", required=True, action=action)
        note = ask_note(self, request, question, mismatches, back)
        if not isinstance(note, str):
            return note
        done, refused = list[str](), list[str]()
        for mismatch in mismatches:
            try:
                mismatch_acknowledge(actor=staff(request), mismatch_id=mismatch.pk, note=note)
                done.append(f"{mismatch} is acknowledged")
            except ApiError as error:
                refused.append(refusal(mismatch, error))
        report(request, done, refused)
        return None


def _sides(mismatch: Mismatch) -> list[list[str]]:
    """Return what differs, in words: its name, what was expected, what was found."""
    names = dict.fromkeys([*mismatch.expected, *mismatch.found])
    sides = (mismatch.expected, mismatch.found)
    return [[name.replace("_", " "), *(in_words(side.get(name)) for side in sides)] for name in names]


class StartTimeFilter(TimeFilter):
    """Bounds runs by their start."""

    field = "started_at"


@admin.register(ReconcileRun)
class ReconcileRunAdmin(ReadOnlyAdmin):
    list_display = [
        "id",
        moment("started_at", "started"),
        "kind",
        "scope",
        label("status", STATUS_COLOURS),
        "took",
        "compared",
    ]
    list_only = ["id", "started_at", "finished_at", "kind", "scope", "status", "counts"]
    list_filter = ["status", "kind", StartTimeFilter]
    fields = [
        "id",
        label("status", STATUS_COLOURS),
        "kind",
        "scope",
        moment("started_at", "started"),
        "took",
        "compared",
        "error",
    ]

    @admin.display(description="took")
    def took(self, run: ReconcileRun) -> str:
        return f"{(run.finished_at - run.started_at).total_seconds():.1f} s" if run.finished_at else EMPTY

    @admin.display(description="compared")
    def compared(self, run: ReconcileRun) -> str:
        names = ("entries", "commands", "trades", "orders")
        return ", ".join(f"{run.counts[name]:,} {name}" for name in names if name in run.counts) or EMPTY

    def object_tables(self, request: HttpRequest, obj: ReconcileRun) -> list[Table]:
        headers = ("Market", "From", "To", "Commands", "Trades", "Orders", "Open", "Note")
        names = ("market", "replayed_from", "last_seq", "commands", "trades", "orders", "open_orders", "note")
        markets = [[EMPTY if m[name] is None else m[name] for name in names] for m in obj.counts.get("markets", [])]
        found = [
            [link_to(MISMATCH, m.pk, m.pk), m.get_check_name_display(), m.subject, m.get_state_display()]
            for m in obj.mismatches.order_by("id")[:SHOWN]
        ]
        return [
            Table("Markets", headers, markets),
            Table(f"New mismatches (at most {SHOWN})", ("#", "Check", "Subject", "State"), found),
        ]


@admin.register(ReplayCheckpoint)
class ReplayCheckpointAdmin(ReadOnlyAdmin):
    list_display = [
        "id",
        moment("created_at", "time"),
        related("market", MARKET),
        "seq",
        amount("open_orders"),
        "state_hash",
        "is_rebase",
    ]
    list_select_related = ["market"]
    list_only = ["id", "created_at", "market__symbol", "seq", "open_orders", "state_hash", "is_rebase"]
    list_filter = ["market", "is_rebase"]
    fields = [
        "id",
        moment("created_at"),
        related("market", MARKET),
        "seq",
        amount("open_orders"),
        "state_hash",
        "is_rebase",
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ReplayCheckpoint]:
        return super().get_queryset(request).defer("state")
