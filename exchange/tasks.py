"""Housekeeping of logins, API keys, stops of markets and the audit trail, by Celery beat."""

from celery import shared_task
from django.utils import timezone

from exchange.audit import audit_link
from exchange.services import api_keys_prune, market_stops_end
from exchange.sessions import logins_prune


@shared_task
def prune_logins() -> int:
    """Remove what is kept about logins and API keys that ended; returns how many rows. Safe to run twice."""
    now = timezone.now()
    return logins_prune(now=now) + api_keys_prune(now=now)


@shared_task
def end_stops() -> list[str]:
    """Bring back markets that one person has stopped for as long as one may; returns which. Safe to run twice."""
    return market_stops_end()


@shared_task
def link_audit_entries() -> int:
    """Link entries of the audit trail whose process died before it could; returns how many. Safe to run twice."""
    return audit_link()
