"""Markets and users at a glance, from materialized views that beat refreshes. Read-only."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet, Subquery
from django.http import HttpRequest

from exchange.admin.base import ReadOnlyAdmin
from exchange.admin.columns import amount, link_to_search, moment, related
from exchange.admin.search import find_users
from marketdata.models import MarketDay, UserActivity, ViewRefresh
from operations.analytics import USER_ACTIVITY

USER, MARKET = "exchange.user", "exchange.market"
AS_OF = moment("until", "as of")


@admin.register(MarketDay)
class MarketDayAdmin(ReadOnlyAdmin):
    list_display = [
        related("market", MARKET),
        amount("close", "last"),
        "change",
        amount("high"),
        amount("low"),
        amount("volume"),
        amount("quote_volume"),
        amount("fees"),
        "trade_count",
        "trader_count",
        "order_count",
        AS_OF,
    ]
    list_select_related = ["market"]
    ordering = ("pk",)
    fields = [
        related("market", MARKET),
        amount("open"),
        amount("high"),
        amount("low"),
        amount("close", "last"),
        "change",
        amount("volume"),
        amount("quote_volume"),
        amount("fees"),
        "trade_count",
        "trader_count",
        "order_count",
        AS_OF,
    ]

    @admin.display(description="change")
    def change(self, day: MarketDay) -> str:
        return f"{100 * (day.close - day.open) / day.open:+.2f} %" if day.open and day.close else "-"


@admin.register(UserActivity)
class UserActivityAdmin(ReadOnlyAdmin):
    list_display = [
        related("user", USER),
        "order_count",
        "filled_count",
        "cancelled_count",
        "rejected_count",
        "open_count",
        "share_that_traded",
        "market_count",
        moment("last_order_at", "last order"),
        AS_OF,
    ]
    list_select_related = ["user"]
    ordering = ("-pk",)
    search_fields = ["user"]
    search_help_text = "User: id, name or e-mail"
    fields = [
        related("user", USER),
        "order_count",
        "filled_count",
        "cancelled_count",
        "rejected_count",
        "open_count",
        "traded_count",
        "share_that_traded",
        "market_count",
        moment("last_order_at", "last order"),
        "orders",
        AS_OF,
    ]

    def get_queryset(self, request: HttpRequest) -> Any:
        refreshed = ViewRefresh.objects.filter(view=USER_ACTIVITY).values("until")
        return super().get_queryset(request).annotate(until=Subquery(refreshed))

    @admin.display(description="fill ratio")
    def share_that_traded(self, activity: UserActivity) -> str:
        return f"{100 * activity.fill_ratio:.1f} %"

    @admin.display(description="orders")
    def orders(self, activity: UserActivity) -> Any:
        return link_to_search("orders.order", activity.pk, "all orders of this user")

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        return ("-order_count", "-pk")

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> Any:
        if search_term.strip():
            queryset = queryset.filter(user_id__in=find_users(search_term))
        return queryset, False
