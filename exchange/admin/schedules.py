"""Celery beat's schedule: when each of the tasks of CELERY_BEAT_SCHEDULE runs, and whether. Nothing else can be said.

What a task is, its arguments and its queue follow from its name, here and where beat starts it (operations/schedules).
"""

from datetime import time, timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

from exchange.admin.audited_forms import AuditedForms
from exchange.admin.base import BackOfficeAdmin

if TYPE_CHECKING:
    AnyModelForm = forms.ModelForm[Any]
else:
    AnyModelForm = forms.ModelForm

EVERY_MAX = timedelta(days=1)
_PERIODS = ("seconds", "minutes", "hours", "days")


class IntervalForm(AnyModelForm):
    """A task that runs again and again."""

    every = forms.IntegerField(min_value=1)
    period = forms.ChoiceField(choices=[(name, name) for name in _PERIODS])

    class Meta:
        model = PeriodicTask
        fields = ("enabled",)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if (interval := self.instance.interval) is not None:
            self.initial.update(every=interval.every, period=interval.period)

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        every, period = values.get("every"), values.get("period")
        if every and period and every > EVERY_MAX / timedelta(**{period: 1}):
            self.add_error("every", "Must be at most a day")
        return values

    def save(self, commit: bool = True) -> Any:
        found = {"every": self.cleaned_data["every"], "period": self.cleaned_data["period"]}
        self.instance.interval = IntervalSchedule.objects.filter(**found).first() or IntervalSchedule(**found)
        self.instance.interval.save()
        return super().save(commit)


class DailyForm(AnyModelForm):
    """A task that runs once a day."""

    at = forms.TimeField(help_text="UTC, such as 03:30")

    class Meta:
        model = PeriodicTask
        fields = ("enabled",)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        crontab = self.instance.crontab
        if crontab is not None and crontab.hour.isdigit() and crontab.minute.isdigit():
            self.initial["at"] = time(int(crontab.hour), int(crontab.minute))

    def save(self, commit: bool = True) -> Any:
        at: time = self.cleaned_data["at"]
        found = {"hour": str(at.hour), "minute": str(at.minute), "timezone": "UTC"}
        every_day = {"day_of_month": "*", "month_of_year": "*", "day_of_week": "*"}
        schedules = CrontabSchedule.objects.filter(**found, **every_day)
        self.instance.crontab = schedules.first() or CrontabSchedule(**found, **every_day)
        self.instance.crontab.save()
        return super().save(commit)


class ScheduleAdmin(AuditedForms, BackOfficeAdmin):
    """The fixed list of tasks."""

    list_display = ("name", "enabled", "when", "last_run_at")
    ordering = ("name",)
    readonly_fields = ("name", "task", "last_run_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Show what beat would run; each row's time is read with it."""
        rows = super().get_queryset(request).select_related("interval", "crontab")
        return rows.filter(name__in=settings.CELERY_BEAT_SCHEDULE)

    def get_form(self, request: HttpRequest, obj: Any | None = None, change: bool = False, **options: Any) -> Any:
        options["form"] = IntervalForm if obj is None or obj.crontab_id is None else DailyForm
        return super().get_form(request, obj, change, **options)

    def get_fields(self, request: HttpRequest, obj: Any | None = None) -> list[Any]:
        when = ["every", "period"] if obj is None or obj.crontab_id is None else ["at"]
        return ["name", "task", "enabled", *when, "last_run_at"]

    @admin.display(description="When")
    def when(self, task: PeriodicTask) -> str:
        return str(task.interval or task.crontab or "never")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        return False


for _model in apps.get_app_config("django_celery_beat").get_models():
    if admin.site.is_registered(_model):
        admin.site.unregister(_model)
admin.site.register(PeriodicTask, ScheduleAdmin)
