"""The OpenAPI document as a validator takes it."""

from typing import Any

from drf_spectacular.generators import SchemaGenerator

__all__ = ["close", "published_document", "with_null_types"]


def published_document() -> dict[str, Any]:
    """Return the document as `GET /api/schema` shows it."""
    document: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]  # drf-spectacular has no types here
    return document


def close(node: Any) -> None:
    """Forbid every object to have members that are not described. The contract allows more; the tests do not."""
    if isinstance(node, dict):
        if isinstance(node.get("properties"), dict):
            node.setdefault("additionalProperties", False)
        for name, inner in node.items():
            if name != "allOf":  # its parts each describe a part
                close(inner)
    elif isinstance(node, list):
        for inner in node:
            close(inner)


def with_null_types(node: Any) -> Any:
    """Return a copy that says `nullable` as JSON Schema does."""
    if isinstance(node, list):
        return [with_null_types(inner) for inner in node]
    if not isinstance(node, dict):
        return node
    schema = {name: with_null_types(inner) for name, inner in node.items() if name != "nullable"}
    return {"anyOf": [schema, {"type": "null"}]} if node.get("nullable") is True else schema
