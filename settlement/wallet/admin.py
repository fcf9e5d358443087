"""What is, or was, on its way between here and a remote wallet, and what an exchange asked of us; all read-only."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from exchange.admin.base import ReadOnlyAdmin
from exchange.admin.columns import amount, label, link_to_search, moment, related, related_id, short, short_id
from exchange.admin.search import as_uuid, find_users
from settlement.models import WalletOperation, WalletRelease, WalletReservation, WalletReversal

USER, TRADE = "exchange.user", "orders.trade"
COLOURS = {
    "reserving": "warning",
    "reserved": "info",
    "spent": "success",
    "refused": "danger",
    "voiding": "warning",
    "sending": "warning",
    "released": "success",
    "reversing": "warning",
    "reversed": "success",
    "done": "success",
    "undone": "info",
}


class TransferAdmin(ReadOnlyAdmin):
    """Money of one user on its way."""

    list_select_related = ["user", "asset"]
    list_filter = ["state", "asset"]
    search_fields = ["id"]
    search_help_text = "Key of the transfer, or the user: id, name or e-mail"

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> Any:
        term = search_term.strip()
        if not term:
            return queryset, False
        key = as_uuid(term)
        if key and queryset.filter(pk=key).exists():
            return queryset.filter(pk=key), False
        return queryset.filter(user_id__in=find_users(term)), False

    @admin.display(description="entries")
    def entries(self, transfer: Any) -> Any:
        return link_to_search("settlement.ledgerentry", transfer.pk, "entries in our ledger")


@admin.register(WalletReservation)
class WalletReservationAdmin(TransferAdmin):
    list_display = [
        short_id("id", "key"),
        moment("created_at", "time"),
        related("user", USER),
        amount("amount"),
        amount("needed", "needed in all"),
        "asset",
        label("state", COLOURS),
        "error",
    ]
    fields = [
        "id",
        related("user", USER),
        "asset",
        amount("amount"),
        amount("needed"),
        label("state", COLOURS),
        "error",
        moment("created_at"),
        moment("updated_at"),
        "entries",
    ]


@admin.register(WalletRelease)
class WalletReleaseAdmin(TransferAdmin):
    list_display = [
        short_id("id", "key"),
        moment("created_at", "time"),
        related("user", USER),
        amount("amount"),
        "asset",
        label("state", COLOURS),
        "error",
    ]
    fields = [
        "id",
        related("user", USER),
        "asset",
        amount("amount"),
        label("state", COLOURS),
        "error",
        moment("created_at"),
        moment("updated_at"),
        "entries",
    ]


class KeyedAdmin(ReadOnlyAdmin):
    """Something about a trade, or with a key."""

    search_fields = ["id"]
    search_help_text = "Key, or id of the trade"

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> Any:
        if not (term := search_term.strip()):
            return queryset, False
        key = as_uuid(term)
        by_key = queryset.filter(pk=key)
        return (by_key if by_key.exists() else queryset.filter(trade_id=key)), False


@admin.register(WalletReversal)
class WalletReversalAdmin(KeyedAdmin):
    list_display = [
        short_id("id", "key"),
        moment("created_at", "time"),
        related_id("trade_id", TRADE, "trade"),
        "generation",
        label("state", COLOURS),
        "error",
    ]
    list_filter = ["state"]
    fields = [
        "id",
        related_id("trade_id", TRADE, "trade"),
        "generation",
        label("state", COLOURS),
        "error",
        "trade",
        moment("created_at"),
        moment("updated_at"),
    ]


@admin.register(WalletOperation)
class WalletOperationAdmin(KeyedAdmin):
    list_display = [
        short_id("id", "key"),
        moment("created_at", "time"),
        "kind",
        label("state", COLOURS),
        "trade_short",
    ]
    list_filter = ["kind", "state"]
    fields = [
        "id",
        "kind",
        label("state", COLOURS),
        "trade_id",
        "payload",
        "refusal",
        moment("created_at"),
        moment("updated_at"),
    ]

    @admin.display(description="trade")
    def trade_short(self, operation: WalletOperation) -> Any:
        return short(operation.trade_id) if operation.trade_id else "-"

    def csv_trade_short(self, operation: WalletOperation) -> Any:
        return operation.trade_id
