"""What staff are asked before they cancel orders of users."""

from typing import TYPE_CHECKING

from exchange.admin.fields import RowField
from exchange.admin.notes import RequiredNoteForm
from exchange.models import Market

if TYPE_CHECKING:
    from django.forms import Select
else:
    from unfold.widgets import UnfoldAdminSelectWidget as Select


class CancelAllForm(RequiredNoteForm):
    """In which market, and why."""

    market = RowField(Market.objects.order_by("symbol"), required=False, empty_label="every market", widget=Select)
    field_order = ("market", "note")
