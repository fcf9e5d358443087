"""The public order book: from the market's board while that is right, else from the database; grouped on request."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from base.times import moment_of
from exchange.models import Market
from matching.engine import DepthLevel
from orders.board import BOARD_LEVELS, Board, board_of
from orders.checksum import CHECKSUM_LEVELS, book_checksum
from orders.selectors import BookDepth, book_depth

__all__ = ["grouped_book", "public_book"]

_LEVELS_PER_GROUP = 16  # read at first; if that is not enough, all


def public_book(market: Market, depth: int) -> BookDepth:
    """Return the best `depth` levels of each side, at most 250 ms old. No query while the market's board has them."""
    board = board_of(market)
    if board is not None and (depth <= BOARD_LEVELS or board.has_all_levels):
        return _book_of(board, market, depth)
    return book_depth(market, depth)


def grouped_book(market: Market, depth: int, group_ticks: int) -> BookDepth:
    """Return the best `depth` groups of levels: bids rounded down to a multiple of `group_ticks`, asks up.

    Bids below the first multiple are a group at one tick: there is no price 0. A group's volume is there at its price
    or better. One or two queries unless the board has all levels.
    """
    board = board_of(market)
    if board is not None and board.has_all_levels:
        return _grouped(_book_of(board, market, BOARD_LEVELS), depth, group_ticks)
    some = max(depth, CHECKSUM_LEVELS) * _LEVELS_PER_GROUP
    book = book_depth(market, some)
    grouped = _grouped(book, depth + 1, group_ticks)
    if any(len(side) == some and len(groups) <= depth for side, groups in _sides(book, grouped)):
        grouped = _grouped(book_depth(market, None), depth, group_ticks)
    return replace(grouped, bids=grouped.bids[:depth], asks=grouped.asks[:depth])


def _sides(book: BookDepth, grouped: BookDepth) -> tuple[tuple[Sequence[DepthLevel], Sequence[DepthLevel]], ...]:
    return (book.bids, grouped.bids), (book.asks, grouped.asks)


def _book_of(board: Board, market: Market, depth: int) -> BookDepth:
    asks, bids = (
        [(level.price_ticks, level.quantity_lots) for level in side[:CHECKSUM_LEVELS]]
        for side in (board.asks, board.bids)
    )
    return BookDepth(
        board.seq,
        moment_of(board.time_ms),
        board.trading_state,
        board.bids[:depth],
        board.asks[:depth],
        book_checksum(asks, bids, market.scale),
    )


def _grouped(book: BookDepth, depth: int, ticks: int) -> BookDepth:
    bids = _groups((max(1, level.price_ticks // ticks * ticks), level) for level in book.bids)
    asks = _groups((-(-level.price_ticks // ticks) * ticks, level) for level in book.asks)
    return replace(book, bids=bids[:depth], asks=asks[:depth])


def _groups(levels: Iterable[tuple[int, DepthLevel]]) -> list[DepthLevel]:
    groups: dict[int, DepthLevel] = {}
    for price, (_, lots, orders) in levels:
        known = groups.get(price, DepthLevel(price, 0, 0))
        groups[price] = DepthLevel(price, known.quantity_lots + lots, known.order_count + orders)
    return list(groups.values())
