"""An account's statement as a file for a spreadsheet, page by page, however long the account's history is."""

from collections.abc import Iterator
from decimal import Decimal

from django.http import HttpRequest, StreamingHttpResponse

from base.downloads import csv_response, csv_text, safe_cell
from base.scaling import plain
from base.times import iso_ms
from settlement.models import LedgerEntry
from settlement.statements import Statement, StatementLine, statement_pages

COLUMNS = ("entry", "time", "kind", "amount", "balance", "transfer_id", "leg", "trade_id", "reason")
_TRADE_KINDS = (LedgerEntry.Kind.TRADE, LedgerEntry.Kind.FEE)


def statement_response(request: HttpRequest, statement: Statement) -> StreamingHttpResponse:
    """Return the statement as CSV, streamed; the file of the longest history needs no more memory than a page."""
    account = statement.account
    name = f"statement-{account.pk}-{account.asset_id}.csv"
    return csv_response(request, name, csv_parts(statement))


def csv_parts(statement: Statement) -> Iterator[str]:
    """Yield the file in parts: head, opening balance, the lines by pages, closing balance."""
    balance = statement.opening
    yield csv_text([COLUMNS, _balance_row("opening balance", statement, balance)])
    for lines in statement_pages(statement):
        balance = lines[-1].balance
        yield csv_text([_line_row(line) for line in lines])
    yield csv_text([_balance_row("closing balance", statement, balance)])


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
