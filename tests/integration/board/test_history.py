"""The history of trades: a cursor leads to any row as fast as to the first, by index."""

import json
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from base.ids import uuid7_floor
from exchange.models import Market
from operations.partitions import create_partitions
from orders.models import Trade
from orders.selectors import trades_of_market
from tests.administrator import as_administrator
from tests.fixtures import make_market, make_user

pytestmark = pytest.mark.xdist_group("history")

ROWS, DAYS = 300_000, 3
# Ids as the engine makes them: the time, and what tells trades of a moment apart.
FILL = """
INSERT INTO orders_trade (id, market_id, seq, price, quantity, buyer_id, seller_id, buyer_order_id, seller_order_id,
    taker_side, buyer_fee, seller_fee, buyer_hold, executed_at, settlement_status)
SELECT (lpad(to_hex(ms), 12, '0') || '70008' || lpad(to_hex(i), 15, '0'))::uuid,
    CASE WHEN i %% 3 = 0 AND i NOT BETWEEN 120000 AND 170000 THEN %(market)s ELSE %(other)s END,
    i, 100 + i %% 7, 1, %(user)s, %(user)s, %(user)s, %(user)s,
    'buy', 0, 0, 110, to_timestamp(ms / 1000.0), 'settled'
FROM generate_series(1, %(rows)s) AS i CROSS JOIN LATERAL (SELECT %(start)s + i * %(step)s AS ms) AS t
"""


@pytest.fixture(scope="module")
def long_market() -> Iterator[Market]:
    """A market with 83,000 trades of three days, among those of another, which goes on while this one has a pause."""
    start = timezone.now() - timedelta(days=DAYS)
    user, market, other = make_user("trader"), make_market(), make_market()
    with as_administrator(), transaction.atomic():  # who may have statistics taken
        for day in range(DAYS + 1):
            create_partitions(today=(start + timedelta(days=day)).date())
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 0")
            cursor.execute(
                FILL,
                {
                    "rows": ROWS, "market": market.pk, "other": other.pk, "user": user.pk,
                    "start": int(start.timestamp() * 1000), "step": DAYS * 86_400_000 // ROWS,
                },
            )  # fmt: skip
            cursor.execute("ANALYZE orders_trade")
        yield market
        transaction.set_rollback(True)


@pytest.mark.parametrize("share", [0.0, 0.5, 0.52, 0.999])
def test_a_page_anywhere_reads_a_few_blocks(long_market: Market, share: float) -> None:
    ids = list(Trade.objects.filter(market_id=long_market.pk).order_by("-id").values_list("id", flat=True))
    cursor_id = ids[int(len(ids) * share)]

    page = trades_of_market(long_market, before=cursor_id)[:101]
    (plan,) = json.loads(page.explain(format="json", analyze=True, buffers=True))

    # About ten of them hold the page and the rest is the way to it, in the index of each day.
    assert plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"] < 60


def test_a_walk_through_the_history_meets_every_trade_once(long_market: Market, visitor: APIClient) -> None:
    url = f"/api/v1/markets/{long_market.slug}/trades?limit=1000"
    since = timezone.now() - timedelta(days=DAYS - 0.2)
    expected = Trade.objects.filter(market_id=long_market.pk, id__lt=uuid7_floor(int(since.timestamp() * 1000)))
    query, found = f"&to={int(since.timestamp() * 1000)}", list[str]()

    while query:
        body = visitor.get(url + query).json()
        found += [trade["id"] for trade in body["data"]]
        cursor = body["pagination"]["next_cursor"]
        query = f"&cursor={cursor}" if cursor else ""

    assert found == [str(trade_id) for trade_id in expected.order_by("-id").values_list("id", flat=True)]
    assert len(found) > 5_000


def test_a_page_by_cursor_costs_one_query_and_no_count(long_market: Market, visitor: APIClient) -> None:
    url = f"/api/v1/markets/{long_market.slug}/trades"
    cursor = visitor.get(f"{url}?limit=5&offset=10000").json()["pagination"]["next_cursor"]

    with CaptureQueriesContext(connection) as queries:
        began = time.perf_counter()
        visitor.get(f"{url}?cursor={cursor}")
        took_s = time.perf_counter() - began

    about = [query["sql"] for query in queries.captured_queries if "orders_trade" in query["sql"]]
    assert len(about) == 1
    assert "count" not in about[0].lower()
    assert took_s < 1
