"""Orders: all of them, and one with its whole life."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse

from base.scaling import EXACT, ZERO, from_units, grouped
from exchange.admin.base import BackOfficeAdmin, DetailAction, ReadOnlyAdmin, Table, staff
from exchange.admin.columns import (
    EMPTY,
    SIDE_COLOURS,
    amount,
    amount_text,
    label,
    label_of,
    link_to,
    moment,
    rate,
    related,
    related_id,
    short,
    short_id,
)
from exchange.admin.filters import UuidTimeFilter
from exchange.admin.notes import Question, RequiredNoteForm, ask_and_act
from exchange.admin.search import as_uuid, find_users
from orders.admin.tables import (
    MARKET,
    ORDER,
    STATUS_COLOURS,
    TRADES_SHOWN,
    USER,
    of_users,
    trade_table,
    trades_of_order,
)
from orders.columns import Flag, Word
from orders.holds import HELD_FOR_TRADE
from orders.lifecycle import OPEN_STATUSES
from orders.models import ClientOrderId, Order, Trade
from orders.rows import EXTRA_FIELDS
from orders.selectors import orders_of_group
from orders.services import order_force_cancel
from settlement.admin import balance_table, entry_table
from settlement.admin.tables import ENTRIES_SHOWN
from settlement.models import Account, LedgerEntry

CANCEL = "orders.cancel_order"

# Types without a limit: the stored price of such a stop is the one that protects it.
_MARKET_LIKE = (Order.Type.MARKET, Order.Type.STOP, Order.Type.TAKE_PROFIT, Order.Type.TRAILING_STOP)


class GroupRoleFilter(admin.SimpleListFilter):
    """Orders of groups, by what they are in them."""

    title = "role in a group"
    parameter_name = "group_role"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(role.value, role.label) for role in Order.GroupRole if role.value]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(group_role=self.value()) if self.value() else queryset


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin):
    shows_money = True
    # Buttons of apps above this one, made for the page.
    more_actions: ClassVar[list[Callable[[BackOfficeAdmin], DetailAction]]] = []
    list_display = [
        short_id(),
        moment("created_at", "created"),
        related("market", MARKET),
        related("user", USER),
        label("side", SIDE_COLOURS),
        label("status", STATUS_COLOURS),
        "limit",
        amount("quantity"),
        amount("filled_quantity", "filled"),
        "type",
        "terms",
        amount("stop_price", "stop"),
    ]
    list_select_related = ["market", "user"]
    list_only = [
        "id",
        "market__symbol",
        "user__username",
        "side",
        "type",
        "time_in_force",
        "post_only",
        "display_quantity",
        "group_role",
        "price",
        "stop_price",
        "quantity",
        "filled_quantity",
        "status",
        "created_at",
    ]
    list_filter = [
        UuidTimeFilter,
        "status",
        "type",
        "time_in_force",
        "side",
        GroupRoleFilter,
        "self_trade_prevention",
        "market",
    ]
    search_fields = ["id"]
    search_help_text = "Order id, client order id, or user: id, name or e-mail"
    fieldsets = [
        (
            None,
            {
                "fields": [
                    "id",
                    "client_order_id",
                    "market",
                    related("user", USER),
                    label("side", SIDE_COLOURS),
                    "type",
                    label("status", STATUS_COLOURS),
                    "reason",
                ]
            },
        ),
        (
            "Instructions",
            {
                "fields": [
                    "time_in_force",
                    moment("expire_at"),
                    "post_only",
                    *(column.name for _, column in EXTRA_FIELDS if isinstance(column, Flag | Word)),
                    amount("display_quantity"),
                    amount("visible_quantity"),
                    related_id("group_id", ORDER, "group"),
                    "group_role",
                ]
            },
        ),
        (
            "Trigger",
            {
                "fields": [
                    amount("stop_price"),
                    amount("trailing_amount"),
                    "trailing_percent",
                    "protection_price",
                    moment("triggered_at"),
                ]
            },
        ),
        (
            "Amounts",
            {
                "fields": [
                    "limit",
                    "average_price",
                    amount("quantity"),
                    amount("quote_quantity"),
                    amount("filled_quantity"),
                    amount("remaining_quantity"),
                    amount("filled_quote"),
                    amount("fee_paid"),
                    amount("held"),
                    rate("maker_fee_ppm", "maker fee"),
                    rate("taker_fee_ppm", "taker fee"),
                ]
            },
        ),
        ("Times", {"fields": ["priority", moment("created_at"), moment("updated_at")]}),
    ]

    @admin.display(description="terms", ordering="time_in_force")
    def terms(self, order: Order) -> str:
        """Time in force and what else is special about an order, in a few words."""
        marks = {"post-only": order.post_only, "iceberg": order.display_quantity, "group": order.group_role}
        return " · ".join([order.time_in_force.upper(), *(mark for mark, is_so in marks.items() if is_so)])

    @admin.display(description="price", ordering="price")
    def limit(self, order: Order) -> str:
        return amount_text(self.csv_limit(order))

    def csv_limit(self, order: Order) -> Decimal | None:
        return None if order.type in _MARKET_LIKE else order.price

    @admin.display(description="average price")
    def average_price(self, order: Order) -> str:
        average = order.market.scale.average_price_text(order.filled_quote, order.filled_quantity)
        return grouped(Decimal(average)) if average else EMPTY

    @admin.display(description="protection price")
    def protection_price(self, order: Order) -> str:
        return amount_text(order.price if order.type in _MARKET_LIKE else None)

    @admin.display(description="trailing percent")
    def trailing_percent(self, order: Order) -> str:
        return amount_text(None if order.trailing_ppm is None else from_units(order.trailing_ppm, 4))

    def get_fieldsets(self, request: HttpRequest, obj: Any | None = None) -> Any:
        has_trigger = obj is not None and obj.stop_price is not None
        sections = super().get_fieldsets(request, obj)
        return [section for section in sections if has_trigger or section[0] != "Trigger"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any | None = None) -> list[Any]:
        return [field for _, options in self.fieldsets or () for field in options["fields"]]

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> Any:
        if search_term.strip():
            queryset = queryset.filter(_orders_called(search_term.strip()))
        return queryset, False

    def object_tables(self, request: HttpRequest, obj: Order) -> list[Table]:
        return [*([_group_table(obj)] if obj.group_id else []), *order_tables(obj)]

    def object_actions(self, obj: Any | None) -> list[DetailAction]:
        actions = [action(self) for action in self.more_actions]
        if obj is None or obj.status in OPEN_STATUSES:
            actions.append(DetailAction("cancel", "Cancel…", CANCEL, self._cancel))
        return actions

    def _cancel(self, request: HttpRequest, object_id: str) -> HttpResponse:
        order: Order = self.object_or_404(request, object_id)
        back = self.object_url(order.pk)
        text = "The order is taken out of the book as if its owner had cancelled it. What it has traded stays."
        question = Question("Cancel an order", text, "Cancel the order", required=True)

        def cancel(answer: dict[str, Any]) -> None:
            order_force_cancel(actor=staff(request), order_id=order.pk, note=answer["note"])
            messages.success(request, f"Order {order} is cancelled")

        return ask_and_act(self, request, question, RequiredNoteForm, order, back, cancel)


def order_tables(order: Order) -> list[Table]:
    """Return what an order holds, its trades, their ledger entries, and its owner's balances. Three queries."""
    found = Trade.objects.filter(trades_of_order(order)) if order.filled_quantity else Trade.objects.none()
    trades = list(found.select_related("buyer", "seller").order_by("-id")[:TRADES_SHOWN])
    entries = LedgerEntry.objects.filter(transfer_id__in=[trade.pk for trade in trades])
    assets = [order.market.base_id, order.market.quote_id]
    return [
        _held_table(order, trades),
        trade_table(f"Fills (newest first, at most {TRADES_SHOWN})", trades),
        entry_table(f"Ledger entries of these fills (at most {ENTRIES_SHOWN})", entries),
        balance_table("Balances of the user", Account.objects.filter(owner_id=order.user_id, asset_id__in=assets)),
    ]


