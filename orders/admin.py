"""Orders, trades, the journal and where each market's engine stands. All read-only: only the journal writes them."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse

from exchange.admin.base import DetailAction, ReadOnlyAdmin, Table
from exchange.admin.columns import (
    SIDE_COLOURS,
    STATE_COLOURS,
    amount,
    amount_text,
    label,
    label_of,
    link_to,
    mark,
    moment,
    related,
    related_id,
    short,
    short_id,
    time_text,
)
from exchange.admin.filters import UuidTimeFilter
from exchange.admin.search import ByUserAdmin, as_uuid, find_users
from exchange.ids import uuid7_floor
from exchange.scaling import from_units
from orders.holds import holds_of
from orders.models import CancelAfter, ClientOrderId, EngineProcess, JournalBatch, MarketSequence, Order, Trade
from orders.reconciliation import admin as _reconciliation  # noqa: F401  (registers its pages)
from orders.replay.admin import explanation_page
from orders.selectors import orders_of_group
from settlement.admin import AccountAdmin, FailedSettlementAdmin, balance_table, entry_table
from settlement.models import Account, FailedSettlement, LedgerEntry

USER, ORDER, TRADE = "exchange.user", "orders.order", "orders.trade"
FAILURE = "settlement.failedsettlement"
TRADES_SHOWN = 100
HOLDS_SHOWN = 50
CLOCK_SKEW = timedelta(minutes=5)  # between the host that names an order and the one that dates its trades
STATUS_COLOURS = {
    "open": "info", "partially_filled": "info", "pending": "info", "filled": "success", "cancelled": "warning",
    "rejected": "danger", "expired": "warning",
}  # fmt: skip
# What has no limit: the stored price of such a stop is the one that protects it.
_MARKET_LIKE = (Order.Type.MARKET, Order.Type.STOP, Order.Type.TAKE_PROFIT, Order.Type.TRAILING_STOP)
SETTLEMENT_COLOURS = {
    "pending": "info",
    "retrying": "warning",
    "settled": "success",
    "failed": "danger",
    "resolved": "success",
}


class GroupRoleFilter(admin.SimpleListFilter):
    """Orders of groups; those without a group are what the list shows anyway."""

    title = "role in a group"
    parameter_name = "group_role"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(role.value, role.label) for role in Order.GroupRole if role.value]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(group_role=self.value()) if self.value() else queryset


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin):
    list_display = [
        short_id(), moment("created_at", "created"), "market", related("user", USER), label("side", SIDE_COLOURS),
        "type", "terms", "limit", amount("stop_price", "stop"), amount("quantity"),
        amount("filled_quantity", "filled"), label("status", STATUS_COLOURS),
    ]  # fmt: skip
    list_select_related = ["market", "user"]
    list_only = [
        "id", "market__symbol", "user__username", "side", "type", "time_in_force", "post_only", "display_quantity",
        "group_role", "price", "stop_price", "quantity", "filled_quantity", "status", "created_at",
    ]  # fmt: skip
    list_filter = [
        UuidTimeFilter, "status", "type", "time_in_force", "side", GroupRoleFilter, "self_trade_prevention", "market",
    ]  # fmt: skip
    search_fields = ["id"]
    search_help_text = "Order id, client order id, or user: id, name or e-mail"
    fieldsets = [
        (None, {"fields": [
            "id", "client_order_id", "market", related("user", USER), label("side", SIDE_COLOURS), "type",
            label("status", STATUS_COLOURS), "reason",
        ]}),
        ("Instructions", {"fields": [
            "time_in_force", moment("expire_at"), "post_only", "reprice", "self_trade_prevention",
            amount("display_quantity"), amount("visible_quantity"), related_id("group_id", ORDER, "group"),
            "group_role",
        ]}),
        ("Trigger", {"fields": [
            amount("stop_price"), amount("trailing_amount"), "trailing_percent", "protection_price",
            moment("triggered_at"),
        ]}),
        ("Amounts", {"fields": [
            "limit", amount("average_price"), amount("quantity"), amount("quote_quantity"),
            amount("filled_quantity"), amount("remaining_quantity"), amount("filled_quote"), amount("fee_paid"),
            amount("held"), "maker_fee_ppm", "taker_fee_ppm",
        ]}),
        ("Times", {"fields": ["priority", moment("created_at"), moment("updated_at")]}),
    ]  # fmt: skip

    @admin.display(description="time in force")
    def terms(self, order: Order) -> str:
        """Time in force and what else is special about an order, in a few words."""
        marks = {"post-only": order.post_only, "iceberg": order.display_quantity, "group": order.group_role}
        return " · ".join([order.time_in_force, *(mark for mark, is_so in marks.items() if is_so)])

    @admin.display(description="price")
    def limit(self, order: Order) -> str:
        return amount_text(None if order.type in _MARKET_LIKE else order.price)

    @admin.display(description="protection price")
    def protection_price(self, order: Order) -> str:
        return amount_text(order.price if order.type in _MARKET_LIKE else None)

    @admin.display(description="trailing percent")
    def trailing_percent(self, order: Order) -> str:
        return amount_text(None if order.trailing_ppm is None else from_units(order.trailing_ppm, 4))

    def get_fieldsets(self, request: HttpRequest, obj: Any | None = None) -> Any:
        has_trigger = obj is not None and obj.stop_price is not None
        return [section for section in self.fieldsets or () if has_trigger or section[0] != "Trigger"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any | None = None) -> list[Any]:
        return [field for _, options in self.fieldsets or () for field in options["fields"]]

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> Any:
        if search_term.strip():
            queryset = queryset.filter(_orders_called(search_term.strip()))
        return queryset, False

    def object_tables(self, request: HttpRequest, obj: Order) -> list[Table]:
        trades = Trade.objects.filter(trades_of_order(obj)) if obj.filled_quantity else Trade.objects.none()
        assets = [obj.market.base_id, obj.market.quote_id]
        return [
            *([_group_table(obj)] if obj.group_id else []),
            trade_table(f"Trades (newest first, at most {TRADES_SHOWN})", trades),
            balance_table("Balances of the user", Account.objects.filter(owner_id=obj.user_id, asset_id__in=assets)),
        ]


def _group_table(order: Order) -> Table:
    """Return the other orders of an order's group as a table. One query."""
    assert order.group_id is not None, "Invariant: the group's table is for orders of a group"
    headers = ("Order", "Role", "Side", "Type", "Price", "Stop", "Quantity", "Filled", "Held", "Status", "Reason")
    rows = [
        [
            link_to(ORDER, other.pk, short(other.pk)), other.get_group_role_display(),
            label_of(other, "side", SIDE_COLOURS), other.get_type_display(), amount_text(other.price),
            amount_text(other.stop_price), amount_text(other.quantity), amount_text(other.filled_quantity),
            amount_text(other.held), label_of(other, "status", STATUS_COLOURS), other.reason or "-",
        ]
        for other in orders_of_group(order.user, order.group_id)
        if other.pk != order.pk
    ]  # fmt: skip
    return Table("The other orders of the group", headers, rows)


