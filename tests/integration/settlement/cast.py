"""A market with two assets of its own, a small cast of funded accounts, and trades as the engine would commit them."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from itertools import count
from pathlib import Path
from uuid import UUID

import psycopg
from django.conf import settings
from django.utils import timezone

from base.ids import trade_uuid, uuid7
from base.scaling import EXACT
from config.celery import app
from exchange.models import Asset, Market, User
from orders.models import Trade
from settlement.holds import Holdings
from settlement.models import Account, FailedSettlement
from settlement.services import ledger_deposit
from tests.engines import wait_until

PROJECT = Path(__file__).resolve().parents[3]
FUNDS = Decimal(1_000_000)


class Cast:
    """Accounts `maker`, `taker`, `outsider` and `staff`, the first three with a million of both assets."""

    def __init__(self, *, decimals: int = 8) -> None:
        self.decimals = decimals
        tag = f"{uuid7().int & 0xFFFFFFFF:08X}"
        self.base, self.quote = f"B{tag}", f"Q{tag}"
        for code in (self.base, self.quote):
            Asset.objects.create(code=code, name=code, decimals=decimals, hand_limit=FUNDS)
        self.market = Market.objects.create(
            symbol=f"{self.base}/{self.quote}", base_id=self.base, quote_id=self.quote, tick_size=Decimal("0.01"),
            lot_size=Decimal("0.00001"), max_quantity=Decimal(1000), reference_price=Decimal(100),
        )  # fmt: skip
        self.maker, self.taker, self.outsider, self.staff = (
            User.objects.create(username=f"{name}-{tag}", is_staff=name == "staff")
            for name in ("maker", "taker", "outsider", "staff")
        )
        for user in (self.maker, self.taker, self.outsider):
            for asset in (self.base, self.quote):
                ledger_deposit(owner=user, asset=asset, amount=FUNDS, reason="funds of the test")
        self._seq = count(1)

    def trade(
        self,
        *,
        buyer: User | None = None,
        seller: User | None = None,
        price: str = "100",
        quantity: str = "0.5",
        buyer_fee: str = "0.05",
        seller_fee: str = "0.05",
        hold: str = "60.06",
    ) -> Trade:
        """Commit a pending trade; what it needs is held on both accounts first."""
        buyer, seller = buyer or self.taker, seller or self.maker
        self.hold(buyer, self.quote, Decimal(hold))
        self.hold(seller, self.base, Decimal(quantity))
        now, seq = timezone.now(), next(self._seq)
        return Trade.objects.create(
            id=trade_uuid(int(now.timestamp() * 1000), self.market.pk, seq), market=self.market, seq=seq,
            price=Decimal(price), quantity=Decimal(quantity), buyer=buyer, seller=seller, buyer_order_id=uuid7(),
            seller_order_id=uuid7(), taker_side="buy", buyer_fee=Decimal(buyer_fee), seller_fee=Decimal(seller_fee),
            buyer_hold=Decimal(hold), executed_at=now, settlement_status="pending",
        )  # fmt: skip

    def hold(self, user: User, asset: str, amount: Decimal) -> None:
        """Hold (or, when negative, release) by the engine's own code and kind of connection."""
        units = int(EXACT.scaleb(amount, self.decimals))
        with engine_connection() as connection, connection.cursor() as cursor:
            holdings = Holdings.lock(cursor, [(user.pk.bytes, asset)], {asset: self.decimals})
            if units >= 0:
                assert holdings.hold(user.pk.bytes, asset, units)
            else:
                holdings.release(user.pk.bytes, asset, -units)
            holdings.flush(cursor)

    def balance(self, user: User | None, asset: str) -> tuple[Decimal | int, Decimal | int]:
        """Return available and held; of the fee account without a user."""
        owner = {"owner": user} if user else {"owner": None, "kind": Account.Kind.FEES}
        account = Account.objects.filter(asset_id=asset, **owner).first()
        return (account.available, account.held) if account else (Decimal(0), Decimal(0))


@contextmanager
def engine_connection() -> Iterator["psycopg.Connection[tuple[object, ...]]"]:
    """Connect as the engine does; commits at the end of the block."""
    with psycopg.connect(settings.ENGINE_DATABASE_URL) as connection:
        yield connection


def status_of(trade_id: UUID) -> str:
    return Trade.objects.values_list("settlement_status", flat=True).get(id=trade_id)


def failure_of(trade: Trade) -> FailedSettlement:
    return FailedSettlement.objects.get(trade_id=trade.id)


def make_due(*trades: Trade) -> None:
    """Let the time of the next attempt come."""
    failures = FailedSettlement.objects.filter(trade_id__in=[trade.id for trade in trades])
    failures.update(next_attempt_at=timezone.now())


@contextmanager
def celery_worker(*options: str, log: Path | None = None, **environment: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a real worker, in a process group of its own, until the block ends; `log` gets what it says."""
    name = f"{uuid7()}@test"
    command = [sys.executable, "-m", "celery", "-A", "config", "worker", "-c", "2", "-l", "WARNING", "-n", name]
    said = log.open("wb") if log else None
    worker = subprocess.Popen(
        [*command, *options],
        cwd=PROJECT,
        env={**os.environ, "LOG_LEVEL": "WARNING", **environment},
        start_new_session=True,
        stdout=said,
        stderr=said,
    )
    try:
        wait_until(lambda: bool(app.control.ping(destination=[name], timeout=0.5)), "the worker starts", 60)
        yield worker
    finally:
        worker.terminate()
        worker.wait(timeout=30)
        if said:
            said.close()
