from celery import shared_task
from django.utils import timezone

from operations import partitions
from operations.analytics import analytics_refresh


@shared_task
def create_partitions() -> int:
    """Create partitions ahead of time; returns how many. Safe to run twice."""
    return len(partitions.create_partitions(today=timezone.now().date()))


@shared_task(time_limit=600)
def refresh_analytics() -> list[str]:
    """Refresh those of the back office's views that are due; returns their names. Safe to run twice, also at once."""
    return analytics_refresh(only_due=True)
