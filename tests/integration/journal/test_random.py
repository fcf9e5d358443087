"""Anything in any order: whatever is asked, what is held is explained after every batch, and recovery agrees."""

import os
import random
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from exchange.models import Market, User
from exchange.services import market_set_state
from journal.owed_holds import OwedHolds
from matching.engine import OrderType, SelfTradePrevention, TimeInForce, TradingState, editions
from matching.engine.editions import WORK_MAX
from matching.messages import AmendRequest, CancelRequest, Correlation, PlaceRequest, Request
from orders.models import OwedHold
from settlement.services import ledger_deposit
from tests.desk import BUY, SELL, Desk, open_desk
from tests.fixtures import make_market, make_user
from tests.invariants import assert_fees_are_rounded_once

STEPS = 80
RELEASE = OwedHolds.release
STATES = ("pre_open", "post_only", "halted")
STOPS = (OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_LIMIT)


@pytest.fixture
def coarse_market() -> Market:
    """Few prices, so that orders meet; fees that do not come out even, a small band, few orders."""
    return make_market(
        tick_size=Decimal("0.5"), maker_fee_ppm=1_234, taker_fee_ppm=2_345, price_band_ppm=80_000, max_open_orders=40
    )


def poor_user(role: str, market: Market) -> User:
    """An account that runs out of funds now and then."""
    user = make_user(role)
    for asset, amount in ((market.base_id, "0.4"), (market.quote_id, "40")):
        ledger_deposit(owner=user, asset=asset, amount=Decimal(amount), reason="Funds of a test")
    return user


class Script:
    """Draws requests. Prices are near 100 (200 ticks), quantities a few lots."""

    def __init__(self, desk: Desk, users: list[User], rng: random.Random) -> None:
        self.desk = desk
        self.users = users
        self.rng = rng
        self.kinds = (
            [self._limit] * 8 + [self._market_order] * 2 + [self._stop] * 4 + [self._trailing] * 2 + [self._oco] * 3
            + [self._bracket] * 4 + [self._amend] * 4 + [self._cancel] * 3
        )  # fmt: skip

    def request(self) -> Request:
        return self.rng.choice(self.kinds)()

    def _price(self) -> int:
        return self.rng.randrange(190, 211)

    def _expiry(self) -> dict[str, Any]:
        return {"expire_ms": self.desk.now_ms() + self.rng.randrange(200, 5_000)} if self.rng.random() < 0.2 else {}

    def _limit(self) -> PlaceRequest:
        rng, options = self.rng, self._expiry()
        if rng.random() < 0.3:
            options["stp"] = rng.choice(list(SelfTradePrevention))
        lots = rng.randrange(1, 60)
        if rng.random() < 0.2:
            options["display_lots"] = rng.randrange(1, lots + 1)
        is_passive = rng.random() < 0.2
        if is_passive and rng.random() < 0.5:
            options["reprice"] = True
        if not options and not is_passive and rng.random() < 0.3:
            options["time_in_force"] = rng.choice([TimeInForce.IOC, TimeInForce.FOK])
        side = rng.choice([BUY, SELL])
        return self.desk.order(rng.choice(self.users), side, lots, self._price(), post_only=is_passive, **options)

    def _market_order(self) -> PlaceRequest:
        rng = self.rng
        mode: dict[str, Any] = {"stp": rng.choice(list(SelfTradePrevention))}
        tif = rng.choice([TimeInForce.IOC, TimeInForce.IOC, TimeInForce.FOK])
        user = rng.choice(self.users)
        if rng.random() < 0.3:
            budget = rng.randrange(10**7, 10**9)
            return self.desk.order(user, BUY, 0, budget_units=budget, time_in_force=tif, **mode)
        return self.desk.order(user, rng.choice([BUY, SELL]), rng.randrange(1, 80), time_in_force=tif, **mode)

    def _stop(self) -> PlaceRequest:
        rng, kind, stop = self.rng, self.rng.choice(STOPS), self._price()
        has_limit = kind in (OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT_LIMIT)
        price = stop + rng.randrange(-8, 9) if has_limit else 0
        tif = rng.choice([TimeInForce.GTC, TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK])
        options = self._expiry() or {"time_in_force": tif}
        mode = rng.choice([mode for mode in SelfTradePrevention if mode is not SelfTradePrevention.DECREMENT])
        return self.desk.order(
            rng.choice(self.users), rng.choice([BUY, SELL]), rng.randrange(1, 60), price, kind=kind,
            stop_price_ticks=stop, stp=mode, **options,
        )  # fmt: skip

    def _trailing(self) -> PlaceRequest:
        rng = self.rng
        trail: dict[str, Any] = {"trail_ticks": rng.randrange(1, 8)}
        if rng.random() < 0.5:
            trail = {"trail_ppm": rng.randrange(1, 40_000)}
        side, kind = rng.choice([BUY, SELL]), OrderType.TRAILING_STOP
        return self.desk.order(rng.choice(self.users), side, rng.randrange(1, 60), kind=kind, **trail, **self._expiry())

    def _oco(self) -> Request:
        rng, low, high = self.rng, self.rng.randrange(188, 200), self.rng.randrange(201, 213)
        side = rng.choice([BUY, SELL])
        price, stop = (low, high) if side == BUY else (high, low)
        limit = stop + rng.randrange(-5, 6) if rng.random() < 0.4 else 0
        return self.desk.oco(rng.choice(self.users), side, rng.randrange(1, 60), price, stop, limit, **self._expiry())

    def _bracket(self) -> Request:
        rng, low, high = self.rng, self.rng.randrange(188, 199), self.rng.randrange(202, 213)
        side = rng.choice([BUY, SELL])
        take_profit, stop = (high, low) if side == BUY else (low, high)
        limit = stop + rng.randrange(-5, 6) if rng.random() < 0.4 else 0
        price = rng.choice([0, self._price(), self._price()])
        return self.desk.bracket(
            rng.choice(self.users), side, rng.randrange(1, 60), price, take_profit=take_profit, stop=stop,
            stop_limit=limit, **(self._expiry() if price else {}),
        )  # fmt: skip

    def _any_order(self) -> tuple[bytes, bytes]:
        orders = list(self.desk.open_orders.by_id.values())
        if not orders:
            return self.desk.new_id(), self.users[0].pk.bytes
        order = self.rng.choice(orders)
        return order.id, order.user_id

    def _amend(self) -> AmendRequest:
        rng = self.rng
        order_id, user_id = self._any_order()
        price, lots = rng.choice([0, self._price()]), rng.choice([0, rng.randrange(1, 80)])
        stop = rng.choice([0, 0, self._price()])
        return AmendRequest(Correlation("test", 1), self.desk.now_ms() + 3_000, order_id, user_id, price, lots, stop)

    def _cancel(self) -> CancelRequest:
        order_id, user_id = self._any_order()
        return CancelRequest(Correlation("test", 1), self.desk.now_ms() + 3_000, order_id, user_id)

    def happening(self, staff: User) -> None:
        """Let something happen that is no order."""
        desk, rng = self.desk, self.rng
        is_open = desk.engine.trading_state is TradingState.CONTINUOUS
        what = rng.random() if is_open or rng.random() < 0.5 else 0.85
        if what < 0.35:
            desk.settle()
        elif what < 0.55:
            desk.pass_time(rng.randrange(100, 1_500))
        elif what < 0.65:
            desk.restart()
        elif what < 0.75:
            desk.cancel_after(rng.choice(self.users), rng.choice([0, 1_000, 3_000]))
        elif what < 0.8:
            desk.cancel_all(rng.choice(self.users))
        elif what < 0.9:
            state = rng.choice(STATES) if is_open else "continuous"
            market_set_state(actor=staff, market_id=desk.market.pk, state=state, note="random")
            desk.tend_if_needed()
        else:
            band = rng.choice([0, 50_000, 80_000, 120_000])
            Market.objects.filter(pk=desk.market.pk).update(price_band_ppm=band)
            desk.tend_if_needed()


