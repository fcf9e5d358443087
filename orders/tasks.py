from celery import shared_task
from django.utils import timezone

from orders import partitions
from orders.fees import fee_tiers_recompute
from orders.reconciliation.run import reconcile as reconcile_run
from orders.reconciliation.snapshots import AlreadyRunningError


@shared_task
def create_partitions() -> int:
    """Create partitions ahead of time; returns how many. Safe to run twice."""
    return len(partitions.create_partitions(today=timezone.now().date()))


@shared_task(time_limit=3_600)
def recompute_fee_tiers() -> None:
    """Give everybody the fee tier that their last 30 days earn. Safe to run twice, also at the same time."""
    fee_tiers_recompute(now=timezone.now())


@shared_task(time_limit=1_800)
def reconcile() -> str:
    """Reconcile all markets since their last checkpoints; returns how it ended. Safe to run twice: one at a time runs.

    A run that takes longer than the broker waits is delivered again and finds the first one at work.
    """
    try:
        return str(reconcile_run().run.status)
    except AlreadyRunningError:
        return "running already"
