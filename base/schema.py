"""The OpenAPI document: the envelope around every answer, and the errors that every operation can give."""

from typing import Any, Literal

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent, build_bearer_security_scheme_object, force_instance
from rest_framework.permissions import AllowAny

from base.downloads import CsvRenderer
from base.errors import STATUS, ErrorCode
from base.fields import StrictSerializer
from base.pagination import EnvelopePagination
from base.throttling import WindowThrottle

__all__ = ["EnvelopeAutoSchema"]

_META: dict[str, Any] = {
    "type": "object",
    "required": ["request_id", "timestamp"],
    "properties": {
        "request_id": {
            "type": "string",
            "description": "X-Request-ID, taken from the request or made",
            "example": "01900000-0000-7000-8000-000000000001",
        },
        "timestamp": {
            "type": "string",
            "format": "date-time",
            "description": "When it was answered",
            "example": "2026-01-31T12:00:00.123Z",
        },
        "idempotent_replay": {
            "type": "boolean",
            "description": "The order existed already; nothing was placed",
            "example": True,
        },
        "payload_differs": {
            "type": "boolean",
            "description": "The body differed from the first one",
            "example": False,
        },
    },
}
_PAGINATION: dict[str, Any] = {
    "type": "object",
    "required": ["total", "limit", "offset", "has_more"],
    "properties": {
        "total": {
            "type": "integer",
            "nullable": True,
            "description": "Exact up to 10,000; 10,001 means more than 10,000; null with a cursor or `after`",
            "example": 250,
        },
        "limit": {"type": "integer", "description": "The most a page has", "example": 100},
        "offset": {
            "type": "integer",
            "nullable": True,
            "description": "How many came before this page; null with a cursor or `after`",
            "example": 0,
        },
        "has_more": {"type": "boolean", "description": "Whether there is a next page", "example": True},
        "next_cursor": {
            "type": "string",
            "nullable": True,
            "description": "In lists that take a cursor: the one of the next page, null on the last",
            "example": "01900000-0000-7000-8000-000000000001",
        },
        "bookmark": {
            "type": "string",
            "description": "With `after`: what the next request gives as `after`, at once while `has_more`, else later",
            "example": "lM8AAAGbddWIAAHNAdkA",
        },
    },
}
_ERROR: dict[str, Any] = {
    "type": "object",
    "required": ["success", "error", "meta"],
    "properties": {
        "success": {"type": "boolean", "enum": [False], "description": "It is an error", "example": False},
        "error": {
            "type": "object",
            "required": ["code", "message", "details"],
            "properties": {
                "code": {
                    "type": "string",
                    "enum": [code.value for code in ErrorCode],
                    "description": "What went wrong; of several things, the one that comes first in this list",
                    "example": "TICK_SIZE",
                },
                "message": {
                    "type": "string",
                    "description": "For a person",
                    "example": "100.001 is not a multiple of 0.01",
                },
                "details": {
                    "type": "object",
                    "additionalProperties": True,
                    "description": "What helps to put it right; for VALIDATION_ERROR a list of messages for each field",
                    "example": {"field": "price", "tick_size": "0.01"},
                },
            },
            "description": "What went wrong",
        },
        "meta": {"$ref": "#/components/schemas/Meta"},
    },
}
_COMPONENTS = {"Meta": _META, "Pagination": _PAGINATION, "Error": _ERROR}
_BAD_REQUEST = "The request is not valid, or the order breaks a rule: `error.code` says which"
_UNAVAILABLE = "A part the request needs cannot be reached: try again"
# What stands in a path. Anything else there is answered with 404.
_SYMBOL = "[A-Za-z0-9]{2,12}"
_PLACES: dict[str, dict[str, Any]] = {
    "symbol": {
        "description": "The market, as `BTC-USDT`; `_` may stand for `-`, in upper or lower case",
        "schema": {"type": "string", "pattern": f"^{_SYMBOL}[-_]{_SYMBOL}$", "example": "BTC-USDT"},
    },
    "asset": {
        "description": "The asset, as `BTC`",
        "schema": {"type": "string", "pattern": f"^{_SYMBOL}$", "example": "BTC"},
    },
    "client_order_id": {
        "description": "The order's `client_order_id`",
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9._:-]{1,64}$", "example": "my-order-17"},
    },
}
_ID = {"type": "string", "format": "uuid", "example": "01900000-0000-7000-8000-000000000001"}
_PLACES |= {
    "order_id": {"description": "The order's `id`", "schema": _ID},
    "trade_id": {"description": "The trade's `id`", "schema": _ID},
    "key_id": {"description": "The key's `id`", "schema": _ID},
}
_FILE = {
    "type": "string",
    "description": "The whole list, up to 100,000 rows: a line with the names of the fields, then one for each row",
}
_RETRY_AFTER = {
    "Retry-After": {"description": "Seconds to wait", "required": True, "schema": {"type": "integer", "minimum": 1}}
}


_STANDING = {
    "X-RateLimit-Limit": {
        "description": "What the limit that this request counts towards allows in its window: orders a second of an"
        " account, or weight a minute of an account or address, whichever has less left",
        "schema": {"type": "integer", "minimum": 0},
    },
    "X-RateLimit-Remaining": {"description": "What is left of it", "schema": {"type": "integer", "minimum": 0}},
    "X-RateLimit-Reset": {
        "description": "Seconds until the window ends",
        "schema": {"type": "integer", "minimum": 1},
    },
}