@pytest.mark.parametrize("work_max", [WORK_MAX, 4])
@pytest.mark.parametrize("number", range(int(os.environ.get("JOURNAL_SEEDS", "1"))))
def test_whatever_happens_every_hold_is_explained(
    coarse_market: Market, staff: User, number: int, work_max: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when one command does so little that much is left for later ones."""
    monkeypatch.setattr(editions, "WORK_MAX", work_max)
    monkeypatch.setattr(editions, "FILLS_MAX", work_max)
    seed = int(os.environ["TEST_SEED"]) + number
    print(f"TEST_SEED={seed}")
    rng = random.Random(seed)
    users = [poor_user(role, coarse_market) for role in ("maker", "taker", "outsider")]
    with open_desk(coarse_market) as desk:
        script = Script(desk, users, rng)
        for _ in range(STEPS):
            desk.pass_time(1)
            fails = rng.random() < 0.1
            monkeypatch.setattr(OwedHolds, "release", _fail if fails else RELEASE)
            if rng.random() < (0.25 if desk.engine.trading_state is TradingState.CONTINUOUS else 0.6):
                script.happening(staff)
            else:
                desk.send(*[script.request() for _ in range(rng.randrange(1, 6))])
        monkeypatch.setattr(OwedHolds, "release", RELEASE)
        for user in users:
            while desk.engine.open_orders_of(int.from_bytes(user.pk.bytes)):
                desk.cancel_all(user)
        desk.settle()
        assert desk.engine.open_order_count == 0
        assert_fees_are_rounded_once(coarse_market)
        assert not OwedHold.objects.filter(market_id=coarse_market.pk).exists()
        desk.replay()


def _fail(*_: Any) -> None:
    raise psycopg.OperationalError("injected: the connection is gone")
