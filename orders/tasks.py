from celery import shared_task
from django.utils import timezone

from orders.fees import fee_tiers_recompute


@shared_task(time_limit=3_600)
def recompute_fee_tiers() -> None:
    """Give everybody the fee tier that their last 30 days earn. Safe to run twice, also at the same time."""
    fee_tiers_recompute(now=timezone.now())
