"""A wallet that is away, slow, or silent after it has acted: nothing stays reserved, nothing is lost, nothing twice."""

import secrets
import time
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from prometheus_client import REGISTRY
from pytest_django.fixtures import Settings

from base.ids import uuid7_floor
from orders.models import Trade
from settlement.errors import AdjustmentCode, AdjustmentError
from settlement.legs import AccountKey, Move
from settlement.models import FailedSettlement, LedgerEntry, WalletRelease, WalletReservation, WalletReversal
from settlement.ports import wallet
from settlement.services import failed_settlement_retry
from settlement.wallet.remote import RemoteWallet
from tests.engines import wait_until
from tests.fixtures import make_user
from tests.integration.settlement.adjusting import Eyes
from tests.integration.wallet.scene import FUNDS, ORDERS, Scene

pytestmark = pytest.mark.xdist_group("wallet")


def code_of(answer: Any) -> tuple[int, str]:
    body = answer.json()
    return answer.status_code, "" if body["success"] else body["error"]["code"]


def remote() -> RemoteWallet:
    reserving = wallet().reserving
    assert isinstance(reserving, RemoteWallet)
    return reserving


UNAVAILABLE = (503, "WALLET_UNAVAILABLE")


def breaker_state() -> float | None:
    return REGISTRY.get_sample_value("trade_engine_wallet_breaker_state")


def requests_counted(operation: str, outcome: str) -> float:
    labels = {"operation": operation, "outcome": outcome}
    return REGISTRY.get_sample_value("trade_engine_wallet_requests_total", labels) or 0.0


# --- reserving --------------------------------------------------------------------------------------


def test_orders_are_refused_at_once_while_the_wallet_is_down_and_cancels_work(scene: Scene, settings: Settings) -> None:
    settings.WALLET_PROBE_SECONDS = 60.0
    order = scene.placed(scene.maker, "sell", "1", "100")
    scene.proxy.stop()
    for _ in range(2):
        assert code_of(scene.order(scene.taker, "buy", "1", "100")) == UNAVAILABLE
    seen, rejected = len(scene.proxy.seen), requests_counted("reserve", "rejected")
    assert breaker_state() == 2

    started = time.monotonic()
    assert code_of(scene.order(scene.taker, "buy", "1", "100")) == UNAVAILABLE
    assert time.monotonic() - started < 1
    assert len(scene.proxy.seen) == seen
    assert requests_counted("reserve", "rejected") == rejected
    assert scene.ask(scene.maker, "delete", f"{ORDERS}/{order['id']}").status_code == 200

    assert scene.there(scene.taker, scene.quote) == (FUNDS, 0)
    assert set(scene.reservations(scene.taker)) == {"voided"}
    settings.WALLET_PROBE_SECONDS = 0.3


def test_the_breaker_opens_looks_again_and_closes(scene: Scene) -> None:
    with scene.proxy.fault("/reservations", "answer", status=503):
        for _ in range(2):
            scene.order(scene.taker, "buy", "1", "100")
        assert breaker_state() == 2
        wait_until(lambda: not remote().is_rejecting, "the time to look again")
        failed = requests_counted("reserve", "failed")
        assert code_of(scene.order(scene.taker, "buy", "1", "100")) == UNAVAILABLE
        assert requests_counted("reserve", "failed") == failed + 1  # one looked, and found it still away
        assert breaker_state() == 2
    wait_until(lambda: not remote().is_rejecting, "the time to look again")

    scene.placed(scene.taker, "buy", "1", "100")

    assert breaker_state() == 0


def test_a_refusal_is_no_failure(scene: Scene) -> None:
    for _ in range(6):
        assert code_of(scene.order(scene.taker, "buy", "11", "100")) == (400, "INSUFFICIENT_BALANCE")

    assert breaker_state() == 0


