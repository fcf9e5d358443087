"""A market in which something of everything has happened, and ways to change what is stored behind everybody's back."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

from exchange.models import Market, User
from matching.messages import CancelRequest, Correlation
from orders.models import Mismatch, Trade
from settlement.models import Account, LedgerEntry
from tests.administrator import unguarded
from tests.desk import BUY, SELL, Desk, with_rows
from verification.reconciliation.run import Reconciled, reconcile


def trade_a_little(desk: Desk, maker: User, taker: User) -> None:
    """Leave three settled trades, one that waits, a partly filled order, an open one, an ended one."""
    process, order = desk.processor.process, desk.order  # without the desk's own checks, which take their time
    process([order(maker, SELL, 1_000, 10_000)])
    process([order(maker, SELL, 2_000, 10_010)])
    process([order(taker, BUY, 1_500, 10_020)])
    (cancelled,) = process([order(taker, BUY, 100, 9_900)]).replies
    process(
        [CancelRequest(Correlation("test", 1), desk.now_ms() + 3_000, with_rows(cancelled).order.id, taker.pk.bytes)]
    )
    process([order(taker, BUY, 300, 9_950)])
    process([order(maker, SELL, 100, 9_950)])
    desk.settle()
    process([order(taker, BUY, 250, 10_010)])


def differing(market: Market, **options: Any) -> Reconciled:
    """Reconcile a market whose rows were changed."""
    done = reconcile(markets=[market], **options)
    assert not done.is_clean
    return done


def only(done: Reconciled, check: Mismatch.Check) -> Mismatch:
    """Return the one mismatch of a check."""
    (mismatch,) = [mismatch for mismatch in done.mismatches if mismatch.check_name == check]
    return mismatch


def execute(statement: str, *parameters: Any) -> None:
    """Execute a statement that must change exactly one row."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        assert cursor.rowcount == 1, statement


@contextmanager
def money_restored(market: Market) -> Iterator[None]:
    """Put the accounts and entries of a market's assets back as they are now, and leave no trade to settle."""
    assets = [market.base_id, market.quote_id]
    accounts = list(Account.objects.filter(asset__in=assets).values_list("id", "available", "held"))
    entries = list(LedgerEntry.objects.filter(asset__in=assets).values_list("id", "amount", "account_id"))
    yield
    for account_id, available, held in accounts:
        Account.objects.filter(pk=account_id).update(available=available, held=held)
    with unguarded():
        for entry_id, amount, account_id in entries:
            LedgerEntry.objects.filter(pk=entry_id).update(amount=amount, account_id=account_id)
    Trade.objects.filter(market=market, settlement_status="pending").delete()
