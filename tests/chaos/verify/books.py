"""The public order book over REST is the stored open orders, summed up."""

import contextlib
import json
import time
import urllib.request
from decimal import Decimal
from typing import Any

from config.embedded.settings import LOOPBACK
from tests.chaos.cast import MARKETS
from tests.chaos.cluster import Cluster
from tests.chaos.verify.findings import Findings

_BOOK = """
SELECT o.side, o.price, sum(coalesce(o.visible_quantity, o.quantity - o.filled_quantity)), count(*)
FROM orders_order o JOIN exchange_market m ON m.id = o.market_id
WHERE m.symbol = %s AND o.status IN ('open', 'partially_filled') GROUP BY 1, 2
"""
_SEQ = "SELECT s.last_seq FROM orders_marketsequence s JOIN exchange_market m ON m.id = s.market_id WHERE m.symbol = %s"
TRIES = 20
Levels = dict[tuple[str, Decimal], tuple[Decimal, int]]


def check_books(cluster: Cluster, findings: Findings) -> None:
    """Compare each market's book of both endpoints; expiries may come between, so a few tries are made."""
    for symbol in MARKETS:
        for endpoint, port in cluster.ports.items():
            findings.checked["books"] += 1
            for attempt in range(TRIES):
                seq, stored = _stored(cluster, symbol)
                shown = _shown(port, symbol)
                if shown is not None and shown[0] == seq and shown[1] == stored:
                    break
                if attempt == TRIES - 1:
                    shown_seq, levels = shown or (-1, {})
                    wrong = {k: (levels.get(k), stored.get(k)) for k in levels.keys() | stored.keys()}
                    wrong = {key: pair for key, pair in wrong.items() if pair[0] != pair[1]}
                    text = f"the book of {symbol} from {endpoint} at {shown_seq} is not the stored one at {seq}"
                    findings.differ("book", text, wrong)
                time.sleep(0.1)


def stored_book(cluster: Cluster, symbol: str) -> tuple[int, Levels]:
    """Return a market's sequence number and its open orders summed up, of one snapshot."""
    return _stored(cluster, symbol)


def _stored(cluster: Cluster, symbol: str) -> tuple[int, Levels]:
    with cluster.database() as connection, connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        levels = {(side, price): (volume, count) for side, price, volume, count in connection.execute(_BOOK, [symbol])}
        row = connection.execute(_SEQ, [symbol]).fetchone()
        return (row[0] if row else 0), levels


def _shown(port: int, symbol: str) -> tuple[int, Levels] | None:
    url = f"http://{LOOPBACK}:{port}/api/v1/orderbook/{symbol.replace('/', '-')}?depth=1000"
    with contextlib.suppress(OSError, ValueError), urllib.request.urlopen(url, timeout=5) as answer:
        data: dict[str, Any] = json.load(answer)["data"]
        levels = {
            (side, Decimal(level["price"])): (Decimal(level["volume"]), level["order_count"])
            for side, name in (("buy", "bids"), ("sell", "asks"))
            for level in data[name]
        }
        return data["seq"], levels
    return None
