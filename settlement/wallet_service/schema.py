"""The wallet service's own OpenAPI document."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.plumbing import build_bearer_security_scheme_object

from base.schema import EnvelopeAutoSchema
from settlement.wallet.protocol import PREFIX, WalletCode

_CODES = ", ".join(f"`{code}`" for code in WalletCode)
_DESCRIPTION = f"""What a wallet does for an exchange: it keeps users' money, reserves what the exchange may use, and
moves it between users as they trade. Amounts are decimal strings. Everything that moves money has a key of the
caller's: the same key again gives the same answer, and nothing is done twice. Codes of errors: {_CODES}."""


class WalletAutoSchema(EnvelopeAutoSchema):
    """Describes the envelope around every answer, and what can go wrong."""

    def error_codes(self, status: str) -> list[str]:
        return []  # the wallet has codes of its own, which the document lists once

    def _errors(self) -> dict[str, str]:
        return {
            "400": "The request is not valid, or too little is available",
            "401": "The token is not that of this wallet",
            "404": "There is no such user, asset or operation, or no wallet service",
            "409": "The key was used for something else, voided or reversed, or too little is reserved",
            "429": "Too many wrong tokens: wait for the seconds in Retry-After",
            "503": "The wallet's database cannot be reached: try again with the same key",
        }


class WalletSchemaGenerator(SchemaGenerator):
    """Writes the document of the wallet service and of nothing else."""

    def get_schema(self, request: Any = None, public: bool = False) -> Any:
        document = super().get_schema(request=request, public=public)  # type: ignore[no-untyped-call]  # drf-spectacular has no types here
        document["info"] |= {"title": "Wallet of a trade engine", "description": _DESCRIPTION}
        error = document["components"]["schemas"]["Error"]["properties"]["error"]
        code = error["properties"]["code"]
        error["properties"]["code"] = code | {
            "enum": [code.value for code in WalletCode],
            "example": "INSUFFICIENT_BALANCE",
        }
        return document


class WalletTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # a base class without types
    target_class = "settlement.wallet_service.authentication.WalletTokenAuthentication"
    name = "walletToken"

    def get_security_definition(self, auto_schema: Any) -> Any:
        return build_bearer_security_scheme_object("Authorization", "Bearer")


def public_endpoints(endpoints: list[tuple[str, str, str, Any]]) -> list[tuple[str, str, str, Any]]:
    """Leave the wallet service out of every document that is not about it alone; a hook of drf-spectacular."""
    return [endpoint for endpoint in endpoints if not endpoint[0].startswith(f"/{PREFIX}/")] or endpoints
