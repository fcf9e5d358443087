"""The history of trades of a market with ten million of them: a page anywhere, over REST.

Run with `python -m benchmarks history`; HISTORY_ROWS changes how many. The database is filled by set-based SQL.
"""

import json
import os
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from benchmarks.environment import api_url, roles, wait_for
from benchmarks.figures import make_market, make_traders, percentiles_ms
from benchmarks.rest import connect

if TYPE_CHECKING:
    from exchange.models import Market

ROWS = int(os.environ.get("HISTORY_ROWS") or 10_000_000)
DAYS = 10
OTHERS = 6  # one trade of so many is another market's
SLICES = 20
PAGES = 200
LIMIT = 100
WORKLOAD = (
    f"{ROWS:,} trades of one market over {DAYS} days, among those of another; `GET /markets/{{symbol}}/trades` from the"
    f" api role without an engine, so from the database: {PAGES} pages of {LIMIT} at each place, one after the other,"
    " over one connection"
)
_FILL = """
INSERT INTO orders_trade (id, market_id, seq, price, quantity, buyer_id, seller_id, buyer_order_id, seller_order_id,
    taker_side, buyer_fee, seller_fee, buyer_hold, executed_at, settlement_status)
SELECT (lpad(to_hex(ms), 12, '0') || '70008' || lpad(to_hex(i), 15, '0'))::uuid,
    CASE WHEN i %% %(others)s = 0 THEN %(other)s ELSE %(market)s END,
    i, 100 + i %% 7, 1, %(user)s, %(user)s, %(user)s, %(user)s,
    'buy', 0, 0, 110, to_timestamp(ms / 1000.0), 'settled'
FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS i
CROSS JOIN LATERAL (SELECT %(start)s + (i * %(step)s)::bigint AS ms) AS t
"""


def run() -> dict[str, Any]:
    """Fill and measure. A page must have what was asked for."""
    import django

    django.setup()
    market = make_market()
    began = time.perf_counter()
    _fill(market)
    filled_s = time.perf_counter() - began
    places = _places(market)
    with roles("api"):
        wait_for("the api role", _answers, pause_s=0.1)
        rows = [{"row": f"{row:,}", **_pages(market, start)} for row, start in places.items()]
    return {
        "history_deep_p99_ms": rows[-1]["p99"],
        "workload": WORKLOAD,
        "filled_s": round(filled_s, 1),
        "rows": rows,
        "plan": _plan(market, places[max(places)]),
    }


def _fill(market: "Market") -> None:
    from django.db import connection
    from django.utils import timezone

    from operations.partitions import create_partitions
    from tests.administrator import as_administrator

    start, rows = timezone.now() - timedelta(days=DAYS), ROWS * OTHERS // (OTHERS - 1)
    for day in range(DAYS + 1):
        create_partitions(today=(start + timedelta(days=day)).date())
    parameters: dict[str, Any] = {
        "market": market.pk,
        "other": make_market().pk,
        "user": make_traders(market, 1)[0].pk,
        "others": OTHERS,
        "start": int(start.timestamp() * 1000),
        "step": DAYS * 86_400_000 / rows,
    }
    with as_administrator(), connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        for part in range(SLICES):
            bounds = {"first": rows * part // SLICES + 1, "last": rows * (part + 1) // SLICES}
            cursor.execute(_FILL, {**parameters, **bounds})
        cursor.execute("VACUUM ANALYZE orders_trade")


def _places(market: "Market") -> dict[int, Any]:
    """Return the ids at which pages begin, by how many rows come before; None is the first page."""
    from orders.selectors import trades_of_market

    ids = trades_of_market(market).values_list("id", flat=True)
    rows = (ROWS // 1_000, ROWS // 10, ROWS // 2, ROWS - PAGES * LIMIT - 1)
    return {0: None} | {row: ids[row] for row in rows}


def _pages(market: "Market", start: Any) -> dict[str, Any]:
    """Read pages one after the other; the first page again and again."""
    http, taken, cursor = connect(), [], start
    for _ in range(PAGES):
        address = f"/api/v1/markets/{market.slug}/trades?limit={LIMIT}" + (f"&cursor={cursor}" if cursor else "")
        began = time.perf_counter()
        http.request("GET", address)
        body = json.loads(http.getresponse().read())
        taken.append(time.perf_counter() - began)
        assert len(body["data"]) == LIMIT, "Invariant: there are more pages than are read"
        cursor = body["pagination"]["next_cursor"] if start else None
    return percentiles_ms(taken)


def _plan(market: "Market", before: Any) -> str:
    """Say what a page there reads."""
    from orders.selectors import trades_of_market

    page = trades_of_market(market, before=before)[: LIMIT + 1]
    (plan,) = json.loads(page.explain(format="json", analyze=True, buffers=True))
    top = plan["Plan"]
    blocks = top["Shared Hit Blocks"] + top["Shared Read Blocks"]
    return f"{top['Actual Rows']:,.0f} rows, {blocks} blocks, {plan['Execution Time']:.2f} ms; {_kinds(top)}"


def _kinds(node: dict[str, Any]) -> str:
    inner = [_kinds(each) for each in node.get("Plans", []) if each.get("Actual Loops")]
    return f"{node['Node Type']} over {', '.join(dict.fromkeys(inner))}" if inner else str(node["Node Type"])


def _answers() -> bool:
    http = connect(api_url())
    try:
        http.request("GET", "/health")
        return http.getresponse().status == 200
    except OSError:
        return False
    finally:
        http.close()
