"""Rules: what one person may do alone. Another value is proposed on a rule's page."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.utils.text import capfirst

from exchange.admin.base import DetailAction, ReadOnlyAdmin, staff
from exchange.admin.notes import Question, ask_and_act
from exchange.admin.wording import PlainForm
from exchange.models import Rule
from exchange.services import rule_propose
from proposals.models import REASON_MAX

if TYPE_CHECKING:
    from django.forms import TextInput
else:
    from unfold.widgets import UnfoldAdminTextInputWidget as TextInput

VALUE_MAX = 1_000_000  # of all: hours, and parts of a million
PROPOSED = "Proposed: somebody else has to approve it"


class ReasonOnlyForm(PlainForm):
    reason = forms.CharField(max_length=REASON_MAX, widget=TextInput, help_text="Who decides on it reads it")


class RuleForm(ReasonOnlyForm):
    value = forms.IntegerField(min_value=0, max_value=VALUE_MAX, widget=TextInput)
    field_order = ("value", "reason")


@admin.register(Rule)
class RuleAdmin(ReadOnlyAdmin):
    list_display = ["means", "value"]
    list_only = ["name", "value"]
    ordering = ("name",)
    fields = ["means", "value"]

    @admin.display(description="rule")
    def means(self, rule: Rule) -> str:
        return capfirst(rule.get_name_display())

    def object_actions(self, obj: Any | None) -> list[DetailAction]:
        if obj is not None and obj.name == Rule.Name.PLAY_MONEY:
            return []
        return [DetailAction("propose", "Propose another value…", "exchange.change_rule", self._propose)]

    def _propose(self, request: HttpRequest, object_id: str) -> HttpResponse:
        rule: Rule = self.object_or_404(request, object_id)
        text = f"It is {rule.value} now, and stays so until somebody else approves the change."

        def propose(answer: dict[str, Any]) -> None:
            rule_propose(actor=staff(request), name=rule.name, value=answer["value"], reason=answer["reason"])
            messages.success(request, PROPOSED)

        question = Question("Propose another value", text, "Propose")
        return ask_and_act(self, request, question, RuleForm, rule, self.object_url(rule.pk), propose)
