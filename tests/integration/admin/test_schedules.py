"""Staff say when a task of the fixed list runs and whether; no way leads to another task, queue or argument."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib import admin
from django.test import Client
from django.utils import timezone
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask
from prometheus_client import REGISTRY

from config.celery import app
from exchange.models import AuditEntry
from exchange.roles import StaffRole
from operations.dashboard.alerts import alerts_of
from operations.dashboard.figures import dashboard_figures
from operations.schedules import RECONCILIATION, FixedEntry, FixedScheduler
from tests.fixtures import fresh_name
from tests.integration.admin.scene import browser_of
from tests.integration.admin.test_roles import member

TASKS = "/admin/django_celery_beat/periodictask/"
QUEUE = "te:0:cmd:engine.LTC-USDT"

pytestmark = pytest.mark.xdist_group("schedules")


@pytest.fixture(scope="module")
def browsers() -> dict[str, Client]:
    return {role: browser_of(member(role)) for role in (StaffRole.VIEWER, StaffRole.ADMINISTRATOR)}


class Sent:
    """What beat would have sent."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.tasks: list[tuple[str, Any, Any, dict[str, Any]]] = []
        monkeypatch.setattr("celery.app.task.Task.apply_async", lambda *call, **options: self._note(*call, **options))

    def _note(self, task: Any, args: Any = None, kwargs: Any = None, **options: Any) -> None:
        self.tasks.append((task.name, args, kwargs, options))


@pytest.fixture
def schedule() -> Iterator[dict[str, Any]]:
    """The schedule as beat has stored it at its first start."""
    app.loader.import_default_modules()  # as beat does
    FixedScheduler(app=app, lazy=False)
    yield settings.CELERY_BEAT_SCHEDULE
    PeriodicTask.objects.all().delete()


def row(name: str = RECONCILIATION) -> PeriodicTask:
    return PeriodicTask.objects.get(name=name)


def test_staff_change_interval_and_switch_and_nothing_else(schedule: Any, browsers: dict[str, Client]) -> None:
    task, page = row(), f"{TASKS}{row().pk}/change/"
    form = {
        "every": "20", "period": "minutes", "name": "another", "task": "settlement.tasks.settle_market",
        "queue": QUEUE, "exchange": "x", "routing_key": QUEUE, "args": '["x"]', "kwargs": '{"market_id": 1}',
        "headers": '{"a": 1}', "one_off": "on", "priority": "9", "start_time_0": "2031-01-01", "start_time_1": "00:00",
    }  # fmt: skip

    browsers[StaffRole.VIEWER].post(page, form)
    assert row().enabled
    response = browsers[StaffRole.ADMINISTRATOR].post(page, form)

    assert response.status_code == 302, response.content
    changed = row()
    assert (changed.interval.every, changed.interval.period, changed.enabled) == (20, "minutes", False)
    kept = ("name", "task", "queue", "exchange", "routing_key", "args", "kwargs", "headers", "one_off", "priority")
    for field in kept:
        assert getattr(changed, field) == getattr(task, field), field
    entry = AuditEntry.objects.filter(target_id=str(task.pk), action="periodictask.update").latest("created_at")
    assert (entry.old["enabled"], entry.new["enabled"], entry.new["every"]) == (True, False, 20)


@pytest.mark.parametrize("every", ["0", "-1", "2", "1e9", "99999999999999999999", ""])
def test_an_interval_is_a_second_to_a_day(every: str, schedule: Any, browsers: dict[str, Client]) -> None:
    page = f"{TASKS}{row().pk}/change/"
    response = browsers[StaffRole.ADMINISTRATOR].post(page, {"every": every, "period": "days", "enabled": "on"})
    assert response.status_code == 200
    assert response.context["adminform"].form.errors["every"]


def test_a_daily_task_has_a_time(schedule: Any, browsers: dict[str, Client]) -> None:
    task = row("logins-prune")
    response = browsers[StaffRole.ADMINISTRATOR].post(f"{TASKS}{task.pk}/change/", {"at": "04:45", "enabled": "on"})
    assert response.status_code == 302
    crontab = row("logins-prune").crontab
    assert (crontab.hour, crontab.minute, str(crontab.timezone)) == ("4", "45", "UTC")


