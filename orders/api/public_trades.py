"""The public list of trades, which two addresses show: from the market's board if that has the page."""

from datetime import datetime
from typing import Any
from uuid import UUID
from zlib import crc32

from django.db.models import QuerySet
from django.http import HttpResponse
from rest_framework.request import Request

from base.encoders import dumps
from base.etags import conditional
from base.pagination import UuidPagination
from base.scaling import plain
from base.times import iso_ms_of
from exchange.models import Market
from exchange.selectors import market_by_id
from orders.board import BoardTrade, board_of
from orders.models import Trade
from orders.representation import public_trade_as_json
from orders.selectors import trades_of_market, trades_public
from orders.vocabulary import SIDES

__all__ = ["public_trades_answer"]


def public_trades_answer(
    request: Request,
    paginator: UuidPagination,
    *,
    market: Market | None,
    since: datetime | None,
    until: datetime | None,
) -> HttpResponse:
    """Return a page of the trades of a market, or of all, newest first. No query while a board has them."""
    data = None
    if market is not None and since is None and until is None:
        data = _from_board(request, paginator, market)
    if data is None:
        page = paginator.paginate_queryset(_trades(paginator, request, market, since, until), request)
        data = [public_trade_as_json(trade, market or market_by_id(trade.market_id)) for trade in page]
    response = paginator.get_paginated_response(data)
    return conditional(request, f"{crc32(dumps([data, response.pagination])):08x}", lambda: response)


def _trades(
    paginator: UuidPagination,
    request: Request,
    market: Market | None,
    since: datetime | None,
    until: datetime | None,
) -> QuerySet[Trade]:
    before = paginator.read_cursor(request)
    if market is None:
        return trades_public(since=since, until=until, before=before)
    return trades_of_market(market, since=since, until=until, before=before)


def _from_board(request: Request, paginator: UuidPagination, market: Market) -> list[dict[str, Any]] | None:
    board = board_of(market)
    if board is None:
        return None
    page = paginator.paginate_head(board.trades, board.trade_count, request)
    return None if page is None else [_trade_as_json(trade, market) for trade in page]


def _trade_as_json(trade: BoardTrade, market: Market) -> dict[str, Any]:
    scale = market.scale
    return {
        "id": str(UUID(bytes=trade.id)),
        "symbol": market.symbol,
        "price": plain(scale.price(trade.price_ticks), scale.price_decimals),
        "quantity": plain(scale.quantity(trade.quantity_lots), scale.quantity_decimals),
        "taker_side": SIDES.name[trade.taker_side],
        "executed_at": iso_ms_of(trade.executed_ms),
    }
