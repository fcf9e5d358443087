"""Trades, and the trade of a failed settlement with its orders and both parties' balances."""

from collections.abc import Callable, Iterable
from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from exchange.admin.base import BackOfficeAdmin, DetailAction, ReadOnlyAdmin, Table
from exchange.admin.columns import (
    SIDE_COLOURS,
    amount,
    amount_text,
    label,
    label_of,
    link_to,
    moment,
    related,
    related_id,
    short,
    short_id,
)
from exchange.admin.filters import UuidTimeFilter
from exchange.admin.lists import COUNT_MAX
from exchange.admin.search import as_uuid, find_users
from orders.admin.tables import (
    FAILURE,
    MARKET,
    ORDER,
    SETTLEMENT_COLOURS,
    STATUS_COLOURS,
    USER,
    of_users,
    trades_of_order,
)
from orders.models import Order, Trade
from settlement.admin import FailedSettlementAdmin, balance_table, entry_table
from settlement.models import Account, FailedSettlement, LedgerEntry


@admin.register(Trade)
class TradeAdmin(ReadOnlyAdmin):
    shows_money = True
    # Buttons of apps above this one, made for the page.
    more_actions: ClassVar[list[Callable[[BackOfficeAdmin], DetailAction]]] = []
    list_display = [
        short_id(),
        moment("executed_at", "time"),
        related("market", MARKET),
        amount("price"),
        amount("quantity"),
        related("buyer", USER),
        related("seller", USER),
        label("taker_side", SIDE_COLOURS, "taker"),
        label("settlement_status", SETTLEMENT_COLOURS, "settlement"),
    ]
    list_select_related = ["market", "buyer", "seller"]
    list_only = [
        "id",
        "executed_at",
        "market__symbol",
        "price",
        "quantity",
        "buyer__username",
        "seller__username",
        "taker_side",
        "settlement_status",
    ]
    list_filter = [UuidTimeFilter, "settlement_status", "market"]
    search_fields = ["id"]
    search_help_text = "Trade id, order id, or user: id, name or e-mail"
    fields = [
        "id",
        "market",
        "seq",
        amount("price"),
        amount("quantity"),
        amount("notional"),
        related("buyer", USER),
        related("seller", USER),
        related_id("buyer_order_id", ORDER, "buyer's order"),
        related_id("seller_order_id", ORDER, "seller's order"),
        label("taker_side", SIDE_COLOURS),
        amount("buyer_fee"),
        amount("seller_fee"),
        amount("buyer_hold"),
        moment("executed_at"),
        label("settlement_status", SETTLEMENT_COLOURS),
        moment("settled_at"),
    ]

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> Any:
        if search_term.strip():
            spanned = UuidTimeFilter(request, dict(request.GET.lists()), self.model, self).queryset(
                request, Trade.objects.order_by("-id")
            )
            queryset = queryset.filter(_trades_called(search_term.strip(), spanned))
        return queryset, False

    def object_actions(self, obj: Any | None) -> list[DetailAction]:
        return [action(self) for action in self.more_actions]

    def object_tables(self, request: HttpRequest, obj: Trade) -> list[Table]:
        failures = [
            [link_to(FAILURE, failure.pk, failure.pk), failure.get_state_display(), failure.code, failure.error]
            for failure in FailedSettlement.objects.filter(trade_id=obj.pk)
        ]
        tables = [entry_table("Ledger entries", LedgerEntry.objects.filter(transfer_id=obj.pk)), _balances_of(obj)]
        return [Table("Failed settlement", ("#", "State", "Code", "Error"), failures), *tables] if failures else tables


def _trades_called(term: str, spanned: QuerySet[Trade]) -> Q:
    """Return the condition that finds trades by index: by id, else order id, else user. At most 6 queries."""
    if identity := as_uuid(term):
        if Trade.objects.filter(id=identity).exists():
            return Q(id=identity)
        if order := Order.objects.filter(id=identity).first():
            return trades_of_order(order)
    users = find_users(term)
    found = of_users("buyer_id", users) | of_users("seller_id", users)
    return found & _newest(users[0], spanned) if len(users) == 1 else found


def _newest(user_id: UUID, spanned: QuerySet[Trade]) -> Q:
    """Leave out trades beyond the newest COUNT_MAX of a user as buyer or as seller. Two queries, by index.

    A list shows no more of them anyway, and without a bound all trades of a market maker would be read and sorted.
    """
    sides = (spanned.filter(buyer_id=user_id), spanned.filter(seller_id=user_id))
    behind = [list(side.values_list("id", flat=True)[COUNT_MAX : COUNT_MAX + 1]) for side in sides]
    bounds = [row[0] for row in behind if row]
    return Q(id__gte=max(bounds)) if bounds else Q()


def _balances_of(trade: Trade) -> Table:
    owners: Iterable[UUID] = (trade.buyer_id, trade.seller_id)
    assets = [trade.market.base_id, trade.market.quote_id]
    accounts = Account.objects.filter(owner_id__in=owners, asset_id__in=assets)
    return balance_table("Balances of both parties", accounts)


def _trade_of_failure(failure: FailedSettlement) -> list[Table]:
    """Return the trade of a failed settlement, its orders and both parties' balances. At most three queries."""
    trade = Trade.objects.select_related("market", "buyer", "seller").filter(id=failure.trade_id).first()
    if trade is None:
        return []
    orders = Order.objects.filter(id__in=[trade.buyer_order_id, trade.seller_order_id]).select_related("user")
    rows = [
        [
            link_to(ORDER, order.pk, short(order.pk)),
            link_to(USER, order.user_id, str(order.user)),
            label_of(order, "side", SIDE_COLOURS),
            amount_text(order.price),
            amount_text(order.quantity),
            amount_text(order.filled_quantity),
            amount_text(order.held),
            label_of(order, "status", STATUS_COLOURS),
        ]
        for order in orders
    ]
    headers = ("Order", "User", "Side", "Price", "Quantity", "Filled", "Held", "Status")
    needed = [
        ["price x quantity", f"{amount_text(trade.notional)} {trade.market.quote_id}"],
        ["quantity", f"{amount_text(trade.quantity)} {trade.market.base_id}"],
        ["buyer's fee", f"{amount_text(trade.buyer_fee)} {trade.market.quote_id}"],
        ["seller's fee", f"{amount_text(trade.seller_fee)} {trade.market.quote_id}"],
        ["buyer's hold", f"{amount_text(trade.buyer_hold)} {trade.market.quote_id}"],
    ]
    return [
        Table("What the trade moves", ("Part", "Amount"), needed),
        Table("Orders", headers, rows),
        _balances_of(trade),
    ]


FailedSettlementAdmin.more_tables.append(_trade_of_failure)
