"""POST /demo/accounts: one click, and a visitor has money to trade with."""

from typing import Any

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from base.errors import ApiError, ErrorCode
from base.throttling import DemoAccountThrottle
from demo.accounts import demo_account_open
from exchange.api.auth import TokenOutput, tokens_as_json
from settlement.api import BalanceOutput, balance_as_json
from settlement.ports import wallet

__all__ = ["DemoAccountView"]


class DemoAccountOutput(TokenOutput):
    username = serializers.CharField(help_text="Generated; it can be used to log in again")
    password = serializers.CharField(help_text="Shown here and never again")
    balances = BalanceOutput(many=True)


class DemoAccountView(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = (DemoAccountThrottle,)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Answer as a path that does not exist, except in a demo copy that keeps the money itself."""
        if not settings.DEMO_MODE or wallet().reserving is not None:
            raise ApiError(ErrorCode.NOT_FOUND, f"There is nothing at {request.path}")
        super().initial(request, *args, **kwargs)

    @extend_schema(
        request=None,
        responses={201: DemoAccountOutput},
        summary="Open a demo account with money, and log in",
        description="Only in a demo copy of the exchange (DEMO_MODE); elsewhere the answer is 404.",
        tags=["demo"],
    )
    def post(self, request: Request) -> Response:
        account = demo_account_open(now=timezone.now())
        answer = {
            "username": account.user.username,
            "password": account.password,
            **tokens_as_json(account.tokens),
            "balances": [balance_as_json(balance) for balance in wallet().balances(user_id=account.user.pk)],
        }
        return Response(answer, status=201)
