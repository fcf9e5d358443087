from celery import shared_task
from django.utils import timezone

from orders import partitions
from orders.fees import fee_tiers_recompute


@shared_task
def create_partitions() -> int:
    """Create partitions ahead of time; returns how many. Safe to run twice."""
    return len(partitions.create_partitions(today=timezone.now().date()))


@shared_task(time_limit=3_600)
def recompute_fee_tiers() -> None:
    """Give everybody the fee tier that their last 30 days earn. Safe to run twice, also at the same time."""
    fee_tiers_recompute(now=timezone.now())
