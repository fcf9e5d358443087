"""What beat starts: the tasks of CELERY_BEAT_SCHEDULE and nothing else, however the stored schedule was changed.

The database says of each when and whether it runs, which staff may change; what it is, with which arguments and on
which queue, is here alone. A row of any other name is never run.
"""

from typing import Any

import structlog
from django.conf import settings
from django_celery_beat.models import PeriodicTask
from django_celery_beat.schedulers import DatabaseScheduler, ModelEntry

__all__ = ["RECONCILIATION", "FixedEntry", "FixedScheduler", "switched_off"]

log = structlog.get_logger(__name__)

RECONCILIATION = "orders-reconcile"
_WHEN = ("interval", "crontab", "solar", "clocked")


def switched_off() -> list[str]:
    """Return which of the tasks beat does not start: those that are switched off or missing, by name. One query.

    Empty before beat has ever run.
    """
    stored = dict(PeriodicTask.objects.filter(name__in=settings.CELERY_BEAT_SCHEDULE).values_list("name", "enabled"))
    return sorted(name for name in settings.CELERY_BEAT_SCHEDULE if not stored.get(name)) if stored else []


class FixedEntry(ModelEntry):  # type: ignore[misc]  # the library has no types
    """A row of the schedule, of which only the time counts."""

    def __init__(self, model: Any, app: Any = None) -> None:
        planned: dict[str, Any] = settings.CELERY_BEAT_SCHEDULE[model.name]
        model.task, model.args, model.kwargs, model.headers = planned["task"], "[]", "{}", "{}"
        model.queue = model.exchange = model.routing_key = model.priority = None
        model.expires = model.start_time = None
        model.expire_seconds = planned.get("options", {}).get("expire_seconds")
        model.one_off = False
        super().__init__(model, app)

    @classmethod
    def from_entry(cls, name: str, app: Any = None, **entry: Any) -> "FixedEntry":
        """Store a task that is not stored yet; of one that is, leave when and whether it runs as it is."""
        fields = cls._unpack_fields(**entry)
        row, is_new = PeriodicTask.objects.get_or_create(name=name, defaults=fields)
        if not is_new:
            has_time = any(getattr(row, f"{kind}_id") for kind in _WHEN[:2])
            kept = {name: value for name, value in fields.items() if not has_time or name not in _WHEN}
            PeriodicTask.objects.filter(pk=row.pk).update(**kept, start_time=None, expires=None, one_off=False)
            row.refresh_from_db()
        return cls(row, app=app)


class FixedScheduler(DatabaseScheduler):  # type: ignore[misc]  # the library has no types
    """Starts the tasks of CELERY_BEAT_SCHEDULE at the times that the database has for them."""

    Entry = FixedEntry

    def install_default_entries(self, data: Any) -> None:
        """Do without Celery's own: there are no results to clean up."""

    def enabled_models(self) -> list[Any]:
        """Return the rows to run; what is in no list of ours is logged and left out."""
        rows = super().enabled_models()
        strangers = sorted(row.name for row in rows if row.name not in settings.CELERY_BEAT_SCHEDULE)
        if strangers:
            log.error("schedules_ignored", names=strangers[:10], count=len(strangers))
        return [row for row in rows if row.name in settings.CELERY_BEAT_SCHEDULE]
