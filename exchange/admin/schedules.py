"""Celery beat's own pages in the style of the others; changes made there leave audit entries, too."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from exchange.admin.audited_forms import AuditedActions, AuditedForms
from exchange.admin.base import UnfoldModelAdmin

if TYPE_CHECKING:
    from django.contrib.admin import TabularInline

    UnfoldInline = TabularInline[Any, Any]
else:
    from unfold.admin import TabularInline as UnfoldInline

_widgets, _beat = import_module("unfold.widgets"), import_module("django_celery_beat.admin")


class TasksOfSchedule(_beat.PeriodicTaskInline, UnfoldInline):  # type: ignore[misc,name-defined]  # a library without types
    """The tasks of a schedule, read together with it: each one's name says when it is due."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("interval", "crontab", "solar", "clocked")


for _model in list(apps.get_app_config("django_celery_beat").get_models()):
    if admin.site.is_registered(_model):
        _page = type(admin.site.get_model_admin(_model))
        admin.site.unregister(_model)
        _bases = (AuditedForms, AuditedActions, _page, UnfoldModelAdmin)
        _own = {"inlines": [TasksOfSchedule]} if _page.inlines else {}
        admin.site.register(_model, type(_page.__name__, _bases, _own))

# Fields which that form declares itself keep the widgets it gave them.
_task_form = _beat.PeriodicTaskForm
_task_form.base_fields["task"].widget.attrs["class"] = " ".join(_widgets.INPUT_CLASSES)
_task_form.base_fields["regtask"].widget.attrs["class"] = " ".join(_widgets.SELECT_CLASSES)
