"""Staff with rights, their browsers, and a filled back office to look at."""

from datetime import timedelta
from functools import cached_property
from typing import Any

from django.contrib.auth.models import Permission
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from base.ids import uuid7
from exchange.models import ApiKey, Market, User
from exchange.services import api_key_create
from orders.models import Mismatch, Order, ReconcileRun, Trade
from proposals.models import Proposal
from settlement.models import Account, Adjustment, FailedSettlement
from tests.fixtures import fresh_name, make_market, make_user
from tests.integration.admin.fill import fill

ORDERS, TRADES = "/admin/orders/order/", "/admin/orders/trade/"
ACCOUNTS, LEDGER = "/admin/settlement/account/", "/admin/settlement/ledgerentry/"
FAILURES, MARKETS = "/admin/settlement/failedsettlement/", "/admin/exchange/market/"
USERS, AUDIT = "/admin/exchange/user/", "/admin/exchange/auditentry/"


class Scene:
    """Sixty users with 300 orders on ten markets, 90 trades, their ledger entries and a failed settlement."""

    def __init__(self) -> None:
        self.users = fill(orders=300, trades=90, users=60, prefix=fresh_name("seen"))

    @cached_property
    def order(self) -> Order:
        return Order.objects.filter(status="filled", user=self.users[0]).latest("id")

    @cached_property
    def trade(self) -> Trade:
        return Trade.objects.get(seller_order_id=self.order.id)

    @cached_property
    def market(self) -> Market:
        return self.order.market

    @cached_property
    def failure(self) -> FailedSettlement:
        return FailedSettlement.objects.get(
            trade_id=Trade.objects.get(settlement_status="failed", buyer__in=self.users).id
        )

    @cached_property
    def account(self) -> Account:
        return Account.objects.get(owner=self.users[0], asset_id="USDT")

    @cached_property
    def api_key(self) -> ApiKey:
        return api_key_create(user=self.users[0], label="bot", scopes=["read"], now=timezone.now()).row

    @cached_property
    def adjustment(self) -> Adjustment:
        """A proposal that waits for a second person."""
        return Adjustment.objects.create(
            kind="correction", reason="for the roles", proposed_by=self.clerk, expires_at=timezone.now() + timedelta(1)
        )

    @cached_property
    def proposal(self) -> Proposal:
        """A change of a market's fees that waits for a second person."""
        return Proposal.objects.create(
            kind="market.terms", target=str(self.market.pk), subject=self.market.symbol, reason="for the roles",
            before={"maker_fee_ppm": 800}, after={"maker_fee_ppm": 9_000}, proposed_by=self.clerk,
            payload={"changes": {"maker_fee_ppm": 9_000}}, expires_at=timezone.now() + timedelta(1),
        )  # fmt: skip

    @cached_property
    def clerk(self) -> User:
        return staff_with()

    @cached_property
    def mismatch(self) -> Mismatch:
        run = ReconcileRun.objects.create(kind=ReconcileRun.Kind.FULL, status=ReconcileRun.Status.MISMATCH)
        return Mismatch.objects.create(
            run=run, check_name=Mismatch.Check.HELD, subject="7", expected={}, found={}, signature=fresh_name("s")
        )


def make_oco() -> list[Order]:
    """Store the two orders of an OCO of a new user: sell at 110, or by a stop at 95 with a protection of 85.5."""
    market, user, now, group_id = make_market(), make_user("maker"), timezone.now(), uuid7()
    common = {
        "market": market, "user": user, "side": "sell", "time_in_force": "gtc", "post_only": False, "quantity": 2,
        "filled_quantity": 0, "filled_quote": 0, "fee_paid": 0, "held": 2, "maker_fee_ppm": 0, "taker_fee_ppm": 0,
        "reason": "", "group_id": group_id, "created_at": now, "updated_at": now,
    }  # fmt: skip
    limit = {"id": group_id, "type": "limit", "price": "110", "status": "open", "group_role": "oco_limit"}
    stop = {"id": uuid7(), "type": "stop", "price": "85.5", "stop_price": "95", "status": "pending"}
    legs = [limit, {**stop, "group_role": "oco_stop", "held": 0}]
    return [Order.objects.create(**(common | leg), priority=number) for number, leg in enumerate(legs)]


def staff_with(*permissions: str) -> User:
    """Create a member of staff who is no superuser and has the permissions `app.codename`."""
    user = User.objects.create(username=fresh_name("clerk-"), is_staff=True)
    for permission in permissions:
        app, _, codename = permission.partition(".")
        user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    return user


def browser_of(user: User | None = None) -> Client:
    """Make a browser that is logged in: as a user, or as a new superuser."""
    client = Client()
    boss = User(username=fresh_name("boss-"), is_staff=True, is_superuser=True)
    if user is None:
        boss.save()
    client.force_login(user or boss)
    return client


def queries_of(client: Client, url: str) -> tuple[Any, list[str]]:
    """Fetch a page; return the answer and the SQL it took."""
    with CaptureQueriesContext(connection) as captured:
        response = client.get(url)
    return response, [query["sql"] for query in captured.captured_queries]


def rows_of(response: Any) -> list[Any]:
    """Return the objects that a list shows."""
    return list(response.context["cl"].result_list)


def place_of(response: Any, name: str) -> int:
    """Return the place of a list's column, as the address names it."""
    columns = [getattr(column, "__name__", column) for column in response.context["cl"].list_display]
    return columns.index(name)


def messages_of(response: Any) -> list[str]:
    """Return the messages of an answer."""
    return [str(message) for message in get_messages(response.wsgi_request)]
