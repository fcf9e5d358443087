from celery import shared_task

from proposals.services import proposals_expire


@shared_task(ignore_result=True)
def expire_proposals() -> int:
    """End what nobody has decided in time. Safe to repeat."""
    return proposals_expire()
