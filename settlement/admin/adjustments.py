"""Adjustments: proposed on one page, decided on another, by two people."""

from decimal import Decimal
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from base.errors import CodedError
from base.scaling import EXACT, ZERO
from exchange.admin.base import Table, staff
from exchange.admin.columns import amount_text, label, link_to, mark, moment, related, short, short_id
from exchange.admin.filters import UuidTimeFilter
from exchange.admin.notes import CONFIRMED
from exchange.admin.proposals import STATE_COLOURS, ProposalAdmin, ProposalPages
from exchange.admin.search import as_uuid, find_users
from exchange.admin.wording import refuse
from proposals.models import Proposal
from settlement.admin.forms import LineFormSet, ReasonForm, initial_lines
from settlement.admin.tables import ACCOUNT, USER
from settlement.legs import AccountKey, Move, give_back_moves, settle_moves
from settlement.models import Account, Adjustment, AdjustmentLine, FailedSettlement
from settlement.ports import trade_outbox
from settlement.services import adjustment_propose
from settlement.services.adjustments import CORRECTION, DEPOSIT, WITHDRAWAL

PROPOSE = "settlement.add_adjustment"
FAILURE = "settlement.failedsettlement"
WAYS = {"give-back": "Give back", "settle": "Settle by hand", "custom": "Custom adjustment"}
_WAY_TEXTS = {
    "give-back": "The trade is undone: what it holds becomes available again to buyer and seller.",
    "settle": "The trade is paid as it should have been: these are its own legs.",
    "custom": "Change the lines as needed. What the trade holds must be taken exactly.",
    "": "Change what is held only where it is wrong: look at the explanation of the account first.",
}


class AdjustmentTimeFilter(UuidTimeFilter):
    """Bounds adjustments by the time of their proposal, which stands in its id."""

    field = "proposal_id"


@admin.register(Adjustment)
class AdjustmentAdmin(ProposalPages):
    """Proposals about money are made on the page that adds one, or on a user's or an account's, and decided here."""

    noun = "adjustment"

    shows_money = True
    list_display = [
        short_id(),
        moment("created_at", "proposed at"),
        label("state", STATE_COLOURS),
        "kind",
        "subject",
        "reason",
        "reference",
        related("proposed_by", USER),
        related("decided_by", USER),
        "closes",
    ]
    list_select_related = ["proposed_by", "decided_by", "failure"]
    list_only = [
        "id",
        "created_at",
        "state",
        "kind",
        "subject",
        "reason",
        "reference",
        "proposed_by__username",
        "decided_by__username",
        "failure__trade_id",
    ]
    list_filter = ["state", "kind", AdjustmentTimeFilter]
    ordering = ("-proposal",)
    search_fields = ["proposal"]
    search_help_text = "Id of the adjustment or of the trade it closes, its reference outside, or who proposed it"
    fields = [
        "id",
        label("state", STATE_COLOURS),
        "kind",
        "subject",
        "reason",
        "reference",
        related("failure", FAILURE),
        related("proposed_by", USER),
        moment("created_at"),
        related("decided_by", USER),
        moment("decided_at"),
        moment("expires_at"),
        "note",
    ]

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> Any:
        term = search_term.strip()
        found = as_uuid(term)
        if found:
            queryset = queryset.filter(Q(id=found) | Q(failure__trade_id=found) | Q(proposed_by=found))
        elif term:
            queryset = queryset.filter(Q(proposed_by__in=find_users(term)) | Q(reference__iexact=term))
        return queryset, False

    @admin.display(description="closes the trade")
    def closes(self, adjustment: Adjustment) -> Any:
        failure = adjustment.failure
        return "-" if failure is None else link_to(FAILURE, failure.pk, short(failure.trade_id))

    def csv_closes(self, adjustment: Adjustment) -> Any:
        return None if adjustment.failure is None else adjustment.failure.trade_id

    def has_add_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        return staff(request).has_perm(PROPOSE)

    def what_it_changes(self, proposal: Proposal) -> list[Table]:
        return [lines_table(proposal)]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Ask for reason and lines, prefilled for a failed settlement or an account, and propose them."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        failure, way, moves = _prefilled(request)
        asked = request.method == "POST" and CONFIRMED in request.POST
        form = ReasonForm(request.POST if asked else None)
        lines = LineFormSet(request.POST if asked else None, initial=initial_lines(moves))
        if asked and form.is_valid() and lines.is_valid():
            done = self._propose(request, form, lines, failure)
            if done is not None:
                return done
        back = self.changelist_url() if failure is None else _failure_url(failure)
        context = {
            **self.admin_site.each_context(request),
            "title": WAYS.get(way, "Propose an adjustment"),
            "text": _WAY_TEXTS[way],
            "failure": failure,
            "form": form,
            "lines": lines,
            "back": back,
            "opts": self.opts,
            "confirmed": CONFIRMED,
        }
        return TemplateResponse(request, "admin/propose_adjustment.html", context)

    def _propose(
        self, request: HttpRequest, form: ReasonForm, lines: Any, failure: FailedSettlement | None
    ) -> HttpResponse | None:
        moves = [line.cleaned_data["move"] for line in lines if "move" in line.cleaned_data]
        try:
            proposed = adjustment_propose(
                actor=staff(request),
                moves=moves,
                reason=form.cleaned_data["reason"],
                reference=form.cleaned_data["reference"].strip(),
                failure_id=failure.pk if failure else None,
                adjustment_id=form.cleaned_data["adjustment"],
            )
        except CodedError as error:
            refuse(form, error)
            return None
        messages.success(request, "Proposed. Somebody else has to approve it")
        return HttpResponseRedirect(self.object_url(proposed.pk))


