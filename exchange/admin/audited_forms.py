"""Pages whose forms write: each change leaves an audit entry with the values before and after."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.contrib.admin import helpers
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from base.scaling import plain
from base.times import iso_ms
from exchange.admin.base import staff
from exchange.audit import audit_record

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin

    AnyModelAdmin = ModelAdmin[Any]
else:
    AnyModelAdmin = object

_PLAIN = (str, bool, int, float, type(None))


class AuditedForms(AnyModelAdmin):
    """A mixin for pages that save by Django's own forms; it comes before the page's class.

    The action is the model's name and `create`, `update` or `delete`: `asset.update`.
    """

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        names = form.changed_data if change else list(form.cleaned_data)
        old = {name: as_json(form.initial.get(name)) for name in names} if change else {}
        new = {name: as_json(form.cleaned_data.get(name)) for name in names}
        if new:
            self._record(request, "update" if change else "create", obj, old, new)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self._record(request, "delete", obj, {"name": str(obj)}, {})
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for obj in queryset:
            self._record(request, "delete", obj, {"name": str(obj)}, {})
        super().delete_queryset(request, queryset)

    def _record(self, request: HttpRequest, act: str, obj: Model, old: dict[str, Any], new: dict[str, Any]) -> None:
        audit_record(actor=staff(request), action=f"{self.opts.model_name}.{act}", target=obj, old=old, new=new)


class AuditedActions(AnyModelAdmin):
    """A mixin for pages whose list actions are not ours: they need the right to change, and leave audit entries."""

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions: dict[str, Any] = super().get_actions(request)
        may_change = self.has_change_permission(request)
        return {name: action for name, action in actions.items() if may_change or name == "delete_selected"}

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any], *where: Any, **named: Any) -> Any:
        name = request.POST.get("action", "")
        chosen = self._chosen(request, queryset) if name in self.get_actions(request) else []
        response = super().response_action(request, queryset, *where, **named)
        if name != "delete_selected":  # that one records itself
            for obj in chosen:
                audit_record(actor=staff(request), action=f"{self.opts.model_name}.{name}", target=obj)
        return response

    def _chosen(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        if request.POST.get("select_across") == "1":
            return list(queryset)
        return list(queryset.filter(pk__in=request.POST.getlist(helpers.ACTION_CHECKBOX_NAME)))


def as_json(value: Any) -> Any:
    """Return a form's value as the audit trail keeps it: numbers plain, objects by their names."""
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, datetime):
        return iso_ms(value)
    if isinstance(value, Model):
        return str(value.pk)
    if isinstance(value, QuerySet):
        return sorted(str(each) for each in value)
    return value if isinstance(value, _PLAIN) else str(value)
