"""What waits for a second person, for Prometheus."""

from django.db.models import Count, Min
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily, Metric

from proposals.kinds import kinds
from proposals.models import Proposal

__all__ = ["proposal_gauges"]


def proposal_gauges() -> list[Metric]:
    """Return how many proposals wait, by kind, and for how long the oldest has. One query, by an index."""
    waiting = GaugeMetricFamily(
        "trade_engine_proposals_waiting", "Proposals that wait for a second person", labels=["kind"]
    )
    age = GaugeMetricFamily("trade_engine_oldest_proposal_seconds", "How long the oldest of them has waited")
    rows = Proposal.objects.filter(state=Proposal.State.PROPOSED).values("kind")
    found = {row["kind"]: row for row in rows.annotate(count=Count("*"), since=Min("created_at")).order_by()}
    for kind in kinds():
        waiting.add_metric([kind.name], found[kind.name]["count"] if kind.name in found else 0)
    since = min((row["since"] for row in found.values()), default=None)
    age.add_metric([], (timezone.now() - since).total_seconds() if since else 0.0)
    return [waiting, age]
