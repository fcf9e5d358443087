from celery import shared_task

from marketdata.analytics import analytics_refresh


@shared_task(time_limit=600)
def refresh_analytics() -> list[str]:
    """Refresh those of the back office's views that are due; returns their names. Safe to run twice, also at once."""
    return analytics_refresh(only_due=True)
