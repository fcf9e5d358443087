"""The trading states as staff choose them: what each one means."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.html import format_html
from django.utils.safestring import SafeString

from exchange.admin.notes import NoteForm
from exchange.models import TradingState
from exchange.services import state_problems
from proposals.models import REASON_MAX

if TYPE_CHECKING:
    from django.forms import RadioSelect, TextInput
else:
    from unfold.widgets import UnfoldAdminRadioSelectWidget as RadioSelect
    from unfold.widgets import UnfoldAdminTextInputWidget as TextInput

MEANINGS = {
    TradingState.PRE_OPEN: (
        "Limit orders and stops are accepted and rest, amends and cancels work, nothing matches. What could only trade "
        "at once (market, immediate or cancel, fill or kill) is refused, and so is post-only."
    ),
    TradingState.CONTINUOUS: (
        "Everything is accepted and matched. Where bids and asks cross at that moment, as after pre-open, an opening "
        "auction is held first, at the one price that trades the most."
    ),
    TradingState.HALTED: (
        "Cancels only. Orders in the book and waiting stops stay, and still expire; nothing trades or triggers."
    ),
    TradingState.POST_ONLY: (
        "Orders are accepted as long as they do not trade at once: the book fills up again, nobody takes from it."
    ),
    TradingState.CLOSED: "Cancels only, as halted, but for good: clients are told that the market is closed.",
}
assert set(MEANINGS) == set(TradingState), "Invariant: every trading state is explained"


def _choice(state: TradingState) -> tuple[str, SafeString]:
    return state.value, format_html(
        '<b>{}</b><br><span class="whitespace-normal">{}</span>', name_of(state.value), MEANINGS[state]
    )


def name_of(state: str) -> str:
    """Return a trading state as it stands in a sentence: `pre-open`."""
    return state.replace("_", "-")


def meaning_of(state: str) -> str:
    """Return what a trading state means, as a sentence or two."""
    return MEANINGS[TradingState(state)]


class StateForm(NoteForm):
    """Which state, and why: nobody stops a market without a word."""

    state = forms.ChoiceField(
        label="Trading state", choices=[_choice(state) for state in TradingState], widget=RadioSelect()
    )
    field_order = ("state", "note")

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if "state" in values:
            for name, texts in state_problems(values["state"], values.get("note", "")).items():
                self.add_error(name, [forms.ValidationError(text) for text in texts])
        return values


class LastingStateForm(StateForm):
    """A state that lasts, and why: who decides on it reads it."""

    note = forms.CharField(max_length=REASON_MAX, widget=TextInput, label="Why")