@pytest.mark.usefixtures("_impatient")
@pytest.mark.parametrize("what", ["cut before", "cut after", "delay before", "delay after", "answer"])
def test_a_request_that_fails_once_is_sent_again_with_the_same_key(scene: Scene, what: str) -> None:
    with scene.proxy.fault("/reservations", what, times=1, seconds=0.6):
        scene.placed(scene.taker, "buy", "1", "100")

    assert scene.there(scene.taker, scene.quote)[1] == Decimal("100.1")
    assert scene.here(scene.taker, scene.quote) == (0, Decimal("100.1"))


@pytest.mark.usefixtures("_impatient")
@pytest.mark.parametrize("what", ["cut before", "cut after", "delay before", "delay after"])
def test_a_reservation_of_unknown_outcome_is_undone(scene: Scene, what: str) -> None:
    with scene.proxy.fault("/reservations", what, seconds=0.6):
        assert code_of(scene.order(scene.taker, "buy", "1", "100")) == UNAVAILABLE
    assert scene.reservations(scene.taker) == ["voiding"]

    scene.sweep_until(scene.is_quiet, "the reservation to be voided")

    assert scene.reservations(scene.taker) == ["voided"]
    scene.proxy.wait_until_idle()  # what was kept waiting has arrived
    assert scene.there(scene.taker, scene.quote) == (FUNDS, 0)
    assert not LedgerEntry.objects.filter(account__owner=scene.taker).exists()
    key = WalletReservation.objects.get(user=scene.taker).pk
    assert scene.service.operation(key) == "undone"


def test_a_void_that_fails_is_sent_until_it_is_confirmed(scene: Scene) -> None:
    with scene.proxy.fault("/reservations", "cut after"), scene.proxy.fault("/void", "cut after", times=4):
        assert code_of(scene.order(scene.taker, "buy", "1", "100")) == UNAVAILABLE
        scene.sweep()
        assert scene.reservations(scene.taker) == ["voiding"]
        assert WalletReservation.objects.get(user=scene.taker).error

        scene.sweep_until(scene.is_quiet, "the reservation to be voided")

    assert scene.there(scene.taker, scene.quote) == (FUNDS, 0)


