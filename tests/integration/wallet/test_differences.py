"""The comparison of both ledgers: silent about what is on its way, and loud about what differs."""

from decimal import Decimal

import pytest

from orders.models import Mismatch
from settlement.wallet import differences
from settlement.wallet.differences import wallet_differences
from tests.integration.wallet.scene import ORDERS, Scene
from tests.integration.wallet.test_failures import give_up, trade
from verification.reconciliation.run import reconcile

pytestmark = pytest.mark.xdist_group("wallet")


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(differences, "PAUSE_S", 0.0)


def found(scene: Scene) -> list[tuple[str, Decimal, Decimal]]:
    mine = (scene.base, scene.quote)
    return [(each.asset, each.here, each.reserved) for each in wallet_differences() if each.asset in mine]


def test_nothing_differs_while_orders_come_trade_and_end(scene: Scene) -> None:
    order = scene.placed(scene.taker, "buy", "1", "90")
    assert found(scene) == []
    trade(scene)
    assert found(scene) == []
    scene.settle()
    assert found(scene) == []
    scene.ask(scene.taker, "delete", f"{ORDERS}/{order['id']}")
    scene.sweep()
    assert found(scene) == []


def test_what_is_on_its_way_is_no_difference(scene: Scene) -> None:
    with scene.proxy.fault("/reservations", "cut after"):
        scene.order(scene.taker, "buy", "1", "100")
    assert found(scene) == []
    order = scene.placed(scene.taker, "buy", "2", "100")
    scene.ask(scene.taker, "delete", f"{ORDERS}/{order['id']}")
    with scene.proxy.fault("/releases", "cut before", times=3):
        scene.sweep()
    assert found(scene) == []
    made = trade(scene)
    give_up(scene, made, "cut after")
    assert found(scene) == []


@pytest.mark.parametrize("amount", [1, -1])
def test_money_that_is_reserved_but_not_here_or_the_other_way_round_is_told(scene: Scene, amount: int) -> None:
    scene.placed(scene.taker, "buy", "1", "100")
    scene.service.reserve(scene.taker, scene.quote, amount)

    assert found(scene) == [(scene.quote, Decimal("100.1"), Decimal("100.1") + amount)]

    scene.service.reserve(scene.taker, scene.quote, -amount)
    assert found(scene) == []


def test_reconciliation_tells_what_differs_and_what_it_could_not_compare(scene: Scene) -> None:
    scene.placed(scene.taker, "buy", "1", "100")
    assert checked(scene) == ("compared", [])

    scene.service.reserve(scene.taker, scene.quote, 1)
    compared, (difference,) = checked(scene)
    assert (compared, difference.subject) == ("compared", str(scene.taker.pk))
    assert difference.expected == {"least": "100.1", "most": "100.1"}
    assert difference.found == {"reserved": "101.1"}
    scene.service.reserve(scene.taker, scene.quote, -1)

    with scene.proxy.fault("/reserved", "cut before", times=10):
        assert checked(scene) == ("away", [])


def checked(scene: Scene) -> tuple[str, list[Mismatch]]:
    done = reconcile(markets=[scene.market], halt=False)
    return done.run.counts["wallet"], [each for each in done.mismatches if each.check_name == "wallet"]
