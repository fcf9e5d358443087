"""What staff fill in to move money."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.core.signing import BadSignature, Signer
from django.db.models import Q

from base.ids import uuid7
from base.scaling import ZERO, plain
from exchange.admin.fields import AmountField, RowField
from exchange.admin.search import as_uuid
from exchange.admin.wording import PlainForm
from exchange.models import Asset, User
from settlement.legs import AccountKey, Move
from settlement.models import Account

if TYPE_CHECKING:
    from django.forms import Select, TextInput
else:
    from unfold.widgets import UnfoldAdminSelectWidget as Select
    from unfold.widgets import UnfoldAdminTextInputWidget as TextInput

REASON_MAX = 200
HOUSE = {"fees": Account.Kind.FEES.value, "outside world": Account.Kind.EXTERNAL.value}
_HOUSE_NAMES = {kind: name for name, kind in HOUSE.items()}
_ROWS_MAX = 20
_signer = Signer(salt="settlement.transfer")


def new_transfer() -> str:
    """Return a new transfer id that only this exchange can have made: nobody can take the id of a later trade."""
    return _signer.sign(str(uuid7()))


class TransferField(forms.CharField):
    """A hidden id made with the form: pressing the button twice asks for one transfer."""

    widget = forms.HiddenInput

    def clean(self, value: Any) -> UUID:
        try:
            return UUID(_signer.unsign(super().clean(value)))
        except BadSignature as error:
            raise forms.ValidationError("Open this form again") from error


REFERENCE_HELP = "Of the bank or the chain, such as SEPA:2026-11-30/17 or a transaction's hash:0; used once, ever"


class MoneyForm(PlainForm):
    """A deposit or withdrawal of a known account."""

    amount = AmountField(is_positive=True, max_digits=38, decimal_places=18, widget=TextInput)
    reference = forms.CharField(
        max_length=128, widget=TextInput, label="Reference of the transaction outside", help_text=REFERENCE_HELP
    )
    reason = forms.CharField(
        max_length=REASON_MAX, widget=TextInput, help_text="The user sees it in their ledger entries"
    )
    transfer = TransferField(initial=new_transfer)


class MoneyOfUserForm(MoneyForm):
    """A deposit or withdrawal of a user, who may not have an account in the asset yet."""

    asset = RowField(Asset.objects.order_by("code"), widget=Select)
    field_order = ("asset", "amount", "reference", "reason")


class PeriodForm(PlainForm):
    since = forms.DateTimeField(
        required=False, label="From (UTC), included", widget=TextInput(attrs={"type": "datetime-local"})
    )
    until = forms.DateTimeField(
        required=False, label="Until (UTC), not included", widget=TextInput(attrs={"type": "datetime-local"})
    )

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("since") and values.get("until") and values["since"] >= values["until"]:
            self.add_error("until", "This must be later than the beginning")
        return values


class ReasonForm(PlainForm):
    reason = forms.CharField(max_length=REASON_MAX, widget=TextInput, help_text="It is shown with the ledger entries")
    reference = forms.CharField(
        required=False,
        max_length=128,
        widget=TextInput,
        label="Reference of the transaction outside",
        help_text=f"Needed where money comes from or goes to the outside world. {REFERENCE_HELP}",
    )
    adjustment = TransferField(initial=new_transfer)


class LineForm(PlainForm):
    """One line of an adjustment; an empty row is left out."""

    owner = forms.CharField(required=False, max_length=254, widget=TextInput)
    asset = forms.CharField(required=False, max_length=16, widget=TextInput)
    available = AmountField(required=False, max_digits=38, decimal_places=18, widget=TextInput)
    held = AmountField(required=False, max_digits=38, decimal_places=18, widget=TextInput)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        numbers = [values.get(name) or ZERO for name in ("available", "held")]
        if any(numbers) and not self.errors:
            asset = values["asset"].strip().upper()
            values["move"] = Move(_account(self, values["owner"].strip(), asset), *numbers)
        return values


def _account(form: LineForm, owner: str, asset: str) -> AccountKey:
    if not Asset.objects.filter(code=asset).exists():
        form.add_error("asset", f"There is no asset {asset}" if asset else "Which asset?")
    if owner.lower() in HOUSE:
        return AccountKey(None, asset, HOUSE[owner.lower()])
    users = _users_called(owner)
    if len(users) != 1:
        form.add_error("owner", "Give a user's whole name, e-mail or id, or fees, or outside world")
        return AccountKey(None, asset)
    return AccountKey(users[0], asset)


def _users_called(name: str) -> list[UUID]:
    """Return the users of exactly this name, e-mail or id: the beginning of a name is enough to search, not to pay."""
    by_name = Q(pk=user_id) if (user_id := as_uuid(name)) else Q(username=name) | Q(email=name)
    return list(User.objects.filter(by_name).values_list("pk", flat=True)[:2]) if name else []


LineFormSet = forms.formset_factory(LineForm, extra=2, max_num=_ROWS_MAX, absolute_max=_ROWS_MAX)


def initial_lines(moves: Sequence[Move]) -> list[dict[str, str]]:
    """Return moves as the form shows them, with users' names where a name finds its user. One query."""
    owners = {move.account.owner_id for move in moves if move.account.owner_id}
    names = dict(User.objects.filter(id__in=owners).values_list("id", "username"))
    return [
        {
            "owner": _owner_text(move.account, names),
            "asset": move.account.asset,
            "available": plain(move.available),
            "held": plain(move.held),
        }
        for move in moves
    ]


def _owner_text(account: AccountKey, names: dict[UUID, str]) -> str:
    if account.owner_id is None:
        return _HOUSE_NAMES[account.kind]
    name = names.get(account.owner_id, "")
    is_clear = name and "@" not in name and name.lower() not in HOUSE and as_uuid(name) is None
    return name if is_clear else str(account.owner_id)
