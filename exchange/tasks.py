"""Housekeeping of the ground floor, by Celery beat."""

from celery import shared_task
from django.utils import timezone

from exchange.sessions import logins_prune


@shared_task
def prune_logins() -> int:
    """Remove what is kept about logins that have expired; returns how many rows. Safe to run twice."""
    return logins_prune(now=timezone.now())
