"""The pages that explain a trade, and tell the life of an order."""

from collections.abc import Sequence
from functools import partial

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from exchange.admin.base import BackOfficeAdmin, DetailAction, Table
from exchange.admin.columns import iso_text
from orders.admin.orders import OrderAdmin, order_tables
from orders.admin.trades import TradeAdmin
from orders.models import Order, Trade
from verification.explanation.connections import plain_reading
from verification.explanation.orders import order_life
from verification.explanation.sections import Section
from verification.explanation.trades import EVENTS_MAX, ExplainError, trade_explain


def explanation_page(admin: BackOfficeAdmin, request: HttpRequest, trade: Trade) -> HttpResponse:
    """Return the page, or one that says why the trade cannot be explained here. Replays at most EVENTS_MAX events."""
    context = {
        **admin.admin_site.each_context(request),
        "title": f"Why trade {trade.pk} was made",
        "opts": admin.opts,
        "back": admin.object_url(trade.pk),
    }
    try:
        with plain_reading() as connection:
            explanation = trade_explain(connection=connection, trade=trade, events_max=EVENTS_MAX)
    except ExplainError as error:
        return TemplateResponse(request, "admin/explain_trade.html", context | {"problem": str(error)})
    found = {
        "reasons": explanation.reasons,
        "tables": [_table(section) for section in explanation.sections],
        "replayed_from": explanation.replayed_from,
        "is_proven": explanation.is_proven,
    }
    return TemplateResponse(request, "admin/explain_trade.html", context | found)


def life_page(admin: BackOfficeAdmin, request: HttpRequest, order: Order, tables: Sequence[Table]) -> HttpResponse:
    """Return the page of an order's life, with tables about it below, or one that says why it cannot be shown.

    Replays at most EVENTS_MAX events.
    """
    links = [{"label": "Back to the order", "url": admin.object_url(order.pk)}]
    context = {
        **admin.admin_site.each_context(request),
        "title": f"The life of order {order.pk}",
        "opts": admin.opts,
        "links": links,
    }
    try:
        with plain_reading() as connection:
            life = order_life(connection=connection, order=order, events_max=EVENTS_MAX)
    except ExplainError as error:
        found = {"problem": str(error), "object_tables": list(tables)}
    else:
        found = {"remark": life.remark, "object_tables": [*map(_table, life.sections), *tables]}
    return TemplateResponse(request, "admin/object_page.html", context | found)


def _explain(page: BackOfficeAdmin, request: HttpRequest, object_id: str) -> HttpResponse:
    """Show the book before the trade and why its orders matched; also those of other users: this is for staff."""
    return explanation_page(page, request, page.object_or_404(request, object_id))


def _tell_life(page: BackOfficeAdmin, request: HttpRequest, object_id: str) -> HttpResponse:
    """Show what the engine said about the order, from the journal, and what became of its money."""
    order: Order = page.object_or_404(request, object_id)
    return life_page(page, request, order, order_tables(order))


TradeAdmin.more_actions.append(
    lambda page: DetailAction("explain", "Explain this trade", "orders.view_trade", partial(_explain, page))
)
OrderAdmin.more_actions.append(
    lambda page: DetailAction("life", "Its whole life", "orders.view_order", partial(_tell_life, page))
)


def _table(section: Section) -> Table:
    rows: list[list[object]] = [
        [iso_text(str(cell)) if header == "Time" else cell for header, cell in zip(section.headers, row, strict=True)]
        for row in section.rows
    ]
    return Table(section.title, section.headers, rows)
