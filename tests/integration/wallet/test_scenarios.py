"""The rule book through REST again, with all money at a remote wallet: every step ends as with the embedded one."""

from decimal import Decimal
from itertools import cycle

import pytest

from exchange.models import User
from settlement.models import Account
from settlement.wallet.sweeps import wallet_sweep
from tests.fixtures import FUNDS, make_market, make_user
from tests.integration.api.scenarios import OPENING_AUCTION, SCENARIOS
from tests.integration.api.stage import CAST, Stage
from tests.integration.wallet.service import Proxy, WalletService

pytestmark = [pytest.mark.xdist_group("wallet"), pytest.mark.long]


class RemoteStage(Stage):
    """A stage whose cast has its money at the wallet. What nobody needs is returned at any time."""

    def __init__(self, service: WalletService, **market: str) -> None:
        self.service = service
        self._sweeps = cycle((True, True, False))
        self.market = make_market(**market)
        self.users: dict[str, User] = {role: make_user(role) for role in CAST}
        service.know(self.market, *self.users.values())
        for user in self.users.values():
            for asset in (self.market.base_id, self.market.quote_id):
                service.deposit(user, asset, FUNDS)
        self._prepare()

    def funds(self, who: str) -> list[Decimal]:
        """Return what a user has more at the wallet, reserved or not, and what is held here."""
        if next(self._sweeps):
            wallet_sweep()
        held = {account.asset_id: account.held for account in Account.objects.filter(owner=self.users[who])}
        found = []
        for asset in (self.market.base_id, self.market.quote_id):
            found += [sum(self.service.balance(self.users[who], asset)) - FUNDS, held.get(asset, Decimal(0))]
        return found


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario(name: str, service: WalletService, remote: Proxy) -> None:
    steps = SCENARIOS[name]
    with RemoteStage(service, trading_state="pre_open" if steps is OPENING_AUCTION else "continuous") as stage:
        stage.play(steps)
    service.assert_balances()
