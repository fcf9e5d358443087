"""SQL that is written by hand, beside the ORM."""

from collections.abc import Iterable

__all__ = ["array_literal", "quoted"]


def array_literal(elements: Iterable[str]) -> str:
    """Return an array as PostgreSQL reads it, which costs less than psycopg's writing a list.

    Numbers, hexadecimal digits, codes and times need no quotes; other elements are `quoted`.
    """
    return "{" + ",".join(elements) + "}"


def quoted(element: str) -> str:
    """Return any text as an element of an array literal."""
    return '"' + element.replace("\\", "\\\\").replace('"', '\\"') + '"'
