"""API keys. Their requests need a login, not a key: a stolen key must not make others that outlive it."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.viewsets import ViewSet

from base.errors import ApiError, ErrorCode
from base.fields import ChoiceField, MomentField, StrictSerializer, StrictString
from base.pagination import EnvelopePagination
from base.throttling import ApiKeyThrottle, WeightThrottle
from base.times import iso_ms
from exchange.api_keys import KeyStatus, key_status
from exchange.authentication import BearerAuthentication, logged_in_user
from exchange.models import ApiKey
from exchange.services import api_key_create, api_key_revoke, api_keys_revoke

__all__ = ["ApiKeyViewSet"]

_Throttles = list[BaseThrottle]  # in the class `list` is the action
_SCOPES = "`read`: own orders, trades, balances and their stream; `trade`: also place, amend and cancel orders"
_EXAMPLE_ID = "01900000-0000-7000-8000-000000000001"
_EXAMPLE_TIME = "2026-01-31T12:00:00.123Z"


def _shown(example: Any, meaning: str) -> dict[str, Any]:
    return {"help_text": meaning, "style": {"example": example}}


class ApiKeyInput(StrictSerializer):
    label = StrictString(  # type: ignore[assignment]  # a field, not the serializer's own label
        max_length=64, **_shown("market maker on host 7", "What it is for: a note for yourself")
    )
    scopes = serializers.ListField(
        child=ChoiceField(ApiKey.Scope.choices), min_length=1, max_length=2, **_shown(["read", "trade"], _SCOPES)
    )
    expires_at = MomentField(
        required=False,
        allow_null=True,
        default=None,
        **_shown("2027-01-31T12:00:00Z", "When it ends by itself; without it, it does not"),
    )


class ApiKeyOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField(**_shown(_EXAMPLE_ID, "What X-API-KEY names; no secret"))
    label = serializers.CharField(  # type: ignore[assignment]  # as above
        **_shown("market maker on host 7", "What it is for")
    )
    scopes = serializers.ListField(
        child=serializers.ChoiceField(ApiKey.Scope.choices), **_shown(["read", "trade"], _SCOPES)
    )
    status = serializers.ChoiceField(
        [status.value for status in KeyStatus],
        **_shown("active", "Whether it can be used; `lost`: the exchange has changed its own key, make a new one"),
    )
    created_at = serializers.DateTimeField(**_shown(_EXAMPLE_TIME, "When it was made"))
    expires_at = serializers.DateTimeField(allow_null=True, **_shown(_EXAMPLE_TIME, "When it ends by itself"))
    last_used_at = serializers.DateTimeField(allow_null=True, **_shown(_EXAMPLE_TIME, "To a minute"))
    revoked_at = serializers.DateTimeField(allow_null=True, **_shown(_EXAMPLE_TIME, "When it was ended"))


class NewApiKeyOutput(ApiKeyOutput):
    secret = serializers.CharField(**_shown("5f1c" * 16, "What to sign with. It is shown this once: keep it"))


class RevokedKeysOutput(serializers.Serializer[Any]):
    revoked = serializers.IntegerField(**_shown(2, "How many keys were ended"))


class ApiKeyViewSet(ViewSet):
    authentication_classes = (BearerAuthentication,)
    throttle_classes = (ApiKeyThrottle,)
    pagination_class = EnvelopePagination
    lookup_field = "key_id"

    def get_throttles(self) -> _Throttles:
        """Limit the making of keys apart from all else."""
        return super().get_throttles() if self.request.method == "POST" else [WeightThrottle()]

    @extend_schema(
        responses={200: ApiKeyOutput(many=True)},
        summary="Own API keys, newest first",
        description="Also those that have ended, for 90 days. Secrets are never shown again.",
        tags=["api keys"],
    )
    def list(self, request: Request) -> Response:
        paginator = self.pagination_class()
        keys = ApiKey.objects.filter(user=logged_in_user(request)).order_by("-id")
        page = paginator.paginate_queryset(keys, request)
        return paginator.get_paginated_response([_as_json(key) for key in page])

    @extend_schema(
        request=ApiKeyInput,
        responses={201: NewApiKeyOutput},
        examples=[
            OpenApiExample("to watch", value={"label": "dashboard", "scopes": ["read"]}, request_only=True),
            OpenApiExample(
                "to trade, for a year",
                value={"label": "market maker", "scopes": ["read", "trade"], "expires_at": "2027-01-31T12:00:00Z"},
                request_only=True,
            ),
        ],
        summary="Make an API key",
        description="Its secret is in this answer and nowhere else. A user has at most 20 keys that can be used.",
        tags=["api keys"],
    )
    def create(self, request: Request) -> Response:
        fields = ApiKeyInput.validated(request.data)
        made = api_key_create(user=logged_in_user(request), now=timezone.now(), **fields)
        return Response(_as_json(made.row) | {"secret": made.secret}, status=201)

    @extend_schema(
        operation_id="api_keys_destroy_all",
        responses={200: RevokedKeysOutput},
        summary="Revoke all own API keys",
        description="Streams that were opened with them are closed.",
        tags=["api keys"],
    )
    def destroy_all(self, request: Request) -> Response:
        user = logged_in_user(request)
        return Response({"revoked": api_keys_revoke(actor=user, owner=user, now=timezone.now())})

    @extend_schema(
        responses={200: ApiKeyOutput},
        summary="Revoke an API key",
        description="It is refused everywhere within a second, and streams that were opened with it are closed within"
        " a few. Revoking it again changes nothing.",
        tags=["api keys"],
    )
    def destroy(self, request: Request, key_id: str) -> Response:
        user = logged_in_user(request)
        key, _ = api_key_revoke(actor=user, owner=user, key_id=_key_uuid(key_id), now=timezone.now())
        return Response(_as_json(key))


def _key_uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise ApiError(ErrorCode.API_KEY_NOT_FOUND, "There is no such API key") from None


def _as_json(key: ApiKey) -> dict[str, Any]:
    times = {name: getattr(key, name) for name in ("created_at", "expires_at", "last_used_at", "revoked_at")}
    return {
        "id": str(key.pk),
        "label": key.label,
        "scopes": key.scopes,
        "status": key_status(key, timezone.now()).value,
        **{name: iso_ms(moment) if moment else None for name, moment in times.items()},
    }
