from celery import shared_task
from django.utils import timezone

from orders import partitions


@shared_task
def create_partitions() -> int:
    """Create partitions ahead of time; returns how many. Safe to run twice."""
    return len(partitions.create_partitions(today=timezone.now().date()))
