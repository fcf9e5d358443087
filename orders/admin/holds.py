"""What an account's held is for, on the page that explains a balance."""

from typing import Any

from exchange.admin.base import Table
from exchange.admin.columns import SIDE_COLOURS, amount_text, label_of, link_to, mark, short, time_text
from orders.admin.tables import ORDER, SETTLEMENT_COLOURS, STATUS_COLOURS, TRADE
from orders.holds import holds_of
from orders.models import Order
from settlement.admin import AccountAdmin
from settlement.models import Account

HOLDS_SHOWN = 50


def _holds_of_account(account: Account) -> list[Table]:
    """Return what an account's held is made of, and whether it is all of it. Six queries; none for the house's."""
    if account.owner_id is None:
        return []
    reasons = holds_of(account, at_most=HOLDS_SHOWN)
    rows: list[list[Any]] = [
        ["Open orders", reasons.orders.count, amount_text(reasons.orders.total), ""],
        ["Trades that are not settled", reasons.trades.count, amount_text(reasons.trades.total), ""],
        ["Holds owed to ended orders", reasons.owed.count, amount_text(reasons.owed.total), ""],
        ["Together", "", amount_text(reasons.total), ""],
        ["Held", "", amount_text(account.held), mark(*_HOLD_SIGNS[reasons.total == account.held])],
    ]
    tables = [Table("What is held, and for what", ("", "How many", account.asset_id, ""), rows)]
    headers = ("Order", "Side", "Type", "Price", "Quantity", "Filled", "Status", "Held")
    for title, reason in (("Open orders", reasons.orders), ("Holds owed to ended orders", reasons.owed)):
        if reason.rows:
            tables.append(
                Table(f"{title} (the newest, at most {HOLDS_SHOWN})", headers, list(map(_hold_row, reason.rows)))
            )
    if reasons.trades.rows:
        trades = [
            [
                link_to(TRADE, trade.pk, short(trade.pk)),
                time_text(trade.executed_at),
                amount_text(trade.price),
                amount_text(trade.quantity),
                label_of(trade, "settlement_status", SETTLEMENT_COLOURS),
                amount_text(trade.hold),
            ]
            for trade in reasons.trades.rows
        ]
        title = f"Trades that are not settled (the newest, at most {HOLDS_SHOWN})"
        tables.append(Table(title, ("Trade", "Time", "Price", "Quantity", "Settlement", "Holds"), trades))
    return tables


_HOLD_SIGNS = {True: ("equal", "success"), False: ("they differ", "danger")}


def _hold_row(order: Order) -> list[Any]:
    return [
        link_to(ORDER, order.pk, short(order.pk)),
        label_of(order, "side", SIDE_COLOURS),
        order.get_type_display(),
        amount_text(order.price),
        amount_text(order.quantity),
        amount_text(order.filled_quantity),
        label_of(order, "status", STATUS_COLOURS),
        amount_text(order.held),
    ]


AccountAdmin.more_explanations.append(_holds_of_account)
