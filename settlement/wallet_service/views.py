"""The wallet protocol over HTTP: one view per operation, one domain call each."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.conf import settings
from drf_spectacular.utils import OpenApiParameter, extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from base.errors import ErrorCode, ValidationError, to_api_error
from base.handlers import exception_handler
from base.renderers import EnvelopeRenderer
from settlement.models import Account, WalletOperation
from settlement.selectors import user_balances
from settlement.wallet.protocol import WalletCode, WalletRefusalError
from settlement.wallet_service.authentication import WalletTokenAuthentication
from settlement.wallet_service.operations import (
    release_make,
    reservation_make,
    reservation_void,
    settlement_reverse,
    settlements_make,
)
from settlement.wallet_service.schema import WalletAutoSchema
from settlement.wallet_service.shapes import (
    BalanceOutput,
    OperationOutput,
    ReversalInput,
    SettledOutput,
    SettlementsInput,
    TransferInput,
    balances_as_json,
    operation_as_json,
)

RESERVED_PAGE = 1_000


class OfService(APIView):
    """A view that is not there unless this copy is a wallet, whoever asks, and in whichever way."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        if not settings.WALLET_SERVICE_TOKEN:
            request.accepted_renderer, request.accepted_media_type = EnvelopeRenderer(), "application/json"
            raise WalletRefusalError(WalletCode.NOT_FOUND, "This copy is not a wallet: WALLET_SERVICE_TOKEN is not set")
        super().initial(request, *args, **kwargs)

    def get_exception_handler(self) -> Callable[[Exception, Any], Response | None]:
        return _answer_error


class WalletSchemaView(OfService, SpectacularAPIView):
    """The document of the protocol."""


class WalletView(OfService):
    """Answers in the project's envelope, with the protocol's own codes."""

    authentication_classes = [WalletTokenAuthentication]
    throttle_classes = ()  # whoever knows the token is the exchange that this wallet serves
    schema = WalletAutoSchema()


def _answer_error(error: Exception, context: Any) -> Response | None:
    if isinstance(error, WalletRefusalError):
        return Response({"error": error.body}, status=error.status)
    api_error = to_api_error(error)
    if isinstance(api_error, ValidationError) or api_error.code is ErrorCode.VALIDATION_ERROR:
        refusal = WalletRefusalError(WalletCode.VALIDATION_ERROR, api_error.message, api_error.details)
        return Response({"error": refusal.body}, status=refusal.status)
    return exception_handler(error, context)


class PingView(WalletView):
    @extend_schema(responses={200: None}, summary="Say that the wallet is there", tags=["service"])
    def get(self, request: Request) -> Response:
        return Response({"status": "ok"})


class BalancesView(WalletView):
    @extend_schema(responses={200: BalanceOutput(many=True)}, summary="What a user has", tags=["balances"])
    def get(self, request: Request, user_id: UUID) -> Response:
        return Response(balances_as_json(user_balances(user_id=user_id)))


class BalanceView(WalletView):
    @extend_schema(responses={200: BalanceOutput}, summary="What a user has of one asset", tags=["balances"])
    def get(self, request: Request, user_id: UUID, asset: str) -> Response:
        account = user_balances(user_id=user_id).filter(asset_id=asset).first()
        if account is None:
            raise WalletRefusalError(WalletCode.NOT_FOUND, "This user has nothing of this asset")
        return Response(balances_as_json([account])[0])


class ReservedView(WalletView):
    @extend_schema(
        operation_id="reserved_list",
        parameters=[
            OpenApiParameter("after_user", UUID, description="The last user of the page before"),
            OpenApiParameter("after_asset", str, description="The last asset of the page before"),
        ],
        responses={200: BalanceOutput(many=True)},
        summary=f"Everything that is reserved, by user and asset, {RESERVED_PAGE:,} at a time",
        tags=["balances"],
    )
    def get(self, request: Request) -> Response:
        reserved = Account.objects.filter(owner__isnull=False, held__gt=0).order_by("owner_id", "asset_id")
        after_user, after_asset = (request.query_params.get(name) for name in ("after_user", "after_asset"))
        if after_user and after_asset:
            reserved = reserved.extra(  # a keyset, which the ORM has no other words for
                where=["(owner_id, asset_id) > (%s::uuid, %s)"], params=[_uuid(after_user), after_asset]
            )
        return Response(balances_as_json(reserved[:RESERVED_PAGE]))


class ReservationsView(WalletView):
    @extend_schema(
        request=TransferInput, responses={200: OperationOutput}, summary="Reserve for the exchange", tags=["transfers"]
    )
    def post(self, request: Request) -> Response:
        return Response(operation_as_json(reservation_make(**_transfer(request))))


class ReservationVoidView(WalletView):
    @extend_schema(
        request=None,
        responses={200: OperationOutput},
        summary="Undo a reservation, or keep it from being made if it comes later",
        tags=["transfers"],
    )
    def post(self, request: Request, key: UUID) -> Response:
        return Response(operation_as_json(reservation_void(key=key)))


class ReleasesView(WalletView):
    @extend_schema(
        request=TransferInput, responses={200: OperationOutput}, summary="Release to the user", tags=["transfers"]
    )
    def post(self, request: Request) -> Response:
        return Response(operation_as_json(release_make(**_transfer(request))))


class SettlementsView(WalletView):
    @extend_schema(
        request=SettlementsInput,
        responses={200: SettledOutput},
        summary="Settle trades: buyer, seller and fees of all of them, or nothing",
        tags=["settlements"],
    )
    def post(self, request: Request) -> Response:
        trades = SettlementsInput.validated(request.data)["trades"]
        return Response({"settled": settlements_make(trades=trades)})


class SettlementReverseView(WalletView):
    @extend_schema(
        request=ReversalInput,
        responses={200: OperationOutput},
        summary="Undo a settlement, or keep it from being made if it comes later",
        tags=["settlements"],
    )
    def post(self, request: Request, key: UUID) -> Response:
        fields = ReversalInput.validated(request.data)
        return Response(operation_as_json(settlement_reverse(key=key, trade_id=fields["trade_id"])))


class OperationView(WalletView):
    @extend_schema(responses={200: OperationOutput}, summary="What became of an operation", tags=["service"])
    def get(self, request: Request, key: UUID) -> Response:
        operation = WalletOperation.objects.filter(pk=key).first()
        if operation is None:
            raise WalletRefusalError(WalletCode.NOT_FOUND, "There was no such operation")
        return Response(operation_as_json(operation))


def _transfer(request: Request) -> dict[str, Any]:
    fields = TransferInput.validated(request.data)
    return {"key": fields.pop("id"), **fields}


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise ValidationError({"after_user": ["Give a UUID"]}) from None
