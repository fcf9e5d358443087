"""Proposals: one queue of what waits for a second person, and the pages on which it is decided."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse

from exchange.admin.audited_changes import changes_of
from exchange.admin.base import DetailAction, ReadOnlyAdmin, Table, staff
from exchange.admin.columns import label, link_to, moment, related, short_id, time_text
from exchange.admin.filters import UuidTimeFilter
from exchange.admin.notes import NoteForm, Question, RequiredNoteForm, ask_and_act
from exchange.admin.search import as_uuid, find_users
from exchange.services.staff import decides_from
from proposals.kinds import kind_of, kinds
from proposals.models import Proposal
from proposals.services import decision_refusal, proposal_approve, proposal_reject, proposal_withdraw

USER, VIEW = "exchange.user", "proposals.view_proposal"
WAITING_SHOWN = 50
STATE_COLOURS = {"proposed": "warning", "approved": "success", "rejected": "", "withdrawn": "", "expired": ""}


@dataclass(frozen=True, slots=True)
class _Decision:
    text: str
    done: str
    form: type[NoteForm | RequiredNoteForm] = NoteForm


_DECISIONS = {
    "approve": _Decision("What stands below is done at once.", "approved"),
    "reject": _Decision("Nothing happens. Say why, for the colleague who proposed it.", "rejected", RequiredNoteForm),
    "withdraw": _Decision("Nothing happens.", "withdrawn"),
}


class ProposalPages(ReadOnlyAdmin):
    """Pages on which a proposal is decided; a room with more to say about its own has pages of its own, based on this.

    Who may not take a step is not shown its button. Who asks for it all the same is told why not.
    """

    noun: ClassVar[str] = "proposal"
    wide = (*ReadOnlyAdmin.wide, "subject")

    def what_it_changes(self, proposal: Proposal) -> list[Table]:
        """Return tables of what would become of what there is. No query."""
        changes = changes_of(proposal.before, proposal.after, {}, whole_ids=True)
        rows = [[change.what, change.before or "-", change.after or "-"] for change in changes]
        return [Table("What it changes", ("", "Before", "After"), rows)] if rows else []

    def object_tables(self, request: HttpRequest, obj: Proposal) -> list[Table]:
        return self.what_it_changes(obj)

    def object_actions(self, obj: Any | None) -> list[DetailAction]:
        if obj is not None and obj.state != Proposal.State.PROPOSED:
            return []

        def decides(user: Any) -> bool:
            return obj is not None and decision_refusal(obj, user) is None

        def proposed(user: Any) -> bool:
            return obj is not None and obj.proposed_by_id == user.pk

        return [
            DetailAction("approve", "Approve…", VIEW, partial(self._decide, "approve"), shown_to=decides),
            DetailAction("reject", "Reject…", VIEW, partial(self._decide, "reject"), shown_to=decides),
            DetailAction("withdraw", "Withdraw…", VIEW, partial(self._decide, "withdraw"), shown_to=proposed),
        ]

    def _decide(self, name: str, request: HttpRequest, object_id: str) -> HttpResponse:
        proposal: Proposal = self.object_or_404(request, object_id)
        kind, actor, decision = kind_of(proposal), staff(request), _DECISIONS[name]
        if not actor.has_perm(kind.propose if name == "withdraw" else kind.decide):
            raise PermissionDenied
        text = f"{decision.text} {_why_not_yet(name, actor)}".strip()
        question = Question(f"{name.capitalize()}: {kind.label.lower()}", text, name.capitalize())

        def decide(answer: dict[str, Any]) -> None:
            if told := _take(name, actor, proposal, answer["note"]):
                messages.warning(request, told)
            messages.success(request, f"The {self.noun} is {decision.done}")

        back, tables = self.object_url(proposal.pk), self.what_it_changes(proposal)
        return ask_and_act(self, request, question, decision.form, proposal, back, decide, tables)


def _take(name: str, actor: Any, proposal: Proposal, note: str) -> str:
    if name == "approve":
        return proposal_approve(actor=actor, proposal_id=proposal.pk, note=note).told
    step = proposal_reject if name == "reject" else proposal_withdraw
    step(actor=actor, proposal_id=proposal.pk, note=note)
    return ""


def _why_not_yet(name: str, actor: Any) -> str:
    ready_at = decides_from(actor) if name == "approve" else None
    return (
        f"Your rights or your password are new: you may approve from {ready_at:%Y-%m-%d %H:%M} UTC." if ready_at else ""
    )


def waiting_tables(about: Q) -> list[Table]:
    """Return the proposals about something that wait for a second person, as a table if there are any. One query."""
    waiting = Proposal.objects.filter(about, state=Proposal.State.PROPOSED).select_related("proposed_by")
    rows = [
        [
            link_to("proposals.proposal", one.pk, kind_of(one).label),
            "; ".join(map(str, changes_of(one.before, one.after, {}))) or one.subject,
            one.reason,
            str(one.proposed_by),
            time_text(one.created_at),
        ]
        for one in waiting.order_by("-id")[:WAITING_SHOWN]
    ]
    return (
        [Table("Waits for a second person", ("Proposal", "Change", "Why", "Proposed by", "At"), rows)] if rows else []
    )


class KindFilter(admin.SimpleListFilter):
    """What is proposed, by the kinds that there are; no query."""

    title, parameter_name = "what", "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(kind.name, kind.label) for kind in kinds()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(kind=self.value()) if self.value() else queryset


@admin.register(Proposal)
class ProposalAdmin(ProposalPages):
    """Everything that takes two people, money included: one queue."""

    # What other rooms show of proposals of their kinds, by the name of the kind.
    tables_of_kinds: ClassVar[dict[str, Callable[[Proposal], list[Table]]]] = {}

    list_display = [
        short_id(),
        moment("created_at", "proposed at"),
        label("state", STATE_COLOURS),
        "what",
        "subject",
        "change",
        "reason",
        related("proposed_by", USER),
        related("decided_by", USER),
        moment("expires_at", "expires"),
    ]
    list_select_related = ["proposed_by", "decided_by"]
    list_only = [
        "id",
        "created_at",
        "state",
        "kind",
        "subject",
        "before",
        "after",
        "reason",
        "proposed_by__username",
        "decided_by__username",
        "expires_at",
    ]
    list_filter = ["state", KindFilter, UuidTimeFilter]
    search_fields = ["id"]
    search_help_text = "Id, reference outside, or who proposed it"
    fields = [
        "id",
        label("state", STATE_COLOURS),
        "what",
        "subject",
        "reason",
        "reference",
        related("proposed_by", USER),
        moment("created_at"),
        related("decided_by", USER),
        moment("decided_at"),
        moment("expires_at"),
        "note",
    ]

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> Any:
        term = search_term.strip()
        if found := as_uuid(term):
            queryset = queryset.filter(Q(id=found) | Q(proposed_by=found))
        elif term:
            queryset = queryset.filter(Q(proposed_by__in=find_users(term)) | Q(reference__iexact=term))
        return queryset, False

    @admin.display(description="what")
    def what(self, proposal: Proposal) -> str:
        return kind_of(proposal).label

    @admin.display(description="change")
    def change(self, proposal: Proposal) -> str:
        return "; ".join(map(str, changes_of(proposal.before, proposal.after, {}))) or "-"

    def what_it_changes(self, proposal: Proposal) -> list[Table]:
        own = self.tables_of_kinds.get(proposal.kind)
        return own(proposal) if own else super().what_it_changes(proposal)
