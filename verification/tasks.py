from celery import shared_task

from verification.reconciliation.run import reconcile as reconcile_run
from verification.reconciliation.snapshots import AlreadyRunningError


@shared_task(time_limit=1_800)
def reconcile() -> str:
    """Reconcile all markets since their last checkpoints; returns how it ended. Safe to run twice: one at a time runs.

    A run that takes longer than the broker waits is delivered again and finds the first one at work.
    """
    try:
        return str(reconcile_run().run.status)
    except AlreadyRunningError:
        return "running already"
