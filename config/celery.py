"""The Celery application: settlement, retries, partitions and checks run here."""

import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging
from django_structlog.celery.steps import DjangoStructLogInitStep

from config.sealed_tasks import SealedTask

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("trade_engine", task_cls=SealedTask)
app.set_default()  # in every thread, not only in the one that imports this
app.config_from_object("django.conf:settings", namespace="CELERY")
app.steps["worker"].add(DjangoStructLogInitStep)
app.autodiscover_tasks()


@setup_logging.connect
def use_the_project_logging(**_: Any) -> None:
    """Keep Celery from replacing the JSON log configuration by its own."""
    import logging.config

    from django.conf import settings

    logging.config.dictConfig(settings.LOGGING)
