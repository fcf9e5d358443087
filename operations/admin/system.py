"""The journal, where each market's engine stands, the engine processes, dead man's switches. All read-only."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from base.symbols import symbol_of
from base.times import moment_of
from exchange.admin.base import ReadOnlyAdmin, Table
from exchange.admin.columns import STATE_COLOURS, amount, label, moment, rate, related, short_id, time_text
from exchange.admin.filters import UuidTimeFilter
from exchange.admin.search import ByUserAdmin, as_uuid
from orders.admin.tables import MARKET, USER
from orders.models import CancelAfter, EngineProcess, JournalBatch, MarketSequence


@admin.register(JournalBatch)
class JournalBatchAdmin(ReadOnlyAdmin):
    """Shows that a batch was committed; the commands themselves are for the replay."""

    list_display = [
        short_id(),
        moment("created_at", "time"),
        related("market", MARKET),
        "first_seq",
        "last_seq",
        "state_hash",
    ]
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
            market = symbol_of(symbol.strip())
            queryset = queryset.filter(market__symbol=market, first_seq__lte=int(seq), last_seq__gte=int(seq))
        elif search_term.strip():
            queryset = queryset.none()
        return queryset, False


@admin.register(MarketSequence)
class MarketSequenceAdmin(ReadOnlyAdmin):
    list_display = [
        related("market", MARKET),
        "last_seq",
        label("trading_state", STATE_COLOURS),
        amount("last_price"),
        "state_hash",
        moment("updated_at"),
    ]
    list_select_related = ["market"]
    ordering = ("market_id",)
    fields = [
        "market",
        "last_seq",
        label("trading_state", STATE_COLOURS),
        amount("last_price"),
        rate("price_band_ppm", "price band"),
        amount("reference_price"),
        amount("max_orders"),
        amount("max_stops"),
        "edition",
        "state_hash",
        "batch_id",
        moment("updated_at"),
    ]


@admin.register(EngineProcess)
class EngineProcessAdmin(ReadOnlyAdmin):
    """The engine processes. One that ends in order leaves no row; the row of one that died stays for a day."""

    list_display = ["host", "pid", moment("started_at", "started"), moment("beat_at", "last heard of"), "served"]
    ordering = ("-started_at",)
    fields = ["id", "host", "pid", moment("started_at"), moment("beat_at", "last heard of"), "served"]

    @admin.display(description="serves")
    def served(self, process: EngineProcess) -> str:
        return ", ".join(report["symbol"] for report in process.markets if report["role"] == "active") or "-"

    def object_tables(self, request: HttpRequest, obj: EngineProcess) -> list[Table]:
        rows = [
            [
                report["symbol"],
                report["role"],
                time_text(moment_of(report["since"])),
                report["seq"],
                report["heir"] or "-",
            ]
            for report in obj.markets
        ]
        return [Table("Markets", ("Market", "Role", "Since", "Seq", "Is handed over to"), rows)]


@admin.register(CancelAfter)
class CancelAfterAdmin(ByUserAdmin):
    """Dead man's switches that are on."""

    list_display = [related("user", USER), related("market", MARKET), moment("due_at", "cancels everything at")]
    list_select_related = ["market", "user"]
    list_only = ["id", "market__symbol", "user__username", "due_at"]
    list_filter = ["market"]
    fields = [related("user", USER), "market", moment("due_at", "cancels everything at")]
