"""The pages about the wallet, and what staff may not do while the money is elsewhere."""

from decimal import Decimal

import pytest
from django.test import Client
from prometheus_client import generate_latest

from base.errors import ApiError, ErrorCode
from base.ids import uuid7
from exchange.models import User
from settlement.management.commands.seed import _demo_account
from settlement.models import WalletOperation, WalletRelease, WalletReservation, WalletReversal
from settlement.services import ledger_deposit
from tests.fixtures import make_user
from tests.integration.wallet.scene import ORDERS, Scene
from tests.integration.wallet.test_failures import give_up, trade

pytestmark = pytest.mark.xdist_group("wallet")

PAGES = {
    "walletreservation": WalletReservation,
    "walletrelease": WalletRelease,
    "walletreversal": WalletReversal,
    "walletoperation": WalletOperation,
}


def test_what_is_on_its_way_is_shown(scene: Scene) -> None:
    order = scene.placed(scene.taker, "buy", "2", "100")
    scene.ask(scene.taker, "delete", f"{ORDERS}/{order['id']}")
    scene.sweep()
    give_up(scene, trade(scene), "cut before")
    WalletOperation.objects.create(id=uuid7(), kind="release", state="done", payload={"asset": scene.quote})
    boss = Client()
    boss.force_login(make_user("staff", is_staff=True))

    for name, model in PAGES.items():
        newest = model._default_manager.order_by("-created_at").values_list("pk", flat=True)[0]
        listed = boss.get(f"/admin/settlement/{name}/")
        assert (listed.status_code, newest.hex[-12:] in listed.content.decode()) == (200, True)
        searched = boss.get(f"/admin/settlement/{name}/", {"q": str(newest)})
        assert (searched.status_code, newest.hex[-12:] in searched.content.decode()) == (200, True)
        assert boss.get(f"/admin/settlement/{name}/{newest}/change/").status_code == 200
        assert boss.get(f"/admin/settlement/{name}/", {"q": "nobody"}).status_code == 200
    metrics = generate_latest().decode()
    assert 'trade_engine_wallet_transfers_waiting{kind="reverse"} 1.0' in metrics


def test_money_comes_and_goes_at_the_wallet_only(scene: Scene) -> None:
    with pytest.raises(ApiError) as refused:
        ledger_deposit(owner=scene.taker, asset=scene.quote, amount=Decimal(1), reason="by hand")

    assert refused.value.code is ErrorCode.FORBIDDEN


def test_demo_accounts_have_no_money_here(scene: Scene) -> None:
    assert _demo_account("maker", "!")
    maker = User.objects.get(username="maker")

    assert not maker.accounts.exists()
    assert not _demo_account("maker", "!")
    maker.delete()
