"""What staff are asked before they cancel orders of users."""

from typing import TYPE_CHECKING

from django import forms

from exchange.admin.notes import RequiredNoteForm
from exchange.models import Market

if TYPE_CHECKING:
    from django.forms import Select
else:
    from unfold.widgets import UnfoldAdminSelectWidget as Select


class CancelAllForm(RequiredNoteForm):
    """In which market, and why."""

    market = forms.ModelChoiceField(
        Market.objects.order_by("symbol"), required=False, empty_label="every market", widget=Select
    )
    field_order = ("market", "note")
