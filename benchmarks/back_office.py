"""Every page of the back office over a million orders and a million trades: how long it takes, in how many queries.

Run with `python -m benchmarks back_office`; BACK_OFFICE_ROWS changes how many. The database is filled by set-based
SQL, a page is fetched once to warm up and then three times: the whole request in this process, and the median of them.
"""

import os
import random
import time
from collections.abc import Iterator
from itertools import chain, combinations
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.test import Client

ROWS = int(os.environ.get("BACK_OFFICE_ROWS") or 1_000_000)
USERS = 20_000
AUDIT_ENTRIES = 200_000
FILLS_PER_PAIR = 4
PAGE = min(200, ROWS // 100)
TIMES = 3
SEED = 1
PAIRS_MAX = 40  # of a list
WORKLOAD = (
    f"{ROWS:,} orders, {ROWS:,} trades, {2 * ROWS:,} ledger entries of {USERS:,} users on ten markets over nine days, "
    f"{AUDIT_ENTRIES:,} audit entries; each list plain, filtered and searched, each object's page, the dashboard, and "
    f"each list with each choice of each filter, with {PAIRS_MAX} pairs of choices and sorted by each column; the "
    f"whole request without a server, warm, median of {TIMES}, of filters the second time; `first_ms` is the first time"
)
_AUDIT = """
INSERT INTO exchange_auditentry (actor_id, action, target_type, target_id, old, new, note)
SELECT %s, 'bench.act_' || i %% 30, 'exchange.user', i::text, '{}', '{"is_active": true}', ''
FROM generate_series(1, %s) AS i
"""


def run() -> dict[str, Any]:
    """Fill and measure. Every page must answer 200."""
    import django

    django.setup()
    from django.conf import settings
    from django.test import Client

    settings.ALLOWED_HOSTS = ["testserver"]
    began = time.perf_counter()
    pages = _pages(_filled())
    filled_s = time.perf_counter() - began
    client = Client()
    client.force_login(_boss())
    rows = [{"page": name, **_measured(client, url)} for name, url in pages.items()]
    slowest = max(rows, key=lambda row: row["ms"])
    every_filter = sorted(_filtered(client), key=lambda row: row["ms"], reverse=True)
    return {
        "back_office_slowest_ms": slowest["ms"],
        "back_office_queries_max": max(row["queries"] for row in rows),
        "slowest": slowest["page"],
        "back_office_median_ms": median(row["ms"] for row in rows),
        "back_office_filters_slowest_ms": every_filter[0]["ms"],
        "filters": len(every_filter),
        "filters_median_ms": median(row["ms"] for row in every_filter),
        "slowest_filters": every_filter[:5],
        "filled_s": round(filled_s, 1),
        "workload": WORKLOAD,
        "rows": rows,
    }


def _boss() -> Any:
    from exchange.models import User

    return User.objects.get_or_create(username="bench-boss", defaults={"is_staff": True, "is_superuser": True})[0]


def _filled() -> Any:
    """Fill the database and return one user of many, a market maker being the first of all."""
    from django.db import connection

    from operations.analytics import analytics_refresh
    from tests.integration.admin.fill import analyze, fill

    people = fill(orders=ROWS, trades=ROWS, users=USERS, fills_per_pair=FILLS_PER_PAIR)
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(_AUDIT, [_boss().pk, AUDIT_ENTRIES])
    analyze()
    analytics_refresh()
    return people


def _pages(people: Any) -> dict[str, str]:
    """Return the addresses by what they are."""
    from orders.models import Trade

    trade = Trade.objects.filter(settlement_status="settled").select_related("buyer").latest("id")
    maker, user = people[0], trade.buyer
    return {
        "dashboard": "/admin/",
        "dashboard, its part": "/admin/dashboard/",
        **_order_pages(maker, user, trade),
        **_trade_pages(maker, user, trade),
        **_money_pages(user, trade),
        **_user_pages(maker, user),
        **_audit_pages(),
        **_finder_pages(trade),
        **_other_pages(trade.market_id),
    }


def _order_pages(maker: Any, user: Any, trade: Any) -> dict[str, str]:
    from orders.models import Order

    orders, market = "/admin/orders/order/", trade.market_id
    first = Order.objects.filter(user=user).earliest("id")
    of_group = Order.objects.exclude(group_id=None).latest("id")
    return {
        "orders": orders,
        "orders, page 200": f"{orders}?p={PAGE}",
        **{
            f"orders, {status}": f"{orders}?status__exact={status}"
            for status in ("open", "filled", "partially_filled", "cancelled", "rejected", "pending", "expired")
        },
        **{f"orders, {name}": f"{orders}?type__exact={name}" for name in ("limit", "market", "stop", "trailing_stop")},
        "orders, fill or kill": f"{orders}?time_in_force__exact=fok",
        "orders, market": f"{orders}?market__id__exact={market}",
        "orders, market, side and status": f"{orders}?market__id__exact={market}&side__exact=sell&status__exact=open",
        "orders, last hour": f"{orders}?when=hour",
        "orders, last 7 days": f"{orders}?when=week",
        "orders, group": f"{orders}?group_role=oco_limit",
        "orders, self-trade prevention": f"{orders}?self_trade_prevention__exact=decrement",
        "orders by id": f"{orders}?q={trade.buyer_order_id}",
        "orders by client id": f"{orders}?q=client-123",
        "orders by user": f"{orders}?q={user.username}",
        "orders by market maker": f"{orders}?q={maker.username}",
        "orders by beginning of a name": f"{orders}?q=load-1",
        "orders by nobody": f"{orders}?q=nobody",
        "order page": f"{orders}{trade.buyer_order_id}/change/",
        "order page, of the market maker": f"{orders}{trade.seller_order_id}/change/",
        "order page, the oldest": f"{orders}{first.pk}/change/",
        "order page, of a group": f"{orders}{of_group.pk}/change/",
    }


def _trade_pages(maker: Any, user: Any, trade: Any) -> dict[str, str]:
    trades, market = "/admin/orders/trade/", trade.market_id
    return {
        "trades": trades,
        "trades, page 200": f"{trades}?p={PAGE}",
        "trades, market": f"{trades}?market__id__exact={market}",
        **{
            f"trades, {status}": f"{trades}?settlement_status__exact={status}"
            for status in ("pending", "retrying", "settled", "failed", "resolved")
        },
        "trades, last hour": f"{trades}?when=hour",
        "trades by id": f"{trades}?q={trade.pk}",
        "trades by order": f"{trades}?q={trade.buyer_order_id}",
        "trades by user": f"{trades}?q={user.username}",
        "trades by market maker": f"{trades}?q={maker.username}",
        "trades by beginning of a name": f"{trades}?q=load-1",
        "trade page": f"{trades}{trade.pk}/change/",
    }


def _money_pages(user: Any, trade: Any) -> dict[str, str]:
    from settlement.models import FailedSettlement, LedgerEntry

    failures, market = "/admin/settlement/failedsettlement/", trade.market_id
    ledger, accounts = "/admin/settlement/ledgerentry/", "/admin/settlement/account/"
    failure, entry = FailedSettlement.objects.latest("id"), LedgerEntry.objects.latest("id")
    return {
        "failed settlements": failures,
        "failed settlements, dead": f"{failures}?state__exact=dead",
        "failed settlements, market": f"{failures}?market__id__exact={market}",
        "failed settlements by code": f"{failures}?q=wallet_timeout",
        "failed settlement page": f"{failures}{failure.pk}/change/",
        "ledger": ledger,
        "ledger, kind": f"{ledger}?kind__exact=trade",
        "ledger, a kind that few have": f"{ledger}?kind__exact=correction",
        "ledger by transfer": f"{ledger}?q={trade.pk}",
        "ledger by user": f"{ledger}?q={user.username}",
        "ledger by user and asset": f"{ledger}?q={user.username}+usdt",
        "ledger by asset": f"{ledger}?q=usdt",
        "ledger entry page": f"{ledger}{entry.pk}/change/",
        "balances": accounts,
        "balances, asset": f"{accounts}?asset__code__exact=USDT",
        "balances by user": f"{accounts}?q={user.username}",
        "account page": f"{accounts}{entry.account_id}/change/",
        "account explained": f"{accounts}{entry.account_id}/explain/",
    }


def _user_pages(maker: Any, user: Any) -> dict[str, str]:
    users = "/admin/exchange/user/"
    return {
        "users": users,
        "users, staff": f"{users}?is_staff__exact=1",
        "users, frozen": f"{users}?is_active__exact=0",
        "users by e-mail": f"{users}?q={user.email}",
        "users by beginning of a name": f"{users}?q=load-1",
        "user page": f"{users}{user.pk}/change/",
        "user page, of the market maker": f"{users}{maker.pk}/change/",
        "user activity": "/admin/marketdata/useractivity/",
        "user activity by user": f"/admin/marketdata/useractivity/?q={user.username}",
    }


def _audit_pages() -> dict[str, str]:
    from exchange.models import AuditEntry

    audit = "/admin/exchange/auditentry/"
    return {
        "audit trail": audit,
        "audit trail, member of staff": f"{audit}?actor={_boss().pk}",
        "audit trail, the exchange itself": f"{audit}?actor=none",
        "audit trail, action": f"{audit}?action=bench.act_7",
        "audit trail, kind of object and today": f"{audit}?object=exchange.user&when=today",
        "audit trail by object": f"{audit}?q=777",
        "audit entry page": f"{audit}{AuditEntry.objects.latest('id').pk}/change/",
    }


def _finder_pages(trade: Any) -> dict[str, str]:
    return {
        "search for a trade's id": f"/admin/find/?q={trade.pk}",
        "search for a number": "/admin/find/?q=12345",
        "search for the beginning of a name": "/admin/find/?q=load-1",
        "search for what there is not": "/admin/find/?q=nobody",
    }


def _other_pages(market: int) -> dict[str, str]:
    return {
        "markets, 24 hours": "/admin/marketdata/marketday/",
        "markets": "/admin/exchange/market/",
        "market page": f"/admin/exchange/market/{market}/change/",
        "adjustments": "/admin/settlement/adjustment/",
        "mismatches": "/admin/orders/mismatch/",
        "reconciliations": "/admin/orders/reconcilerun/",
        "journal": "/admin/orders/journalbatch/",
        "engines": "/admin/orders/marketsequence/",
    }


def _filtered(client: "Client") -> Iterator[dict[str, Any]]:
    """Yield how long each list takes with each choice of each filter, with pairs of them at random, and sorted."""
    from django.contrib import admin

    rng = random.Random(SEED)
    for model, page in admin.site._registry.items():
        url = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        request = client.get(url).wsgi_request
        changes = page.get_changelist_instance(request)
        choices = [
            [query for choice in spec.choices(changes) if (query := str(choice.get("query_string", "")).lstrip("?"))]
            for spec in changes.filter_specs
        ]
        pairs = [f"{a}&{b}" for one, other in combinations(choices, 2) for a in one for b in other]
        sorts = [f"o=-{n}" for n, column in enumerate(changes.list_display) if column in (changes.sortable_by or ())]
        for query in [*chain.from_iterable(choices), *rng.sample(pairs, min(PAIRS_MAX, len(pairs))), *sorts]:
            yield {"page": f"{url}?{query}", **_measured(client, f"{url}?{query}", times=1)}


def _measured(client: "Client", url: str, times: int = TIMES) -> dict[str, Any]:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from operations.dashboard.page import forget_dashboard

    began = time.perf_counter()
    with CaptureQueriesContext(connection) as captured:
        response = client.get(url)
    first = time.perf_counter() - began
    queries = len(captured.captured_queries)  # the next request forgets them
    assert response.status_code == 200, f"Invariant: {url} answers, not with {response.status_code}"
    took = []
    for _ in range(times):
        forget_dashboard()
        began = time.perf_counter()
        client.get(url)
        took.append((time.perf_counter() - began) * 1_000)
    return {"ms": round(median(took), 1), "first_ms": round(first * 1_000, 1), "queries": queries}
