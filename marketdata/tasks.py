from celery import shared_task

from marketdata.analytics import analytics_refresh


@shared_task(time_limit=600)
def refresh_analytics() -> list[str]:
    """Refresh the back office's views; returns their names. Safe to run twice, also at the same time."""
    return analytics_refresh()