@pytest.mark.parametrize("dies_in", ["settlement.wallet.funding._enter", "orders.services.dispatch.send"])
def test_a_process_that_dies_before_the_engine_leaves_nothing_reserved(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, dies_in: str
) -> None:
    def die(*_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(dies_in, die)
        with pytest.raises(SystemExit):
            scene.order(scene.taker, "buy", "1", "100")
    assert scene.there(scene.taker, scene.quote)[1] == Decimal("100.1")
    scene.sweep()
    assert scene.there(scene.taker, scene.quote)[1] == Decimal("100.1"), "it might still be on its way"
    scene.grow_old()

    scene.sweep_until(lambda: scene.there(scene.taker, scene.quote) == (FUNDS, 0), "the money to go back")


def test_an_order_that_was_given_up_meanwhile_never_reaches_the_engine(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wallet answers, but so late that the sweeper has begun to void the reservation."""
    from settlement.wallet import funding

    enter = funding._enter

    def slowly(key: Any) -> bool:
        scene.grow_old()
        scene.sweep()
        return enter(key)

    monkeypatch.setattr(funding, "_enter", slowly)
    assert code_of(scene.order(scene.taker, "buy", "1", "100")) == UNAVAILABLE

    assert scene.ask(scene.taker, "get", ORDERS).json()["data"] == []
    assert scene.there(scene.taker, scene.quote) == (FUNDS, 0)


def test_a_wrong_token_is_a_wallet_that_is_away(scene: Scene, settings: Settings) -> None:
    settings.WALLET_TOKEN = "not the token"

    assert code_of(scene.order(scene.taker, "buy", "1", "100")) == UNAVAILABLE

    assert scene.reservations(scene.taker) == ["voided"]
    settings.WALLET_TOKEN = "the-token-of-a-test-wallet"


# --- releasing ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["cut before", "cut after", "answer"])
def test_money_on_its_way_back_arrives_once(scene: Scene, what: str) -> None:
    order = scene.placed(scene.taker, "buy", "1", "100")
    scene.ask(scene.taker, "delete", f"{ORDERS}/{order['id']}")
    with scene.proxy.fault("/releases", what, times=3):
        scene.sweep()
    assert scene.here(scene.taker, scene.quote) == (0, 0)

    scene.sweep_until(scene.is_quiet, "the release to be confirmed")

    assert scene.there(scene.taker, scene.quote) == (FUNDS, 0)


def test_an_order_finds_the_money_that_is_on_its_way_back(scene: Scene) -> None:
    order = scene.placed(scene.taker, "buy", "9", "100")
    scene.ask(scene.taker, "delete", f"{ORDERS}/{order['id']}")
    with scene.proxy.fault("/releases", "cut before", times=3):
        scene.sweep()

    scene.placed(scene.taker, "buy", "9.5", "100")

    assert scene.there(scene.taker, scene.quote)[1] == Decimal("950.95")


def test_what_ended_long_ago_is_forgotten(scene: Scene) -> None:
    order = scene.placed(scene.taker, "buy", "1", "100")
    scene.ask(scene.taker, "delete", f"{ORDERS}/{order['id']}")
    scene.sweep()
    old = uuid7_floor(1_000)
    for model in (WalletReservation, WalletRelease):
        model.objects.filter(user=scene.taker).update(id=UUID(int=old.int + secrets.randbits(60)))
    scene.placed(scene.taker, "buy", "1", "100")

    scene.sweep()

    assert scene.reservations(scene.taker) == ["spent"]
    assert not WalletRelease.objects.filter(user=scene.taker).exists()


# --- settling -----------------------------------------------------------------------------------------


def trade(scene: Scene) -> Trade:
    scene.placed(scene.maker, "sell", "1", "100")
    scene.placed(scene.taker, "buy", "1", "100")
    return Trade.objects.filter(market=scene.market).latest("id")


def assert_settled_once(scene: Scene) -> None:
    assert set(Trade.objects.filter(market=scene.market).values_list("settlement_status", flat=True)) == {"settled"}
    scene.sweep()
    assert scene.there(scene.maker, scene.quote) == (FUNDS + Decimal("99.9"), 0)
    assert scene.there(scene.taker, scene.base) == (FUNDS + 1, 0)
    assert scene.service.fees(scene.quote) == Decimal("0.2")


def test_trades_wait_for_a_wallet_that_is_down_and_use_up_no_attempt(scene: Scene) -> None:
    made = trade(scene)
    scene.proxy.stop()
    for _ in range(10):
        assert scene.settle().is_wallet_away
    made.refresh_from_db()
    assert made.settlement_status == "pending"
    assert not FailedSettlement.objects.filter(trade_id=made.pk).exists()

    scene.proxy.start()
    wait_until(lambda: scene.settle().settled, "the trade to settle")

    assert_settled_once(scene)


@pytest.mark.usefixtures("_impatient")
def test_a_wallet_that_hangs_for_long_makes_no_dead_letter(scene: Scene) -> None:
    made = trade(scene)
    with (
        scene.proxy.fault("/settlements", "delay before", seconds=0.6),
        scene.proxy.fault("/ping", "delay before", seconds=0.6),
    ):
        scene.settle()
        for _ in range(5):
            scene.retry()
    failure = FailedSettlement.objects.get(trade_id=made.pk)
    assert (failure.state, failure.attempt_count) == ("retrying", 2)

    wait_until(lambda: scene.retry().settled, "the trade to settle")

    assert_settled_once(scene)


@pytest.mark.usefixtures("_impatient")
@pytest.mark.parametrize("what", ["cut after", "delay after"])
def test_a_settlement_whose_answer_was_lost_is_not_made_again(scene: Scene, what: str) -> None:
    trade(scene)
    with scene.proxy.fault("/settlements", what, times=3, seconds=0.6):
        assert scene.settle().retries
    assert scene.service.fees(scene.quote) == Decimal("0.2")

    assert scene.retry().settled == 1

    assert_settled_once(scene)


def test_a_settlement_that_died_before_its_commit_here_is_not_made_again(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    trade(scene)

    def die(*_: object, **__: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr("settlement.ledger.EmbeddedLedger.settle", die)
        with pytest.raises(SystemExit):
            scene.settle()
    assert scene.service.fees(scene.quote) == Decimal("0.2")

    assert scene.settle().settled == 1

    assert_settled_once(scene)


def give_up(scene: Scene, made: Trade, what: str) -> FailedSettlement:
    """Let the wallet be silent about a settlement until the trade is a dead letter."""
    with scene.proxy.fault("/settlements", what):
        scene.settle()
        wait_until(lambda: scene.retry().dead, "the third attempt to fail")
    made.refresh_from_db()
    assert made.settlement_status == "failed"
    return FailedSettlement.objects.get(trade_id=made.pk)


@pytest.mark.parametrize("what", ["cut after", "cut before"])
def test_a_settlement_that_is_given_up_is_undone_at_the_wallet(scene: Scene, what: str) -> None:
    made = trade(scene)
    failure = give_up(scene, made, what)
    assert scene.service.fees(scene.quote) == (Decimal("0.2") if what == "cut after" else 0)

    scene.sweep_until(scene.is_quiet, "the settlement to be undone")

    assert scene.service.fees(scene.quote) == 0
    assert scene.service.operation(made.pk) == "undone"
    scene.assert_ledgers_agree()
    assert failed_settlement_retry(actor=make_user("staff", is_staff=True), failure_ids=[failure.pk]).settled == 1
    assert_settled_once(scene)
    assert WalletReversal.objects.get(trade_id=made.pk).state == "reversed"


def test_a_retry_waits_until_the_settlement_before_is_undone(scene: Scene) -> None:
    made = trade(scene)
    failure = give_up(scene, made, "cut after")
    staff = make_user("staff", is_staff=True)

    with scene.proxy.fault("/reverse", "answer", times=3):
        assert failed_settlement_retry(actor=staff, failure_ids=[failure.pk]).settled == 0
    wait_until(lambda: scene.retry().settled, "the trade to settle")

    assert_settled_once(scene)
    paths = [path.rpartition("/")[2] for path in scene.proxy.seen if "settlements" in path]
    assert paths[-2:] == ["reverse", "settlements"]


def test_a_trade_that_the_wallet_refuses_does_not_hold_up_the_others(scene: Scene) -> None:
    good, bad = trade(scene), trade(scene)
    scene.service.reserve(scene.maker, scene.base, -1)  # as if the wallet had lost a reservation

    batch = scene.settle()

    assert (batch.settled, batch.dead) == (1, 1)
    failure = FailedSettlement.objects.get(trade_id=bad.pk)
    assert (failure.code, failure.attempt_count) == ("INSUFFICIENT_HOLD", 1)
    assert "the wallet" in failure.error
    good.refresh_from_db()
    assert good.settlement_status == "settled"
    scene.service.reserve(scene.maker, scene.base, 1)
    staff = make_user("staff", is_staff=True)
    assert failed_settlement_retry(actor=staff, failure_ids=[failure.pk]).settled == 1


# --- by hand ----------------------------------------------------------------------------------------


def test_an_adjustment_sets_money_free_but_moves_none_between_users(scene: Scene) -> None:
    eyes = Eyes.open()
    scene.placed(scene.taker, "buy", "1", "100")
    buyer, seller = (AccountKey(user.pk, scene.quote) for user in (scene.taker, scene.maker))

    with pytest.raises(AdjustmentError) as refused:
        eyes.propose([Move(buyer, Decimal(0), Decimal(-1)), Move(seller, Decimal(1), Decimal(0))])
    assert refused.value.code is AdjustmentCode.FORBIDDEN

    freed = eyes.propose([Move(buyer, Decimal(1), Decimal(-1))])
    assert freed.state == "proposed"
