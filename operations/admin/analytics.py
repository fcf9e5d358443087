"""Markets and users at a glance, from materialized views that beat refreshes. Read-only."""

from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet, Subquery
from django.http import HttpRequest

from exchange.admin.base import ReadOnlyAdmin
from exchange.admin.columns import EMPTY, amount, link_to_search, moment, related
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
        amount("trade_count", "trades"),
        amount("trader_count", "traders"),
        amount("order_count", "orders"),
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
        amount("trade_count", "trades"),
        amount("trader_count", "traders"),
        amount("order_count", "orders"),
        AS_OF,
    ]

    @admin.display(description="change")
    def change(self, day: MarketDay) -> str:
        change = self.csv_change(day)
        return EMPTY if change is None else f"{change:+,} %"

    def csv_change(self, day: MarketDay) -> Decimal | None:
        return round(100 * (day.close - day.open) / day.open, 2) if day.open and day.close else None


@admin.register(UserActivity)
class UserActivityAdmin(ReadOnlyAdmin):
    shows_money = True
    list_display = [
        related("user", USER),
        amount("order_count", "orders"),
        amount("filled_count", "filled"),
        amount("cancelled_count", "cancelled"),
        amount("rejected_count", "rejected"),
        amount("open_count", "open"),
        "share_that_traded",
        amount("market_count", "markets"),
        moment("last_order_at", "last order"),
        AS_OF,
    ]
    list_select_related = ["user"]
    ordering = ("-pk",)
    search_fields = ["user"]
    search_help_text = "User: id, name or e-mail"
    fields = [
        related("user", USER),
        amount("order_count", "orders"),
        amount("filled_count", "filled"),
        amount("cancelled_count", "cancelled"),
        amount("rejected_count", "rejected"),
        amount("open_count", "open"),
        amount("traded_count", "traded"),
        "share_that_traded",
        amount("market_count", "markets"),
        moment("last_order_at", "last order"),
        "orders",
        AS_OF,
    ]

    def get_queryset(self, request: HttpRequest) -> Any:
        refreshed = ViewRefresh.objects.filter(view=USER_ACTIVITY).values("until")
        return super().get_queryset(request).annotate(until=Subquery(refreshed))

    @admin.display(description="fill ratio", ordering="fill_ratio")
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