class EnvelopeAutoSchema(AutoSchema):
    """Describes what EnvelopeRenderer and the exception handler do to every operation."""

    def error_codes(self, status: str) -> list[str]:
        """Return the codes that an error of this status can have; an empty list says nothing about them."""
        return [code.value for code in ErrorCode if STATUS.get(code, 400) == int(status)]

    def _resolve_path_parameters(self, variables: list[str]) -> list[dict[str, Any]]:
        parameters: list[dict[str, Any]] = super()._resolve_path_parameters(variables)  # type: ignore[no-untyped-call]  # drf-spectacular has no types here
        return [parameter | _PLACES.get(parameter["name"], {}) for parameter in parameters]

    def _get_format_parameters(self) -> list[dict[str, Any]]:
        """Describe no `format`: who wants a file says so in `Accept`."""
        return []

    def _map_basic_serializer(self, serializer: Any, direction: str) -> Any:
        """Say that input may have no other fields."""
        schema = super()._map_basic_serializer(serializer, direction)  # type: ignore[no-untyped-call]  # as above
        is_strict = isinstance(force_instance(serializer), StrictSerializer)  # type: ignore[no-untyped-call]  # as above
        return schema | {"additionalProperties": False} if is_strict else schema

    def _get_serializer_field_meta(self, field: Any, direction: str) -> Any:
        """Add the example that a field has in its `style`, the one argument that DRF hands through untouched."""
        meta = super()._get_serializer_field_meta(field, direction)  # type: ignore[no-untyped-call]  # as above
        example = getattr(field, "style", {}).get("example")
        return meta if example is None else meta | {"example": example}

    def _get_response_bodies(self, direction: Literal["request", "response"] = "response") -> Any:
        bodies = super()._get_response_bodies(direction)
        for name, schema in _COMPONENTS.items():
            self._register(name, schema)
        for status, body in bodies.items():
            if status.startswith("2"):
                if self._counts():
                    body["headers"] = _STANDING | body.get("headers", {})
                for media_type, content in body.get("content", {}).items():
                    is_file = media_type == CsvRenderer.media_type
                    content["schema"] = _FILE if is_file else self._enveloped(content.get("schema", {}))
        errors = {status: text for status, text in self._errors().items() if status not in bodies}
        return bodies | {status: self._error_body(status, text) for status, text in errors.items()}

    def _counts(self) -> bool:
        """Tell whether answers say how the caller stands with a limit."""
        return any(isinstance(throttle, WindowThrottle) for throttle in self.view.get_throttles())

    def _register(self, name: str, schema: dict[str, Any]) -> None:
        component = ResolvedComponent(name, ResolvedComponent.SCHEMA, schema, name)  # type: ignore[no-untyped-call]  # as above
        self.registry.register_on_missing(component)

    def _enveloped(self, schema: dict[str, Any]) -> dict[str, Any]:
        properties = {"success": {"type": "boolean", "enum": [True]}, "data": schema, "meta": _ref("Meta")}
        pagination = getattr(self.view, "pagination_class", None)
        if pagination and issubclass(pagination, EnvelopePagination) and self._is_list_view():
            properties["pagination"] = _ref("Pagination")
        return {"type": "object", "required": list(properties), "properties": properties}

    def _errors(self) -> dict[str, str]:
        path, is_reading = self.path, self.method == "GET"
        is_login, is_of_orders = "/auth/" in path, "/orders" in path
        errors = {"400": _BAD_REQUEST}
        if is_login or self.view.get_authenticators():
            errors["401"] = "Not logged in, or the token or the signature is not good"
        if AllowAny not in (type(permission) for permission in self.view.get_permissions()):
            errors["403"] = "Not allowed"
        names_something = any(part in path for part in ("{", "/orders", "/trades", "/ledger", "/portfolio"))
        if not is_login and (names_something or not is_reading):
            errors["404"] = "There is no such market, asset, order, trade or key"
        errors["406"] = f"Only {' and '.join(self.map_renderers('media_type'))} is served"
        if is_of_orders and not is_reading:
            errors |= {
                "409": "The market's trading state does not allow it, or the order has ended or belongs to a group",
                "504": "Not confirmed in time: ask for the order by `details.order_id` or its client order id",
            }
        if not is_reading:
            errors |= {
                "408": "The body did not come in time",
                "413": "The body is larger than 1 MB",
                "415": "The body is not application/json",
            }
        if self.view.get_throttles():
            errors["429"] = "Too many requests: wait for the seconds in Retry-After"
        return errors | {"500": "Our fault; it was logged", "503": _UNAVAILABLE}

    def _error_body(self, status: str, description: str) -> dict[str, Any]:
        name = "Error"
        if codes := self.error_codes(status):
            name = f"Error{status}"
            narrowed = {"error": {"type": "object", "properties": {"code": {"type": "string", "enum": codes}}}}
            self._register(name, {"allOf": [_ref("Error"), {"type": "object", "properties": narrowed}]})
        body = {"description": description, "content": {"application/json": {"schema": _ref(name)}}}
        return body | ({"headers": _RETRY_AFTER | _STANDING} if status == "429" else {})


def _ref(component: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{component}"}


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # a base class without types
    target_class = "exchange.authentication.BearerAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> Any:
        return build_bearer_security_scheme_object("Authorization", "Bearer", "JWT")


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # as above
    """Three headers that go together; one requirement names them all."""

    target_class = "exchange.authentication.ApiKeyAuthentication"
    name = ["apiKey", "apiTimestamp", "apiSignature"]

    def get_security_definition(self, auto_schema: Any) -> Any:
        headers = {
            "X-API-KEY": "Id of an API key: see POST /api/v1/api-keys",
            "X-API-TIMESTAMP": "Milliseconds since 1970, at most 5 s from the exchange's clock",
            "X-API-SIGNATURE": "HMAC-SHA256 of the key's secret over timestamp + METHOD + path?query + body as they"
            " are sent, as 64 hexadecimal digits. Each signature is good once.",
        }
        return [{"type": "apiKey", "in": "header", "name": name, "description": text} for name, text in headers.items()]
