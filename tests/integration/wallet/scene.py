"""A served market whose users have their money at the wallet, and what must be true of both ledgers."""

from contextlib import AbstractContextManager, ExitStack
from decimal import Decimal
from typing import Any

from django.utils import timezone
from rest_framework.test import APIClient

from exchange.models import User
from settlement.models import Account, WalletRelease, WalletReservation, WalletReversal
from settlement.services import Settled, settle_pending, settle_retries
from settlement.wallet.availability import UNDER_WAY
from settlement.wallet.sweeps import wallet_sweep
from tests.engines import running_engine, wait_until
from tests.fixtures import access_token, make_market, make_user
from tests.integration.wallet.service import Proxy, WalletService
from tests.invariants import assert_ledger_balances

FUNDS = Decimal(1_000)
ORDERS = "/api/v1/orders"


class Scene(AbstractContextManager["Scene"]):
    """Maker and taker have a thousand of each asset at the wallet, and the exchange has nothing of it yet."""

    def __init__(self, service: WalletService, proxy: Proxy) -> None:
        self.service, self.proxy = service, proxy
        self.market = make_market()
        self.base, self.quote = self.market.base_id, self.market.quote_id
        self.maker, self.taker = make_user("maker"), make_user("taker")
        service.know(self.market, self.maker, self.taker)
        for user in (self.maker, self.taker):
            for asset in (self.base, self.quote):
                service.deposit(user, asset, FUNDS)
        self._clients = {user.pk: APIClient(raise_request_exception=False) for user in (self.maker, self.taker)}
        for user in (self.maker, self.taker):
            self._clients[user.pk].credentials(HTTP_AUTHORIZATION=f"Bearer {access_token(user)}")
        self._engine = ExitStack()

    def __enter__(self) -> "Scene":
        self._engine.enter_context(running_engine(self.market))
        return self

    def __exit__(self, *_: object) -> None:
        self._engine.close()

    # --- acting ---------------------------------------------------------------------------------------

    def ask(self, user: User, method: str, path: str, **body: Any) -> Any:
        """Send a request as a user; `symbol` is added to what is posted. Returns the response."""
        if method == "post" and "orders" not in body:
            body["symbol"] = self.market.symbol
        return getattr(self._clients[user.pk], method)(path, body or None, format="json")

    def order(self, user: User, side: str, quantity: str | None, price: str | None = None, **fields: Any) -> Any:
        body = {"side": side, "type": "market" if price is None else "limit", "quantity": quantity, "price": price}
        body = {name: value for name, value in (body | fields).items() if value is not None}
        return self.ask(user, "post", ORDERS, **body)

    def placed(self, user: User, side: str, quantity: str | None, price: str | None = None, **fields: Any) -> Any:
        """Place an order that must be accepted; return it."""
        answer = self.order(user, side, quantity, price, **fields)
        assert answer.status_code == 201, answer.content
        return answer.json()["data"]["order"]

    def settle(self) -> Settled:
        return settle_pending(market_id=self.market.pk)

    def retry(self) -> Settled:
        """Let the time of the next attempts come, and make them."""
        from settlement.models import FailedSettlement

        failures = FailedSettlement.objects.filter(market=self.market, state="retrying")
        failures.update(next_attempt_at=timezone.now())
        return settle_retries(trade_ids=list(failures.values_list("trade_id", flat=True)))

    def sweep(self) -> None:
        wallet_sweep()

    def sweep_until(self, condition: Any, what: str) -> None:
        def is_done() -> bool:
            wallet_sweep()
            return bool(condition())

        wait_until(is_done, what)

    def grow_old(self) -> None:
        """Let this market's reservations be as old as if their processes had died."""
        rows = WalletReservation.objects.filter(user__in=[self.maker.pk, self.taker.pk])
        rows.update(created_at=timezone.now() - 2 * UNDER_WAY)

    # --- looking --------------------------------------------------------------------------------------

    def here(self, user: User, asset: str) -> tuple[Decimal, Decimal]:
        """Return what is available and held at the exchange."""
        account = Account.objects.filter(owner=user, asset_id=asset).first()
        return (account.available, account.held) if account else (Decimal(0), Decimal(0))

    def there(self, user: User, asset: str) -> tuple[Decimal, Decimal]:
        """Return what is available and reserved at the wallet."""
        return self.service.balance(user, asset)

    def reservations(self, user: User) -> list[str]:
        rows = WalletReservation.objects.filter(user=user).order_by("created_at")
        return list(rows.values_list("state", flat=True))

    def is_quiet(self) -> bool:
        users = [self.maker.pk, self.taker.pk]
        return not (
            WalletReservation.objects.filter(user__in=users, state__in=("reserving", "voiding")).exists()
            or WalletRelease.objects.filter(user__in=users, state="sending").exists()
            or WalletReversal.objects.filter(state="reversing").exists()
        )

    def assert_ledgers_agree(self) -> None:
        """Assert that each ledger adds up, and that what is here is what is reserved there, once all is confirmed."""
        self.sweep_until(self.is_quiet, "the wallet to confirm everything")
        assert_ledger_balances(assets=[self.base, self.quote])
        self.service.assert_balances()
        for user in (self.maker, self.taker):
            for asset in (self.base, self.quote):
                assert sum(self.here(user, asset)) == self.there(user, asset)[1], f"{user} {asset}"
