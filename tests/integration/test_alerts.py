"""Every alert asks for a metric that exists and leads to a section of the run book; and the gauges tell the truth."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.utils import timezone
from django_celery_beat.models import IntervalSchedule, PeriodicTask
from prometheus_client import REGISTRY
from rest_framework.test import APIClient

from config.embedded.settings import PROJECT
from marketdata import metrics as _of_streams  # noqa: F401  (importing registers them)
from matching import metrics as _of_engines  # noqa: F401

FOLDER = PROJECT / "deploy" / "prometheus"
GROUPS = yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"]
ALERTS = [rule for group in GROUPS for rule in group["rules"]]
# Of Prometheus itself and of node_exporter.
FOREIGN = {"up", "node_filesystem_avail_bytes", "node_filesystem_size_bytes"}
_METRIC = re.compile(r"\b((?:trade_engine|engine|marketdata|django|node)_\w+|up)\b(?=[{\[)\s])")


def known_metrics() -> set[str]:
    """Return the names of all samples and families that /metrics and the engine's port can show."""
    APIClient().get("/health")  # the middleware registers its own when it is first needed
    names = set(FOREIGN)
    for family in REGISTRY.collect():
        suffixes = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}.get(family.type, ("",))
        names |= {family.name + suffix for suffix in suffixes}
    return names


def test_alerts_have_names_of_their_own() -> None:
    names = [alert["alert"] for alert in ALERTS]
    assert len(names) == len(set(names)) > 10


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: str(alert["alert"]))
def test_an_alert_asks_for_metrics_that_exist(alert: dict[str, Any]) -> None:
    asked = set(_METRIC.findall(alert["expr"]))
    assert asked
    assert asked - known_metrics() == set()


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: str(alert["alert"]))
def test_an_alert_leads_to_its_section_of_the_run_book(alert: dict[str, Any]) -> None:
    page, _, anchor = alert["annotations"]["runbook_url"].partition("#")
    headings = re.findall(r"^### (\w+)$", Path(PROJECT, page).read_text(), re.MULTILINE)

    assert alert["alert"] in headings
    assert anchor == alert["alert"].lower()
    assert alert["labels"]["severity"] in ("page", "warn")


def test_the_run_book_has_no_section_without_an_alert() -> None:
    text = (PROJECT / "docs" / "operations.md").read_text()
    run_book = text.partition("\n## Run book\n")[2].partition("\n## ")[0]
    assert set(re.findall(r"^### (\w+)$", run_book, re.MULTILINE)) == {alert["alert"] for alert in ALERTS}


def test_the_rules_are_loaded_by_the_example() -> None:
    example = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
    assert [(FOLDER / name).is_file() for name in example["rule_files"]] == [True]


def gauge(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, labels)


def test_readiness_is_told_for_each_check() -> None:
    assert gauge("trade_engine_ready", check="database") == 1
    assert gauge("trade_engine_ready", check="channel_layer") == 1
    assert gauge("trade_engine_ready", check="engines") == 0  # nobody runs one here


def test_partitions_are_told_for_each_table() -> None:
    days = [gauge("trade_engine_partition_days_ahead", table=f"orders_{name}") for name in ("trade", "journalbatch")]
    assert days == [14, 14]
    assert (gauge("trade_engine_partition_days_ahead", table="orders_order") or 0) >= 28


def test_the_scheduler_is_as_old_as_its_last_task() -> None:
    every, _ = IntervalSchedule.objects.get_or_create(every=1, period="days")
    task = PeriodicTask.objects.create(
        name="seen lately", task="nothing", interval=every, last_run_at=timezone.now() - timedelta(seconds=30)
    )
    try:
        age = gauge("trade_engine_scheduler_age_seconds")
    finally:
        task.delete()
    assert age is not None
    assert 25 < age < 60