def _orders_called(term: str) -> Q:
    """Return what finds orders by index; the first that exists counts: id, client id, user. At most 4 queries."""
    order_id = as_uuid(term)
    if order_id and Order.objects.filter(id=order_id).exists():
        return Q(id=order_id)
    if by_client := list(ClientOrderId.objects.filter(client_order_id=term).values_list("order_id", flat=True)[:100]):
        return Q(id__in=by_client)
    return _of_users("user_id", find_users(term))


def _of_users(column: str, users: list[UUID]) -> Q:
    return Q(**{column: users[0]}) if len(users) == 1 else Q(**{f"{column}__in": users})


def trades_of_order(order: Order) -> Q:
    """Return what finds an order's trades by its user's index, from when it was named to when it last changed.

    Trades have no index on their orders' ids.
    """
    side = "buyer" if order.side == Order.Side.BUY else "seller"
    since, until = order.created_at - CLOCK_SKEW, order.updated_at + CLOCK_SKEW
    return Q(
        **{f"{side}_id": order.user_id, f"{side}_order_id": order.id},
        id__gte=_floor(since.timestamp()),
        id__lt=_floor(until.timestamp()),
    )


def _floor(seconds: float) -> UUID:
    return uuid7_floor(int(seconds * 1000))


def trade_table(title: str, trades: QuerySet[Trade]) -> Table:
    """Return the newest trades as a table. One query."""
    headers = ("Trade", "Time", "Price", "Quantity", "Buyer", "Seller", "Taker", "Settlement")
    rows = [
        [
            link_to(TRADE, trade.pk, short(trade.pk)), time_text(trade.executed_at), amount_text(trade.price),
            amount_text(trade.quantity), link_to(ORDER, trade.buyer_order_id, str(trade.buyer)),
            link_to(ORDER, trade.seller_order_id, str(trade.seller)), label_of(trade, "taker_side", SIDE_COLOURS),
            label_of(trade, "settlement_status", SETTLEMENT_COLOURS),
        ]
        for trade in trades.select_related("buyer", "seller").order_by("-id")[:TRADES_SHOWN]
    ]  # fmt: skip
    return Table(title, headers, rows)


