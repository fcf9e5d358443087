"""Balances: what a user has of each asset, and the ledger entries that say why, of one asset or of all."""

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from base.downloads import CsvLists, csv_list, is_csv
from base.fields import ChoiceField, MomentField, StrictSerializer, StrictString
from base.outputs import AmountText
from base.pagination import NOW, PARTS, START, EnvelopePagination, NumberPagination
from base.scaling import plain
from base.times import iso_ms
from exchange.authentication import logged_in_user
from exchange.selectors import asset_decimals
from settlement.models import LedgerEntry
from settlement.new_entries import NewEntries, entries_after, last_entry_id
from settlement.ports import Balance, wallet
from settlement.selectors import entries_of, orders_of_entries, user_accounts

__all__ = ["BalanceOutput", "BalanceViewSet", "LedgerViewSet", "balance_as_json"]


_ID = "01900000-0000-7000-8000-000000000001"
_NUMBER = re.compile("[0-9]{1,18}")
_WORDS: dict[Any, int | None] = {START: 0, NOW: None}
_FOLLOWED = "With `after` instead: those after a bookmark, the oldest first, which misses and repeats nothing."


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


@extend_schema_field({"type": "string", "pattern": "^([0-9]{1,18}|start|now)$"})
class EntryIdField(serializers.Field[int | None, Any, Any, Any]):
    """The number of an entry, or `start`; the value of `now` is None."""

    default_error_messages = {"invalid": "Give `bookmark` of an earlier answer, `start` or `now`"}

    def to_internal_value(self, data: Any) -> int | None:
        if data in _WORDS:
            return _WORDS[data]
        if not _NUMBER.fullmatch(str(data)):
            self.fail("invalid")
        return int(data)


class EntryQuery(StrictSerializer):
    """`from` (inclusive) and `to` (exclusive), or `after`; what asks for a part is the paginator's."""

    kind = ChoiceField(LedgerEntry.Kind.values, required=False, help_text="One kind only")
    after = EntryIdField(
        required=False,
        style={"example": "start"},
        help_text="What came after a bookmark, the oldest first: `bookmark` of an earlier answer, `start` for the"
        " beginning, or `now` for no entries and a bookmark. Goes with no other filter but the asset",
    )
    _beside_after = frozenset({"after", "asset"})

    def get_fields(self) -> Any:
        bounds = {
            "from": MomentField(required=False, help_text="Written at this time or later"),
            "to": MomentField(required=False, help_text="Written before this time"),
        }
        return super().get_fields() | bounds

    def to_internal_value(self, data: Any) -> Any:
        return super().to_internal_value({name: data[name] for name in data if name not in PARTS})

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        beside = [] if "after" not in attrs else [name for name in attrs if name not in self._beside_after]
        if beside:
            raise serializers.ValidationError({name: ["Not together with `after`"] for name in beside})
        return attrs


class LedgerQuery(EntryQuery):
    asset = StrictString(required=False, max_length=64, **_shown("BTC", "One asset only"))


class BalanceViewSet(CsvLists, ViewSet):
    pagination_class = EnvelopePagination
    csv_actions = frozenset({"entries"})
    lookup_field = "asset"

    @extend_schema(responses={200: BalanceOutput(many=True)}, summary="Own balances", tags=["balances"])
    def list(self, request: Request) -> Response:
        paginator = self.pagination_class()
        page = paginator.paginate_queryset(wallet().balances(user_id=logged_in_user(request).pk), request)
        return paginator.get_paginated_response([balance_as_json(balance) for balance in page])

    @extend_schema(
        parameters=[EntryQuery],
        responses={200: EntryOutput(many=True)},
        summary="Own ledger entries of an asset, newest first",
        description=_FOLLOWED,
        tags=["balances"],
    )
    @action(detail=True, name="Entry List", pagination_class=NumberPagination)
    def entries(self, request: Request, asset: str) -> HttpResponseBase:
        return _entries_answer(request, EntryQuery.validated(request.query_params.dict()) | {"asset": asset})


class LedgerViewSet(CsvLists, ViewSet):
    pagination_class = NumberPagination

    @extend_schema(
        parameters=[LedgerQuery],
        responses={200: EntryOutput(many=True)},
        summary="Own ledger entries of all assets, newest first",
        description=_FOLLOWED,
        tags=["balances"],
    )
    def list(self, request: Request) -> HttpResponseBase:
        return _entries_answer(request, LedgerQuery.validated(request.query_params.dict()))


def _entries_answer(request: Request, query: Mapping[str, Any]) -> HttpResponseBase:
    if "after" in query and not is_csv(request):
        return _following_answer(request, query)
    user_id, paginator = logged_in_user(request).pk, NumberPagination()
    accounts = user_accounts(user_id=user_id, asset=query.get("asset"))
    bounds = {"since": query.get("from"), "until": query.get("to"), "kind": query.get("kind")}

    def read(before: int | None, at_most: int) -> QuerySet[LedgerEntry]:
        return entries_of(accounts=accounts, at_most=at_most, before=before, **bounds)

    def read_after(last: LedgerEntry | None, at_most: int) -> QuerySet[LedgerEntry]:
        return read(None if last is None else last.pk, at_most)

    if is_csv(request):
        return csv_list(request, "ledger.csv", EntryOutput().fields, read_after, partial(_as_json, user_id))
    page = paginator.paginate_queryset(partial(read, paginator.read_cursor(request)), request)
    return paginator.get_paginated_response(_as_json(user_id, page))


def _following_answer(request: Request, query: Mapping[str, Any]) -> Response:
    paginator, user_id = NumberPagination(), logged_in_user(request).pk
    asset, after = query.get("asset"), query["after"]
    at_most = paginator.read_following(request)
    if after is None:
        new = NewEntries([], False, last_entry_id(user_id=user_id, asset=asset))
    else:
        new = entries_after(user_id=user_id, asset=asset, after=after, at_most=at_most)
    entries, bookmark = _as_json(user_id, new.entries), str(new.last_id)
    return paginator.get_following_response(entries, has_more=new.has_more, bookmark=bookmark)


def balance_as_json(balance: Balance) -> dict[str, Any]:
    """Return a balance as the public interface shows it, with all decimals of its asset."""
    decimals = asset_decimals(balance.asset_id)
    return {
        "asset": balance.asset_id,
        "available": plain(balance.available, decimals),
        "held": plain(balance.held, decimals),
        "total": plain(balance.total, decimals),
    }


def _as_json(user_id: UUID, entries: Sequence[LedgerEntry]) -> list[dict[str, Any]]:
    orders = orders_of_entries(entries=entries, user_id=user_id)
    return [_entry(entry, orders.get(entry.pk)) for entry in entries]


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