def test_nobody_adds_removes_or_runs_a_task(schedule: Any, browsers: dict[str, Client]) -> None:
    boss, task = browsers[StaffRole.ADMINISTRATOR], row()
    assert boss.get(f"{TASKS}add/").status_code == 403
    assert boss.post(f"{TASKS}add/", {"name": "x", "task": "y"}).status_code == 403
    assert boss.post(f"{TASKS}{task.pk}/delete/", {"post": "yes"}).status_code == 403
    for action in ("run_tasks", "delete_selected", "disable_tasks"):
        boss.post(TASKS, {"action": action, "_selected_action": [task.pk], "index": "0"})
    assert row().enabled
    registered = {model.__name__ for model in admin.site._registry if model._meta.app_label == "django_celery_beat"}
    assert registered == {"PeriodicTask"}


def test_what_was_changed_past_the_back_office_is_not_executed(
    schedule: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    every, _ = IntervalSchedule.objects.get_or_create(every=1, period="seconds")
    stranger = fresh_name("stranger-")
    PeriodicTask.objects.create(name=stranger, task="settlement.tasks.settle_market", interval=every, queue=QUEUE)
    PeriodicTask.objects.filter(name=RECONCILIATION).update(
        task="settlement.tasks.settle_market", queue=QUEUE, exchange="x", routing_key=QUEUE, args='["x"]',
        kwargs='{"market_id": 1}', headers='{"a": 1}', priority=9, last_run_at=timezone.now() - timedelta(days=1),
    )  # fmt: skip
    sent = Sent(monkeypatch)
    monkeypatch.setattr(FixedEntry, "save", lambda entry: None)
    scheduler = FixedScheduler(app=app, lazy=True)
    monkeypatch.setattr(scheduler, "setup_schedule", lambda: None)  # which would put the rows right

    assert stranger not in scheduler.schedule
    scheduler.apply_entry(scheduler.schedule[RECONCILIATION])

    ((name, args, kwargs, options),) = sent.tasks
    assert (name, list(args), dict(kwargs)) == (schedule[RECONCILIATION]["task"], [], {})
    assert not {"queue", "exchange", "routing_key", "priority"} & options.keys()
    assert options["expires"] == settings.RECONCILE_MINUTES * 60
    assert any("schedules_ignored" in str(record.msg) and stranger in str(record.msg) for record in caplog.records)


def test_the_next_start_keeps_time_and_switch_and_puts_the_rest_right(schedule: Any) -> None:
    task = row()
    daily, _ = CrontabSchedule.objects.get_or_create(hour="5", minute="0")
    PeriodicTask.objects.filter(pk=task.pk).update(
        enabled=False, queue=QUEUE, task="x", one_off=True, expires=timezone.now(), start_time=timezone.now()
    )
    PeriodicTask.objects.filter(name="logins-prune").update(crontab=daily)

    FixedScheduler(app=app, lazy=False)

    found = row()
    assert (found.enabled, found.interval_id, found.queue, found.one_off) == (False, task.interval_id, None, False)
    assert (found.task, found.expires, found.start_time) == (task.task, None, None)
    assert row("logins-prune").crontab_id == daily.pk


def test_reconciliation_that_is_off_raises_an_alert(schedule: Any) -> None:
    assert "TaskSwitchedOff" not in {alert.name for alert in alerts_of(dashboard_figures())}
    PeriodicTask.objects.filter(name=RECONCILIATION).update(enabled=False)

    (alert,) = [alert for alert in alerts_of(dashboard_figures()) if alert.name == "TaskSwitchedOff"]
    assert (alert.level, RECONCILIATION in alert.text) == ("page", True)
    assert REGISTRY.get_sample_value("trade_engine_task_enabled", {"task": RECONCILIATION}) == 0

    PeriodicTask.objects.filter(name=RECONCILIATION).delete()
    assert [alert.level for alert in alerts_of(dashboard_figures()) if alert.name == "TaskSwitchedOff"] == ["page"]
