"""An account's statement as a file for a spreadsheet, page by page, however long the account's history is."""

import csv
import io
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from decimal import Decimal

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse

from base.scaling import plain
from base.times import iso_ms
from settlement.models import LedgerEntry
from settlement.statements import Statement, StatementLine, statement_pages

COLUMNS = ("entry", "time", "kind", "amount", "balance", "transfer_id", "leg", "trade_id", "reason")
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # noqa: RUF001  (spreadsheets know the wide ones as well)
_TRADE_KINDS = (LedgerEntry.Kind.TRADE, LedgerEntry.Kind.FEE)


def statement_response(request: HttpRequest, statement: Statement) -> StreamingHttpResponse:
    """Return the statement as CSV, streamed; the file of the longest history needs no more memory than a page."""
    account = statement.account
    name = f"statement-{account.pk}-{account.asset_id}.csv"
    parts = csv_parts(statement)
    return StreamingHttpResponse(
        _in_threads(parts) if isinstance(request, ASGIRequest) else parts,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"},
    )


def csv_parts(statement: Statement) -> Iterator[str]:
    """Yield the file in parts: head, opening balance, the lines by pages, closing balance."""
    balance = statement.opening
    yield _rows([COLUMNS, _balance_row("opening balance", statement, balance)])
    for lines in statement_pages(statement):
        balance = lines[-1].balance
        yield _rows([_line_row(line) for line in lines])
    yield _rows([_balance_row("closing balance", statement, balance)])


def safe_cell(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula: a leading sign gets an apostrophe in front."""
    return f"'{text}" if text.lstrip().startswith(_FORMULA) else text


def _balance_row(kind: str, statement: Statement, balance: Decimal) -> list[str]:
    moment = statement.since if kind.startswith("opening") else statement.until
    who = safe_cell(str(statement.account))
    return ["", iso_ms(moment) if moment else "", kind, "", plain(balance), "", "", "", who]


def _line_row(line: StatementLine) -> list[str]:
    trade_id = str(line.transfer_id) if line.kind in _TRADE_KINDS else ""
    return [
        str(line.id),
        iso_ms(line.created_at),
        line.kind,
        plain(line.amount),
        plain(line.balance),
        str(line.transfer_id),
        str(line.leg),
        trade_id,
        safe_cell(line.reason),
    ]


def _rows(rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


async def _in_threads(parts: Iterator[str]) -> AsyncIterator[str]:
    """Pull each part in a thread: under ASGI a plain iterator would be read to its end before the first byte goes."""
    while (part := await sync_to_async(_next)(parts)) is not None:
        yield part


def _next(parts: Iterator[str]) -> str | None:
    return next(parts, None)