def _held_table(order: Order, trades: Sequence[Trade]) -> Table:
    """Return what is held for an order: its open rest, and its trades that are not settled."""
    is_buy = order.side == Order.Side.BUY
    asset = order.market.quote_id if is_buy else order.market.base_id
    waiting = [trade for trade in trades if trade.settlement_status in HELD_FOR_TRADE]
    holds = [trade.buyer_hold if is_buy else trade.quantity for trade in waiting]
    for_trades = sum(holds, ZERO)
    rows = [
        ["The order itself: what is still open", f"{amount_text(order.held)} {asset}"],
        [f"Its fills that are not settled ({len(waiting)})", f"{amount_text(for_trades)} {asset}"],
        ["Together", f"{amount_text(EXACT.add(order.held, for_trades))} {asset}"],
    ]
    return Table("What is held for it", ("", "Amount"), rows)


def _group_table(order: Order) -> Table:
    """Return the other orders of an order's group as a table. One query."""
    assert order.group_id is not None, "Invariant: the group's table is for orders of a group"
    headers = ("Order", "Role", "Side", "Type", "Price", "Stop", "Quantity", "Filled", "Held", "Status", "Reason")
    rows = [
        [
            link_to(ORDER, other.pk, short(other.pk)),
            other.get_group_role_display(),
            label_of(other, "side", SIDE_COLOURS),
            other.get_type_display(),
            amount_text(other.price),
            amount_text(other.stop_price),
            amount_text(other.quantity),
            amount_text(other.filled_quantity),
            amount_text(other.held),
            label_of(other, "status", STATUS_COLOURS),
            other.reason or "-",
        ]
        for other in orders_of_group(order.user, order.group_id)
        if other.pk != order.pk
    ]
    return Table("The other orders of the group", headers, rows)


def _orders_called(term: str) -> Q:
    """Return the condition that finds orders by index: by id, else client id, else user. At most 4 queries."""
    order_id = as_uuid(term)
    if order_id and Order.objects.filter(id=order_id).exists():
        return Q(id=order_id)
    if by_client := list(ClientOrderId.objects.filter(client_order_id=term).values_list("order_id", flat=True)[:100]):
        return Q(id__in=by_client)
    return of_users("user_id", find_users(term))
