from decimal import Decimal

import pytest

from base.scaling import MarketScale
from marketdata.batches import Batch
from marketdata.replica import BookReplica, ChecksumError, GapError
from orders.checksum import book_checksum

SCALE = MarketScale(Decimal("0.01"), Decimal("0.001"), 8, 8)


def replica() -> BookReplica:
    return made(7, bids=[(100, 5), (99, 1)], asks=[(101, 2), (102, 3)])


def made(seq: int, *, bids: list[tuple[int, int]], asks: list[tuple[int, int]]) -> BookReplica:
    return BookReplica(seq=seq, bids=bids, asks=asks, scale=SCALE, trading_state="pre_open", time_ms=5)


def batch(
    first_seq: int,
    last_seq: int,
    *,
    bids: list[tuple[int, int]] | None = None,
    asks: list[tuple[int, int]] | None = None,
    checksum: int = 0,
    trading_state: str | None = None,
) -> Batch:
    return Batch(1, first_seq, last_seq, last_seq * 10, bids or [], asks or [], checksum, [], [], trading_state)


def test_levels_are_set_and_removed_and_stay_sorted() -> None:
    book = replica()
    bids, asks = [(100, 4), (98, 1)], [(103, 1)]
    change = batch(
        8,
        10,
        bids=[(99, 0), (98, 1), (100, 4)],
        asks=[(101, 0), (103, 1), (102, 0), (555, 0)],
        checksum=book_checksum(asks, bids, SCALE),
    )

    assert book.apply(change)

    assert (book.seq, book.bids, book.asks) == (10, bids, asks)
    assert (book.best_bid, book.best_ask) == ((100, 4), (103, 1))
    book.check_invariants()


def test_the_trading_state_stays_until_a_batch_changes_it() -> None:
    book = made(0, bids=[], asks=[])

    book.apply(batch(1, 1))
    assert (book.trading_state, book.time_ms) == ("pre_open", 10)

    book.apply(batch(2, 2, trading_state="halted"))
    assert (book.trading_state, book.time_ms) == ("halted", 20)


def test_a_batch_that_is_in_the_book_already_changes_nothing() -> None:
    book = replica()

    assert not book.apply(batch(5, 7, bids=[(100, 0)]))
    assert book.best_bid == (100, 5)


@pytest.mark.parametrize("first_seq", [9, 7])
def test_a_batch_that_does_not_follow_is_a_gap(first_seq: int) -> None:
    book = replica()

    with pytest.raises(GapError):
        book.apply(batch(first_seq, 11, bids=[(100, 0)]))
    assert (book.seq, book.best_bid) == (7, (100, 5))


def test_a_book_that_differs_from_the_engines_is_found_out() -> None:
    with pytest.raises(ChecksumError):
        replica().apply(batch(8, 8, bids=[(100, 9)], checksum=1))


def test_an_empty_book_has_no_best_levels() -> None:
    book = made(0, bids=[], asks=[])

    assert (book.best_bid, book.best_ask, book.checksum) == (None, None, 0)
