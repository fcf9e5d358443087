"""What Prometheus is told of settlement."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from base.ids import trade_uuid
from orders.models import Trade
from proposals.metrics import proposal_gauges
from proposals.services import proposal_withdraw
from settlement.errors import AdjustmentError
from settlement.metrics import settlement_gauges
from settlement.services import settle_pending
from tests.integration.settlement.adjusting import Eyes, correction
from tests.integration.settlement.cast import FUNDS, Cast


def gauge(name: str, **labels: str) -> float:
    """Return one number of a scrape."""
    metrics = {metric.name: metric for metric in (*settlement_gauges(), *proposal_gauges())}
    return next(sample.value for sample in metrics[name].samples if sample.labels == labels)


def pending(cast: Cast) -> tuple[float, float]:
    labels = {"market": cast.market.symbol}
    return (
        gauge("trade_engine_pending_trades", **labels),
        gauge("trade_engine_oldest_pending_trade_seconds", **labels),
    )


def test_pending_trades_are_counted_and_the_oldest_is_dated(cast: Cast) -> None:
    assert pending(cast) == (0, 0)
    old, new = cast.trade(), cast.trade()
    an_hour_ago = int((timezone.now() - timedelta(hours=1)).timestamp() * 1000)
    Trade.objects.filter(id=old.id).update(
        id=trade_uuid(an_hour_ago, cast.market.pk, old.seq), settlement_status="retrying"
    )

    count, age = pending(cast)

    assert count == 2 and 3600 <= age < 3660
    Trade.objects.filter(market=cast.market, settlement_status="retrying").update(settlement_status="failed")
    count, age = pending(cast)
    assert count == 1 and age < 60
    Trade.objects.filter(market=cast.market, settlement_status="failed").update(settlement_status="pending")
    settle_pending(market_id=cast.market.pk)
    assert pending(cast) == (0, 0)
    assert new.settlement_status == "pending"


def test_proposals_are_counted_until_they_are_decided(cast: Cast) -> None:
    before, eyes = gauge("trade_engine_proposals_waiting", kind="correction"), Eyes.open()

    proposal = eyes.propose(correction(cast, "1"))
    assert gauge("trade_engine_proposals_waiting", kind="correction") == before + 1
    assert gauge("trade_engine_oldest_proposal_seconds") >= 0

    proposal_withdraw(actor=eyes.proposer, proposal_id=proposal.pk)
    assert gauge("trade_engine_proposals_waiting", kind="correction") == before


def test_what_was_refused_for_a_limit_is_counted(cast: Cast) -> None:
    before, eyes = gauge("trade_engine_hand_limit_refusals"), Eyes.open()

    with pytest.raises(AdjustmentError, match="at most"):
        eyes.propose(correction(cast, str(FUNDS + 1)))

    assert gauge("trade_engine_hand_limit_refusals") == before + 1


def test_a_scrape_reads_what_waits_by_its_index(cast: Cast) -> None:
    with CaptureQueriesContext(connection) as captured:
        settlement_gauges()

    statements = [query["sql"] for query in captured.captured_queries]
    assert len(statements) == 3
    backlog = next(sql for sql in statements if "orders_trade" in sql)
    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        cursor.execute(f"EXPLAIN {backlog}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
        cursor.execute("RESET enable_seqscan")
    assert "market_id_settlement_status_id_idx" in plan