def _prefilled(request: HttpRequest) -> tuple[FailedSettlement | None, str, list[Move]]:
    """Return the failure that is to be closed, in which way, and the lines to begin with."""
    if failure_id := request.GET.get("failure", ""):
        failure = FailedSettlement.objects.filter(id=_number(failure_id)).first()
        trades = trade_outbox().find(trade_ids=[failure.trade_id]) if failure else []
        way = request.GET.get("way", "")
        if not trades or way not in WAYS:
            raise Http404
        return failure, way, (settle_moves if way == "settle" else give_back_moves)(trades[0])
    if account_id := request.GET.get("account", ""):
        account = Account.objects.filter(id=_number(account_id)).first()
        if account is None:
            raise Http404
        keys = [
            AccountKey(account.owner_id, account.asset_id, account.kind),
            AccountKey(None, account.asset_id, Account.Kind.EXTERNAL.value),
        ]
        return None, "", [Move(key, ZERO, ZERO) for key in dict.fromkeys(keys)]
    return None, "", []


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        raise Http404
    return int(text)


def _failure_url(failure: FailedSettlement) -> str:
    return reverse("admin:settlement_failedsettlement_change", args=[failure.pk])


def lines_table(adjustment: Proposal) -> Table:
    """Return what an adjustment changes, beside what the accounts have now. One query."""
    headers = ["#", "Account", "Asset", "Available", "Held", "Entry", "Available now", "Held now"]
    is_open = adjustment.state == Adjustment.State.PROPOSED
    rows = []
    lines = AdjustmentLine.objects.filter(adjustment_id=adjustment.pk)
    for line in lines.select_related("account__owner").order_by("number"):
        account = line.account
        row = [
            line.number,
            link_to(ACCOUNT, account.pk, str(account.owner or account.get_kind_display())),
            account.asset_id,
            *map(_signed, (line.available, line.held, EXACT.add(line.available, line.held))),
            amount_text(account.available),
            amount_text(account.held),
        ]
        rows.append([*row, _enough(account, line)] if is_open else row)
    return Table("What it changes", [*headers, "After"] if is_open else headers, rows)


def _signed(value: Decimal) -> str:
    return f"+{amount_text(value)}" if value > 0 else amount_text(value)


def _enough(account: Account, line: AdjustmentLine) -> Any:
    available, held = EXACT.add(account.available, line.available), EXACT.add(account.held, line.held)
    is_short = held < 0 or (available < 0 and account.kind != Account.Kind.EXTERNAL)
    text = f"{amount_text(available)} + {amount_text(held)}"
    return mark(text, "danger") if is_short else text


ProposalAdmin.tables_of_kinds |= dict.fromkeys(
    (DEPOSIT, WITHDRAWAL, CORRECTION), lambda proposal: [lines_table(proposal)]
)
