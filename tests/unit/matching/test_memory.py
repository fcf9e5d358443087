"""What is kept out of garbage collections, and what is found all the same."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from matching import memory


class Part:
    """Refers to itself by another, like the orders of a book."""

    def __init__(self) -> None:
        self.other = self


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    yield
    gc.unfreeze()


def kept_and_dropped() -> weakref.ref[Part]:
    part = Part()
    memory.keep_what_is_there()
    return weakref.ref(part)


def test_what_is_new_is_freed_and_what_is_kept_is_not_looked_at() -> None:
    kept, new = kept_and_dropped(), weakref.ref(Part())

    memory.keep_what_is_there()

    assert new() is None
    assert kept() is not None


def test_many_orders_that_were_let_go_are_freed_with_the_next_book(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_let_go", 0)
    kept = kept_and_dropped()
    memory.let_go(memory.LET_GO_MAX - 1)
    memory.keep_what_is_there()
    assert kept() is not None

    memory.let_go(1)
    memory.keep_what_is_there()

    assert kept() is None
