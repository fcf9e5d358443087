"""A warm standby: what dies or hangs is replaced within seconds, and what was replaced cannot write any more."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from base.errors import ApiError, ErrorCode
from exchange.models import Market, User
from orders.models import OrderStatus
from orders.services import PlacedOrder, order_cancel
from settlement.services import settle_pending
from tests.engines import EngineProcess, role_of, wait_until
from tests.integration.matching.diary import check_diary
from tests.invariants import assert_ledger_balances
from tests.orders import buy, sell

pytestmark = pytest.mark.xdist_group("standby")

CLIENTS = 6
LIMIT_S = 3.0
TRANSIENT = {ErrorCode.ENGINE_UNAVAILABLE, ErrorCode.TIMEOUT, ErrorCode.ORDER_NOT_CANCELLABLE, ErrorCode.OVERLOADED}


@dataclass
class Load:
    """Clients that trade until they are told to stop, and what they were answered."""

    market: Market
    acknowledged: dict[str, PlacedOrder] = field(default_factory=dict)
    cancelled: set[str] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)
    answered_at: list[float] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)
    jobs: list[Future[None]] = field(default_factory=list)

    def trade(self, user: User, number: int, rng: random.Random) -> None:
        count = 0
        while not self.stop.is_set():
            count += 1
            self._place(user, f"s{number}-{count}", (buy, sell)[rng.randrange(2)], rng)
            self.stop.wait(0.01)  # engines that start side by side need some time, too

    def _place(self, user: User, client_id: str, order: Callable[..., PlacedOrder], rng: random.Random) -> None:
        try:
            placed = order(user, self.market, "1", str(100 + rng.randrange(-3, 4)), client_order_id=client_id)
            self.acknowledged[client_id] = placed
            self.answered_at.append(time.monotonic())
            if placed.order.status == OrderStatus.OPEN and rng.random() < 0.4:
                order_cancel(user=user, order_id=placed.order.pk)
                self.cancelled.add(client_id)
        except ApiError as error:
            if error.code not in TRANSIENT | {ErrorCode.SELF_TRADE}:
                raise
            self.refused.append(error.code.value)
            self.stop.wait(0.05)

    def wait_for_more(self, count: int = 60) -> None:
        """Wait until so many more orders are acknowledged."""
        goal = len(self.acknowledged) + count
        wait_until(lambda: len(self.acknowledged) >= goal or any(job.done() for job in self.jobs), "orders", 30)
        for job in self.jobs:
            assert not job.done() or job.result() is None

    def finish(self) -> None:
        """Stop, and let everybody have the last answer."""
        self.stop.set()
        for job in self.jobs:
            job.result()

    def longest_pause_s(self) -> float:
        """Return the longest time in which no order was acknowledged."""
        times = sorted(self.answered_at)
        return max(later - earlier for earlier, later in pairwise(times))


@contextmanager
def load_on(market: Market, *users: User) -> Iterator[Load]:
    """Trade in the background, and check every answer against the database at the end."""
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    load = Load(market)
    with ThreadPoolExecutor(CLIENTS) as pool:
        for number in range(CLIENTS):
            user = users[number % len(users)]
            load.jobs.append(pool.submit(load.trade, user, number, random.Random(seed + number)))
        try:
            yield load
        finally:
            load.stop.set()
    load.finish()
    check_diary(market, load.acknowledged, load.cancelled)
    while settle_pending(market_id=market.pk, limit=500).claimed:
        pass
    assert_ledger_balances(assets=(market.base_id, market.quote_id))


@contextmanager
def two_engines(market: Market) -> Iterator[tuple[EngineProcess, EngineProcess]]:
    """One that serves, and a warm standby."""
    with EngineProcess(market) as active:
        active.wait_until_served()
        with EngineProcess(market) as standby:
            wait_until(lambda: role_of(standby, market) == "warm", "a warm standby", 60)
            yield active, standby


def test_a_killed_engine_is_replaced_by_its_warm_standby(market: Market, maker: User, taker: User) -> None:
    with load_on(market, maker, taker) as load, two_engines(market) as (active, standby):
        load.wait_for_more()
        active.kill()
        load.wait_for_more()
        load.finish()
        print(f"longest pause {load.longest_pause_s():.2f} s, refused {Counter(load.refused)}")
        assert load.longest_pause_s() < LIMIT_S
        assert f"took over {market.symbol} warm: " in standby.output
        assert standby.events("market_taken_over") and not standby.events("warm_copy_refused")


def test_a_suspended_engine_is_deposed_and_cannot_write_when_it_comes_back(
    market: Market, maker: User, taker: User
) -> None:
    with load_on(market, maker, taker) as load, two_engines(market) as (active, standby):
        load.wait_for_more()
        active.suspend()
        load.wait_for_more()
        assert standby.events("engine_deposed") and standby.events("market_taken_over")
        active.resume()
        wait_until(lambda: active.events("batch_failed"), "the refused write")
        wait_until(lambda: role_of(active, market) == "warm", "the old engine as a standby")
        load.wait_for_more()
        assert role_of(standby, market) == "active"
        load.finish()
        print(f"longest pause {load.longest_pause_s():.2f} s, refused {Counter(load.refused)}")
        assert load.longest_pause_s() < LIMIT_S


@pytest.mark.long
def test_a_rolling_restart_under_load_is_not_noticed(market: Market, maker: User, taker: User) -> None:
    with ExitStack() as stack:
        load = stack.enter_context(load_on(market, maker, taker))
        first, second = stack.enter_context(two_engines(market))
        load.wait_for_more()
        load.refused.clear()
        assert first.stop() == 0
        load.wait_for_more()
        restarted = stack.enter_context(EngineProcess(market))
        wait_until(lambda: role_of(restarted, market) == "warm", "the restarted engine as a standby", 60)
        assert second.stop() == 0
        load.wait_for_more()
        load.finish()
        print(f"longest pause {load.longest_pause_s():.2f} s, refused {Counter(load.refused)}")
        assert set(load.refused) <= {"SELF_TRADE", "ORDER_NOT_CANCELLABLE"}
        assert load.longest_pause_s() < LIMIT_S
