"""SQL that is written by hand, beside the ORM."""

from collections.abc import Iterable

__all__ = ["array_literal"]


def array_literal(elements: Iterable[str]) -> str:
    """Return an array as PostgreSQL reads it, which costs less than psycopg's writing a list.

    No element may need quotes: numbers, hexadecimal digits, codes and times do not.
    """
    return "{" + ",".join(elements) + "}"