@admin.register(Trade)
class TradeAdmin(ReadOnlyAdmin):
    list_display = [
        short_id(), moment("executed_at", "time"), "market", amount("price"), amount("quantity"),
        related("buyer", USER), related("seller", USER), label("taker_side", SIDE_COLOURS, "taker"),
        label("settlement_status", SETTLEMENT_COLOURS, "settlement"),
    ]  # fmt: skip
    list_select_related = ["market", "buyer", "seller"]
    list_only = [
        "id", "executed_at", "market__symbol", "price", "quantity", "buyer__username", "seller__username",
        "taker_side", "settlement_status",
    ]  # fmt: skip
    list_filter = [UuidTimeFilter, "settlement_status", "market"]
    search_fields = ["id"]
    search_help_text = "Trade id, order id, or user: id, name or e-mail"
    fields = [
        "id", "market", "seq", amount("price"), amount("quantity"), amount("notional"), related("buyer", USER),
        related("seller", USER), related_id("buyer_order_id", ORDER, "buyer's order"),
        related_id("seller_order_id", ORDER, "seller's order"), label("taker_side", SIDE_COLOURS), amount("buyer_fee"),
        amount("seller_fee"), amount("buyer_hold"), moment("executed_at"),
        label("settlement_status", SETTLEMENT_COLOURS), moment("settled_at"),
    ]  # fmt: skip

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> Any:
        if search_term.strip():
            queryset = queryset.filter(_trades_called(search_term.strip()))
        return queryset, False

    def object_actions(self, obj: Any | None) -> list[DetailAction]:
        return [DetailAction("explain", "Explain this trade", "orders.view_trade", self._explain)]

    def _explain(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show the book before the trade and why its orders matched; those of other users, too: this is for staff."""
        trade: Trade = self.object_or_404(request, object_id)
        return explanation_page(self, request, trade)

    def object_tables(self, request: HttpRequest, obj: Trade) -> list[Table]:
        failures = [
            [link_to(FAILURE, failure.pk, failure.pk), failure.get_state_display(), failure.code, failure.error]
            for failure in FailedSettlement.objects.filter(trade_id=obj.pk)
        ]
        tables = [entry_table("Ledger entries", LedgerEntry.objects.filter(transfer_id=obj.pk)), _balances_of(obj)]
        return [Table("Failed settlement", ("#", "State", "Code", "Error"), failures), *tables] if failures else tables


def _trades_called(term: str) -> Q:
    """Return what finds trades by index; the first that exists counts: id, order id, user. At most 4 queries."""
    if identity := as_uuid(term):
        if Trade.objects.filter(id=identity).exists():
            return Q(id=identity)
        if order := Order.objects.filter(id=identity).first():
            return trades_of_order(order)
    users = find_users(term)
    return _of_users("buyer_id", users) | _of_users("seller_id", users)


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
            link_to(ORDER, order.pk, short(order.pk)), link_to(USER, order.user_id, str(order.user)),
            label_of(order, "side", SIDE_COLOURS), amount_text(order.price), amount_text(order.quantity),
            amount_text(order.filled_quantity), amount_text(order.held), label_of(order, "status", STATUS_COLOURS),
        ]
        for order in orders
    ]  # fmt: skip
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


def _holds_of_account(account: Account) -> list[Table]:
    """Return what an account's held is made of, and whether it is all of it. Six queries; none for the house's."""
    if account.owner_id is None:
        return []
    needs = holds_of(account, at_most=HOLDS_SHOWN)
    rows: list[list[Any]] = [
        ["Open orders", needs.orders.count, amount_text(needs.orders.total), ""],
        ["Trades that are not settled", needs.trades.count, amount_text(needs.trades.total), ""],
        ["Orders that have ended, owed", needs.owed.count, amount_text(needs.owed.total), ""],
        ["Together", "", amount_text(needs.total), ""],
        ["Held", "", amount_text(account.held), mark(*_HOLD_SIGNS[needs.total == account.held])],
    ]
    tables = [Table("What is held, and for what", ("", "How many", account.asset_id, ""), rows)]
    headers = ("Order", "Side", "Type", "Price", "Quantity", "Filled", "Status", "Held")
    for title, part in (("Open orders", needs.orders), ("Orders that have ended, owed", needs.owed)):
        if part.rows:
            tables.append(
                Table(f"{title} (the newest, at most {HOLDS_SHOWN})", headers, list(map(_hold_row, part.rows)))
            )
    if needs.trades.rows:
        trades = [
            [
                link_to(TRADE, trade.pk, short(trade.pk)), time_text(trade.executed_at), amount_text(trade.price),
                amount_text(trade.quantity), label_of(trade, "settlement_status", SETTLEMENT_COLOURS),
                amount_text(trade.hold),
            ]
            for trade in needs.trades.rows
        ]  # fmt: skip
        title = f"Trades that are not settled (the newest, at most {HOLDS_SHOWN})"
        tables.append(Table(title, ("Trade", "Time", "Price", "Quantity", "Settlement", "Holds"), trades))
    return tables


_HOLD_SIGNS = {True: ("equal", "success"), False: ("they differ", "danger")}


def _hold_row(order: Order) -> list[Any]:
    return [
        link_to(ORDER, order.pk, short(order.pk)), label_of(order, "side", SIDE_COLOURS), order.get_type_display(),
        amount_text(order.price), amount_text(order.quantity), amount_text(order.filled_quantity),
        label_of(order, "status", STATUS_COLOURS), amount_text(order.held),
    ]  # fmt: skip


AccountAdmin.more_explanations.append(_holds_of_account)


@admin.register(JournalBatch)
class JournalBatchAdmin(ReadOnlyAdmin):
    """Shows that a batch was committed; the commands themselves are for the replay."""

    list_display = [short_id(), moment("created_at", "time"), "market", "first_seq", "last_seq", "state_hash"]
    list_select_related = ["market"]
    list_only = ["id", "created_at", "market__symbol", "first_seq", "last_seq", "state_hash"]
    list_filter = [UuidTimeFilter, "market"]
    search_fields = ["id"]
    search_help_text = "Id of the batch, or market and sequence number: BTC/USDT 1234"
    fields = ["id", "market", "first_seq", "last_seq", "state_hash", moment("created_at")]

    def get_queryset(self, request: HttpRequest) -> QuerySet[JournalBatch]:
        return super().get_queryset(request).defer("commands")

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> Any:
        symbol, _, seq = search_term.strip().rpartition(" ")
        if batch_id := as_uuid(search_term):
            queryset = queryset.filter(id=batch_id)
        elif symbol and seq.isdecimal():
            market = symbol.strip().upper().replace("-", "/")
            queryset = queryset.filter(market__symbol=market, first_seq__lte=int(seq), last_seq__gte=int(seq))
        elif search_term.strip():
            queryset = queryset.none()
        return queryset, False


@admin.register(MarketSequence)
class MarketSequenceAdmin(ReadOnlyAdmin):
    list_display = [
        "market", "last_seq", label("trading_state", STATE_COLOURS), amount("last_price"), "state_hash",
        moment("updated_at"),
    ]  # fmt: skip
    list_select_related = ["market"]
    ordering = ("market_id",)
    fields = [
        "market", "last_seq", label("trading_state", STATE_COLOURS), amount("last_price"), "price_band_ppm",
        amount("reference_price"), "max_orders", "max_stops", "state_hash", "batch_id", moment("updated_at"),
    ]  # fmt: skip


@admin.register(EngineProcess)
class EngineProcessAdmin(ReadOnlyAdmin):
    """Who lives, and what each does. A process that ends in order leaves no row; one that died leaves it for a day."""

    list_display = ["host", "pid", moment("started_at", "started"), moment("beat_at", "last heard of"), "served"]
    ordering = ("-started_at",)
    fields = ["id", "host", "pid", moment("started_at"), moment("beat_at", "last heard of"), "served"]

    @admin.display(description="serves")
    def served(self, process: EngineProcess) -> str:
        return ", ".join(report["symbol"] for report in process.markets if report["role"] == "active") or "-"

    def object_tables(self, request: HttpRequest, obj: EngineProcess) -> list[Table]:
        rows = [
            [report["symbol"], report["role"], time_text(datetime.fromtimestamp(report["since"] / 1000, UTC)),
             report["seq"], report["heir"] or "-"]
            for report in obj.markets
        ]  # fmt: skip
        return [Table("Markets", ("Market", "Role", "Since", "Seq", "Is handed over to"), rows)]


@admin.register(CancelAfter)
class CancelAfterAdmin(ByUserAdmin):
    """Dead man's switches that are on."""

    list_display = [related("user", USER), "market", moment("due_at", "cancels everything at")]
    list_select_related = ["market", "user"]
    list_only = ["id", "market__symbol", "user__username", "due_at"]
    list_filter = ["market"]
    fields = [related("user", USER), "market", moment("due_at", "cancels everything at")]
