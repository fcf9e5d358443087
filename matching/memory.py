"""Keeps books, which live long, out of garbage collections: each would look at every order of every market again."""

import gc

__all__ = ["LET_GO_MAX", "keep_what_is_there", "let_go"]

LET_GO_MAX = 10_000  # orders of books that nobody needs any more, before all memory is searched for them
_let_go = 0


def keep_what_is_there() -> None:
    """Exempt all objects of this process from collections, after one that frees what is garbage.

    It looks at what is new only, unless many orders have been let go. From any thread.
    """
    global _let_go
    if _let_go >= LET_GO_MAX:
        gc.unfreeze()
        _let_go = 0
    gc.collect()
    gc.freeze()


def let_go(orders: int) -> None:
    """Say that a book with so many orders is garbage: its orders refer to each other, so it takes a collection."""
    global _let_go
    _let_go += orders
