"""The body of a request."""

from typing import Any

import orjson
from rest_framework.parsers import BaseParser

from base.errors import ValidationError

__all__ = ["StrictJSONParser"]


class StrictJSONParser(BaseParser):
    """Accepts one JSON object in UTF-8, and nothing that JSON does not have: no NaN, no Infinity, no 1e400."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> dict[str, Any]:
        try:
            value = orjson.loads(stream.read())
        except orjson.JSONDecodeError as error:
            raise ValidationError({"non_field_errors": [f"The body is not valid JSON: {error}"]}) from None
        if not isinstance(value, dict):
            raise ValidationError({"non_field_errors": ["The body must be a JSON object"]})
        return value
