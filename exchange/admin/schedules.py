"""Celery beat's own pages in the style of the others; changes made there leave audit entries, too."""

import json
from datetime import timedelta
from importlib import import_module
from typing import TYPE_CHECKING, Any

from django import forms
from django.apps import apps
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from exchange.admin.audited_forms import AuditedActions, AuditedForms
from exchange.admin.base import UnfoldModelAdmin
from exchange.admin.downloads import ListDownloads
from exchange.admin.wording import PlainSpokenForms

if TYPE_CHECKING:
    from django.contrib.admin import TabularInline

    UnfoldInline = TabularInline[Any, Any]
    AnyModelForm = forms.ModelForm[Any]
else:
    from unfold.admin import TabularInline as UnfoldInline

    AnyModelForm = forms.ModelForm

CRON_PARTS = ("minute", "hour", "day_of_month", "month_of_year", "day_of_week")
EVERY_MAX = timedelta(days=3_650)
_widgets, _beat = import_module("unfold.widgets"), import_module("django_celery_beat.admin")


class TasksOfSchedule(_beat.PeriodicTaskInline, UnfoldInline):  # type: ignore[misc,name-defined]  # a library without types
    """The tasks of a schedule, read together with it: each one's name says when it is due."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("interval", "crontab", "solar", "clocked")


class TaskForm(_beat.PeriodicTaskForm):  # type: ignore[misc,name-defined]  # as above
    """A task with the arguments that a task can take."""

    def clean(self) -> Any:
        return self.cleaned_data if "task" in self.errors else super().clean()

    def clean_regtask(self) -> str:
        name: str = self.cleaned_data["regtask"]
        if "\0" in name:
            raise forms.ValidationError("Choose one of those that are offered")
        return name

    def clean_args(self) -> str:
        return self._json_of("args", list, '["BTC/USDT", 5]')

    def clean_kwargs(self) -> str:
        return self._json_of("kwargs", dict, '{"symbol": "BTC/USDT"}')

    def _json_of(self, name: str, kind: type[Any], example: str) -> str:
        text: str = self.cleaned_data[name]
        try:
            is_sound = isinstance(json.loads(text or "null"), kind) or not text
        except ValueError:
            is_sound = False
        if not is_sound:
            raise forms.ValidationError(f"Write JSON, such as {example}")
        return text


class IntervalForm(AnyModelForm):
    """An interval that a clock can count."""

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        every, period = values.get("every"), values.get("period")
        if every and period and every > EVERY_MAX / timedelta(**{period: 1}):
            self.add_error("every", "Must be at most ten years")
        return values


class CrontabForm(AnyModelForm):
    """A time by cron, whose parts celery checks, but in the words of a parser."""

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        for name in [name for name in CRON_PARTS if name in values]:
            try:
                self.instance._meta.get_field(name).run_validators(values[name])
            except forms.ValidationError:
                self.add_error(name, "Write *, a number, a range or a list as cron has them: 5, 1-5, */10, 0,30")
        return values


_FORMS = {"periodictask": TaskForm, "intervalschedule": IntervalForm, "crontabschedule": CrontabForm}
for _model in list(apps.get_app_config("django_celery_beat").get_models()):
    if admin.site.is_registered(_model):
        _page = type(admin.site.get_model_admin(_model))
        admin.site.unregister(_model)
        _bases = (AuditedForms, AuditedActions, PlainSpokenForms, ListDownloads, _page, UnfoldModelAdmin)
        _own: dict[str, Any] = {"inlines": [TasksOfSchedule]} if _page.inlines else {}
        _own["form"] = _FORMS.get(_model._meta.model_name or "", _page.form)
        admin.site.register(_model, type(_page.__name__, _bases, _own))

# Fields which that form declares itself keep the widgets it gave them.
_task_form = _beat.PeriodicTaskForm
_task_form.base_fields["task"].widget.attrs["class"] = " ".join(_widgets.INPUT_CLASSES)
_task_form.base_fields["regtask"].widget.attrs["class"] = " ".join(_widgets.SELECT_CLASSES)
