"""POST /auth/token, /auth/token/refresh, /auth/token/revoke."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from base.fields import StrictSerializer, StrictString
from base.throttling import LoginThrottle, address_of
from base.throttling.logins import login_succeeded
from exchange.sessions import TokenPair, session_open, session_refresh, session_revoke

__all__ = ["RefreshView", "RevokeView", "TokenOutput", "TokenView", "tokens_as_json"]


class LoginInput(StrictSerializer):
    username = StrictString(max_length=150)
    password = StrictString(max_length=1_024, trim_whitespace=False)


class RefreshInput(StrictSerializer):
    refresh = StrictString(max_length=4_096)


class TokenOutput(serializers.Serializer[Any]):
    access = serializers.CharField()
    refresh = serializers.CharField()
    token_type = serializers.ChoiceField(["Bearer"])
    expires_in = serializers.IntegerField(help_text="Seconds until the access token expires")


class RevokedOutput(serializers.Serializer[Any]):
    revoked = serializers.BooleanField()


class _PublicView(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)


class TokenView(_PublicView):
    throttle_classes = (LoginThrottle,)

    @extend_schema(request=LoginInput, responses={200: TokenOutput}, summary="Log in", tags=["auth"])
    def post(self, request: Request) -> Response:
        fields = LoginInput.validated(request.data)
        tokens = session_open(**fields, request=request._request)
        login_succeeded(address_of(request), fields["username"])
        return Response(tokens_as_json(tokens))


class RefreshView(_PublicView):
    weight = 5  # each writes

    @extend_schema(
        request=RefreshInput,
        responses={200: TokenOutput},
        summary="Exchange a refresh token for a new pair",
        description="The old refresh token is spent. Using a spent one ends the whole login.",
        tags=["auth"],
    )
    def post(self, request: Request) -> Response:
        return Response(
            tokens_as_json(session_refresh(**RefreshInput.validated(request.data), request=request._request))
        )


class RevokeView(_PublicView):
    weight = 5

    @extend_schema(
        request=RefreshInput,
        responses={200: RevokedOutput},
        summary="Log out",
        description="Every token of this login is refused from now on, access tokens included.",
        tags=["auth"],
    )
    def post(self, request: Request) -> Response:
        session_revoke(**RefreshInput.validated(request.data), request=request._request)
        return Response({"revoked": True})


def tokens_as_json(pair: TokenPair) -> dict[str, Any]:
    """Return a pair of tokens as the public interface shows it."""
    return {
        "access": pair.access,
        "refresh": pair.refresh,
        "token_type": "Bearer",
        "expires_in": pair.expires_in,
    }
