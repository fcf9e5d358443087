"""What orders add to a user's page: open orders, balances, and cancelling all of them."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html

from exchange.admin.base import DetailAction, Table, staff
from exchange.admin.columns import (
    SIDE_COLOURS,
    amount_text,
    label_of,
    link_to,
    link_to_search,
    short,
    time_text,
)
from exchange.admin.notes import Question, ask_and_act
from exchange.admin.users import TraderAdmin
from exchange.models import User
from orders.admin.forms import CancelAllForm
from orders.admin.orders import CANCEL
from orders.admin.tables import ORDER, STATUS_COLOURS
from orders.lifecycle import OPEN_STATUSES
from orders.models import Order
from orders.services import orders_force_cancel
from settlement.admin import balance_table
from settlement.models import Account

ORDERS_SHOWN = 20
LOOKED_AT = 2_000  # of the newest orders; the list finds older ones that are open
_ASKED = (
    "Every open and pending order is taken out of the book as if its owner had cancelled it, in every market or in "
    "one. New orders are still accepted: freeze the user first to stop them."
)


def _tables_of(user: User) -> list[Table]:
    """Return a user's balances and open orders. Two queries."""
    return [balance_table("Balances", Account.objects.filter(owner=user)), _open_orders(user)]


def _open_orders(user: User) -> Table:
    newest = Order.objects.filter(user=user).order_by("-id").values("pk")[:LOOKED_AT]
    found = Order.objects.filter(pk__in=newest, status__in=OPEN_STATUSES).select_related("market").order_by("-id")
    rows: list[list[Any]] = [
        [
            link_to(ORDER, order.pk, short(order.pk)),
            time_text(order.created_at),
            order.market.symbol,
            label_of(order, "side", SIDE_COLOURS),
            order.get_type_display(),
            amount_text(order.price),
            amount_text(order.quantity),
            amount_text(order.filled_quantity),
            amount_text(order.held),
            label_of(order, "status", STATUS_COLOURS),
        ]
        for order in found[: ORDERS_SHOWN + 1]
    ]
    if len(rows) > ORDERS_SHOWN:
        rows[ORDERS_SHOWN:] = [[format_html("{}", link_to_search(ORDER, user.pk, "all orders")), *[""] * 9]]
    headers = ("Order", "Created", "Market", "Side", "Type", "Price", "Quantity", "Filled", "Held", "Status")
    return Table(f"Open orders (the newest, at most {ORDERS_SHOWN})", headers, rows)


def _cancel_all(request: HttpRequest, object_id: str) -> HttpResponse:
    page = admin.site.get_model_admin(User)
    assert isinstance(page, TraderAdmin), "Invariant: users have their page"
    user: User = page.object_or_404(request, object_id)
    back = page.object_url(user.pk)
    question = Question("Cancel all orders of a user", _ASKED, "Cancel all orders")

    def cancel(answer: dict[str, Any]) -> None:
        count = orders_force_cancel(actor=staff(request), user=user, **answer)
        messages.success(request, f"{count:,} order{'' if count == 1 else 's'} of {user} cancelled")

    return ask_and_act(page, request, question, CancelAllForm, user, back, cancel, [_open_orders(user)])


TraderAdmin.more_tables.append(("orders.view_order", _tables_of))
TraderAdmin.more_actions.append(DetailAction("cancel-orders", "Cancel all orders…", CANCEL, _cancel_all))
