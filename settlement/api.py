"""Balances: what a user has of each asset, and the ledger entries that say why."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from base.fields import ChoiceField, MomentField, StrictSerializer
from base.outputs import AmountText
from base.pagination import EnvelopePagination
from base.scaling import plain
from base.times import iso_ms
from exchange.authentication import logged_in_user
from exchange.selectors import asset_decimals
from settlement.models import LedgerEntry
from settlement.ports import Balance, wallet
from settlement.selectors import orders_of_entries, user_entries

__all__ = ["BalanceOutput", "BalanceViewSet", "balance_as_json"]


_ID = "01900000-0000-7000-8000-000000000001"


def _shown(example: Any, text: str) -> dict[str, Any]:
    return {"help_text": text, "style": {"example": example}}


class BalanceOutput(serializers.Serializer[Any]):
    asset = serializers.CharField(**_shown("BTC", "The asset"))
    available = AmountText(**_shown("0.75000000", "Free to use"))
    held = AmountText(**_shown("0.25000000", "Held for open orders and for trades that are not settled yet"))
    total = AmountText(**_shown("1.00000000", "Both together"))


class EntryOutput(serializers.Serializer[Any]):
    id = serializers.IntegerField(**_shown(4711, "Later entries have higher numbers"))
    asset = serializers.CharField(**_shown("BTC", "The asset"))
    amount = AmountText(**_shown("-0.25000000", "Negative when it left the account"))
    kind = serializers.ChoiceField(LedgerEntry.Kind.choices, **_shown("trade", "Why it was moved"))
    transfer_id = serializers.UUIDField(**_shown(_ID, "The trade's id for a settled trade"))
    trade_id = serializers.UUIDField(allow_null=True, **_shown(_ID, "The trade that was settled, if it was one"))
    order_id = serializers.UUIDField(allow_null=True, **_shown(_ID, "The own order of that trade"))
    reason = serializers.CharField(**_shown("Deposit", "What was said about it"))
    created_at = serializers.DateTimeField(**_shown("2026-01-31T12:00:00.123Z", "When it was written"))


class EntryQuery(StrictSerializer):
    """`from` (inclusive) and `to` (exclusive); `limit` and `offset` are the paginator's."""

    kind = ChoiceField(LedgerEntry.Kind.values, required=False, help_text="One kind only")

    def get_fields(self) -> Any:
        bounds = {
            "from": MomentField(required=False, help_text="Written at this time or later"),
            "to": MomentField(required=False, help_text="Written before this time"),
        }
        return super().get_fields() | bounds

    def to_internal_value(self, data: Any) -> Any:
        return super().to_internal_value({name: data[name] for name in data if name not in ("limit", "offset")})


class BalanceViewSet(ViewSet):
    pagination_class = EnvelopePagination
    lookup_field = "asset"

    @extend_schema(responses={200: BalanceOutput(many=True)}, summary="Own balances", tags=["balances"])
    def list(self, request: Request) -> Response:
        paginator = self.pagination_class()
        page = paginator.paginate_queryset(wallet().balances(user_id=logged_in_user(request).pk), request)
        return paginator.get_paginated_response([balance_as_json(balance) for balance in page])

    @extend_schema(
        parameters=[EntryQuery],
        responses={200: EntryOutput(many=True)},
        summary="Own ledger entries, newest first",
        tags=["balances"],
    )
    @action(detail=True, name="Entry List")
    def entries(self, request: Request, asset: str) -> Response:
        query, user_id = EntryQuery.validated(request.query_params.dict()), logged_in_user(request).pk
        entries = user_entries(
            user_id=user_id, asset=asset, since=query.get("from"), until=query.get("to"), kind=query.get("kind")
        )
        paginator = self.pagination_class()
        page = paginator.paginate_queryset(entries, request)
        orders = orders_of_entries(entries=page, user_id=user_id)
        return paginator.get_paginated_response([_entry(entry, orders.get(entry.pk)) for entry in page])


def balance_as_json(balance: Balance) -> dict[str, Any]:
    """Return a balance as the public interface shows it, with all decimals of its asset."""
    decimals = asset_decimals(balance.asset_id)
    return {
        "asset": balance.asset_id,
        "available": plain(balance.available, decimals),
        "held": plain(balance.held, decimals),
        "total": plain(balance.total, decimals),
    }


def _entry(entry: LedgerEntry, order_id: UUID | None) -> dict[str, Any]:
    is_trade = entry.kind == LedgerEntry.Kind.TRADE
    return {
        "id": entry.pk,
        "asset": entry.asset_id,
        "amount": plain(entry.amount, asset_decimals(entry.asset_id)),
        "kind": entry.kind,
        "transfer_id": str(entry.transfer_id),
        "trade_id": str(entry.transfer_id) if is_trade else None,
        "order_id": str(order_id) if order_id else None,
        "reason": entry.reason,
        "created_at": iso_ms(entry.created_at),
    }
