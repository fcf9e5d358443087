"""GET /balances and /balances/{asset}/entries: what a user has, and why."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from exchange.envelope import EnvelopePagination
from exchange.models import User
from exchange.scaling import plain
from exchange.selectors import asset_decimals
from exchange.times import iso_ms
from settlement.models import Account, LedgerEntry
from settlement.selectors import user_balances, user_entries

__all__ = ["BalanceListView", "EntryListView"]


class BalanceOutput(serializers.Serializer[Any]):
    asset = serializers.CharField()
    available = serializers.CharField(help_text="Free to use")
    held = serializers.CharField(help_text="Held for open orders and for trades that are not settled yet")
    total = serializers.CharField()


class EntryOutput(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    asset = serializers.CharField()
    amount = serializers.CharField(help_text="Negative when it left the account")
    kind = serializers.ChoiceField(LedgerEntry.Kind.choices)
    transfer_id = serializers.UUIDField(help_text="The trade's id for a settled trade")
    reason = serializers.CharField()
    created_at = serializers.DateTimeField()


class BalanceListView(APIView):
    pagination_class = EnvelopePagination

    @extend_schema(responses={200: BalanceOutput(many=True)}, summary="Own balances", tags=["balances"])
    def get(self, request: Request) -> Response:
        paginator = self.pagination_class()
        page = paginator.paginate_queryset(user_balances(user_id=_user(request).pk), request)
        return paginator.get_paginated_response([_balance(account) for account in page])


class EntryListView(APIView):
    pagination_class = EnvelopePagination

    @extend_schema(responses={200: EntryOutput(many=True)}, summary="Own ledger entries", tags=["balances"])
    def get(self, request: Request, asset: str) -> Response:
        paginator = self.pagination_class()
        page = paginator.paginate_queryset(user_entries(user_id=_user(request).pk, asset=asset), request)
        return paginator.get_paginated_response([_entry(entry) for entry in page])


def _user(request: Request) -> User:
    assert isinstance(request.user, User), "Invariant: only a logged-in user gets here"
    return request.user


def _balance(account: Account) -> dict[str, Any]:
    decimals = asset_decimals(account.asset_id)
    return {
        "asset": account.asset_id,
        "available": plain(account.available, decimals),
        "held": plain(account.held, decimals),
        "total": plain(account.total, decimals),
    }


def _entry(entry: LedgerEntry) -> dict[str, Any]:
    return {
        "id": entry.pk,
        "asset": entry.asset_id,
        "amount": plain(entry.amount, asset_decimals(entry.asset_id)),
        "kind": entry.kind,
        "transfer_id": str(entry.transfer_id),
        "reason": entry.reason,
        "created_at": iso_ms(entry.created_at),
    }
