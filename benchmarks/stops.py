"""Stops: what a trade costs while thousands wait that it does not trigger, and hundreds triggered by one trade.

Run with `python -m benchmarks stops`. All commands are built before the clock starts.
"""

import gc
import random
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

from benchmarks.environment import roles
from benchmarks.figures import make_market, make_traders
from matching.engine import (
    Engine,
    Instructions,
    OrderType,
    PlaceOrder,
    Side,
    StopTriggered,
    TimeInForce,
    TradeExecuted,
)
from matching.messages import Correlation

if TYPE_CHECKING:
    from concurrent.futures import Future

    from exchange.models import Market, User
    from matching.messages import PlaceRequest, Reply

SEED = 20_240_708
PENDING = (0, 100, 1_000, 10_000)
ROUNDS = 7
TRADES = 2_000  # a round
CHUNK = 50  # trades timed together
MID_TICKS = 1_000_000
NEAREST, FURTHEST = 0.2, 0.5  # of the price, between it and the stops that wait
MAKER, TAKER = 1, 2
DEEP_LOTS = 1_000_000_000
TRIGGERED = 200
USERS = 100
TIMEOUT_S = 10.0
WORKLOAD = (
    f"seed {SEED}: an engine with 0 to {PENDING[-1]:,} waiting stops of all types, both sides, {NEAREST:.0%} to "
    f"{FURTHEST:.0%} from the price, trailing ones by ticks and by percent. One trade a command, {TRADES:,} a round, "
    f"{ROUNDS} rounds that take turns; medians of groups of {CHUNK}. Steady: all at one price. Rising: each at a new "
    f"high, which moves the trailing sell stops. Then one trade that triggers {TRIGGERED:,} sell stops, which all "
    "trade; in a cascade each is triggered by the one before. Last the same through the gateway and an engine process "
    "to the commit"
)


class Ids:
    """Order ids one after the other."""

    def __init__(self) -> None:
        self._last = 0

    def next(self) -> int:
        self._last += 1
        return self._last


def limit(
    ids: Ids, account: int, side: Side, price: int, lots: int, time_in_force: TimeInForce = TimeInForce.GTC
) -> PlaceOrder:
    return PlaceOrder(
        time_ms=0,
        order_id=ids.next(),
        account_id=account,
        side=side,
        type=OrderType.LIMIT,
        time_in_force=time_in_force,
        post_only=False,
        price_ticks=price,
        quantity_lots=lots,
        budget=0,
    )


# --- stops that wait ------------------------------------------------------------------------------------


def stop_far_away(ids: Ids, rnd: random.Random) -> PlaceOrder:
    """Return a stop of any type that no price near the middle triggers."""
    order_type = rnd.choice([kind for kind in OrderType if kind >= OrderType.STOP])
    side = rnd.choice((Side.BUY, Side.SELL))
    distance = rnd.uniform(NEAREST, FURTHEST)
    is_profit = order_type in (OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_LIMIT)
    sign = 1 if (side is Side.BUY) != is_profit else -1
    price = 0
    if order_type is OrderType.TRAILING_STOP:
        by_ticks = rnd.random() < 0.5
        trail = Instructions(
            trail_ticks=int(MID_TICKS * distance) if by_ticks else 0,
            trail_ppm=0 if by_ticks else int(1_000_000 * distance),
        )
    else:
        trail = Instructions(stop_price_ticks=int(MID_TICKS * (1 + sign * distance)))
        if order_type in (OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT_LIMIT):
            price = trail.stop_price_ticks
    account = rnd.randrange(10, 210)
    return PlaceOrder(
        time_ms=0,
        order_id=ids.next(),
        account_id=account,
        side=side,
        type=order_type,
        time_in_force=TimeInForce.GTC,
        post_only=False,
        price_ticks=price,
        quantity_lots=rnd.randint(1, 100),
        budget=0,
        instructions=trail,
    )


def engine_with_stops(ids: Ids, count: int) -> Engine:
    """Return an engine that has traded at the middle, and in which so many stops wait."""
    engine = Engine()
    rnd = random.Random(SEED)
    trade = limit(ids, MAKER, Side.SELL, MID_TICKS, 1), limit(ids, TAKER, Side.BUY, MID_TICKS, 1)
    for command in (*trade, *(stop_far_away(ids, rnd) for _ in range(count))):
        engine.execute(command)
    assert engine.open_order_count == count, "Invariant: every stop waits"
    return engine


def time_trades(pending: int, *, is_rising: bool) -> list[float]:
    """Return nanoseconds per trade, one figure for each chunk of a round."""
    ids = Ids()
    engine = engine_with_stops(ids, pending)
    prices = [MID_TICKS + 1 + index if is_rising else MID_TICKS for index in range(TRADES)]
    for price in prices if is_rising else prices[:1]:
        engine.execute(limit(ids, MAKER, Side.SELL, price, 1 if is_rising else DEEP_LOTS))
    takers = [limit(ids, TAKER, Side.BUY, price, 1, TimeInForce.IOC) for price in prices]
    execute = engine.execute
    timed = []
    with quiet_collector():
        for start in range(0, TRADES, CHUNK):
            chunk = takers[start : start + CHUNK]
            began = perf_counter_ns()
            for command in chunk:
                execute(command)
            timed.append((perf_counter_ns() - began) / CHUNK)
    assert engine.last_price_ticks == prices[-1], "Invariant: every command traded"
    assert engine.open_order_count == pending + (not is_rising), "Invariant: no stop was triggered"
    return timed


@contextmanager
def quiet_collector() -> Iterator[None]:
    """Keep the garbage collector from what was built before; it stays on."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def waiting_rows() -> list[dict[str, Any]]:
    """Measure a trade beside each number of stops; rounds take turns, so that a busy moment hits all alike."""
    timed: dict[tuple[int, bool], list[float]] = {(count, rising): [] for count in PENDING for rising in (False, True)}
    for _ in range(ROUNDS):
        for (count, is_rising), chunks in timed.items():
            chunks.extend(time_trades(count, is_rising=is_rising))
    medians = {case: statistics.median(chunks) for case, chunks in timed.items()}
    return [
        {
            "stops_waiting": count,
            "steady_ns": round(medians[count, False]),
            "steady_to_none": round(medians[count, False] / medians[0, False], 3),
            "rising_ns": round(medians[count, True]),
            "rising_to_none": round(medians[count, True] / medians[0, True], 3),
        }
        for count in PENDING
    ]


# --- stops that are triggered ---------------------------------------------------------------------------


def at_once(ids: Ids) -> list[PlaceOrder]:
    """Return sell stops that one price triggers, the bid that they all meet, and the order that begins it."""
    bid = limit(ids, MAKER, Side.BUY, MID_TICKS - 1_000, DEEP_LOTS)
    stops = [sell_stop(ids, MID_TICKS - 1 - index % 100) for index in range(TRIGGERED)]
    return [*stops, bid, limit(ids, TAKER, Side.SELL, bid.price_ticks, 1, TimeInForce.IOC)]


def cascade(ids: Ids) -> list[PlaceOrder]:
    """Return sell stops of which each trades at the price that triggers the next, and the order that begins it."""
    bids = [limit(ids, MAKER, Side.BUY, MID_TICKS - 1 - index, 1) for index in range(TRIGGERED + 1)]
    stops = [sell_stop(ids, bid.price_ticks) for bid in bids[:TRIGGERED]]
    return [*stops, *bids, limit(ids, TAKER, Side.SELL, bids[0].price_ticks, 1, TimeInForce.IOC)]


def sell_stop(ids: Ids, stop_price: int) -> PlaceOrder:
    return PlaceOrder(
        time_ms=0,
        order_id=ids.next(),
        account_id=10 + stop_price % 100,
        side=Side.SELL,
        type=OrderType.STOP,
        time_in_force=TimeInForce.GTC,
        post_only=False,
        price_ticks=0,
        quantity_lots=1,
        budget=0,
        instructions=Instructions(stop_price_ticks=stop_price),
    )


def triggered_row(name: str, make: Callable[[Ids], list[PlaceOrder]]) -> dict[str, Any]:
    """Time the one command that triggers all; the median of the rounds."""
    timed = []
    for _ in range(ROUNDS):
        ids = Ids()
        engine = engine_with_stops(ids, 0)
        *before, last = make(ids)
        for command in before:
            engine.execute(command)
        with quiet_collector():
            began = perf_counter_ns()
            events = engine.execute(last)
            timed.append(perf_counter_ns() - began)
        kinds = [type(event) for event in events]
        assert (kinds.count(StopTriggered), kinds.count(TradeExecuted)) == (TRIGGERED, TRIGGERED + 1)
    return {
        "triggered": f"{TRIGGERED:,} {name}",
        "command_ms": round(statistics.median(timed) / 1e6, 2),
        "us_per_stop": round(statistics.median(timed) / 1e3 / TRIGGERED, 2),
        "events": len(events),
    }


# --- to the commit --------------------------------------------------------------------------------------


class DurableStops:
    """The same stops sent as any order is, to an engine process and its journal."""

    def __init__(self, market: "Market", users: "list[User]") -> None:
        from orders.gateway import gateway

        self._gateway = gateway()
        self._market = market
        self._users = users

    def place(self) -> None:
        """Make a last price, then place the stops and the bid that they will meet."""
        maker, taker = self._users[0], self._users[1]
        self._await([self._send(maker, Side.SELL, OrderType.LIMIT, 10_000, 1)])
        self._await([self._send(taker, Side.BUY, OrderType.LIMIT, 10_000, 1)])
        stops = [
            self._send(self._users[2 + index % (USERS - 2)], Side.SELL, OrderType.STOP, 0, 1, 9_999 - index % 100)
            for index in range(TRIGGERED)
        ]
        self._await([*stops, self._send(maker, Side.BUY, OrderType.LIMIT, 9_500, 1_000_000)])

    def trigger(self) -> float:
        """Trade at a price that all stops wait for; return the milliseconds to the answer, which follows the commit."""
        began = perf_counter_ns()
        self._await([self._send(self._users[1], Side.SELL, OrderType.LIMIT, 9_500, 1)])
        return (perf_counter_ns() - began) / 1e6

    def _send(
        self, user: "User", side: Side, order_type: OrderType, price: int, lots: int, stop_price: int = 0
    ) -> "Future[Reply]":
        return self._gateway.submit(
            self._market.slug, _request(user, side, order_type, price, lots, stop_price), timeout_s=TIMEOUT_S
        )

    def _await(self, sent: "list[Future[Reply]]") -> None:
        from matching.messages import ReplyStatus

        for future in sent:
            reply = future.result(TIMEOUT_S)
            assert (reply.status, reply.code) == (ReplyStatus.EXECUTED, ""), f"Invariant: it is accepted: {reply}"


def _request(user: "User", side: Side, order_type: OrderType, price: int, lots: int, stop_price: int) -> "PlaceRequest":
    from base.ids import uuid7
    from matching.messages import PlaceRequest

    return PlaceRequest(
        Correlation("", 0),
        int((time.time() + TIMEOUT_S) * 1_000),
        uuid7().bytes,
        user.pk.bytes,
        side.value,
        order_type.value,
        TimeInForce.GTC.value,
        False,
        price,
        lots,
        0,
        None,
        b"benchmark-digest",
        Instructions(stop_price_ticks=stop_price) if stop_price else None,
    )


def durable_row() -> dict[str, Any]:
    """Trigger the stops of a market behind an engine process; count the batches it took from the journal."""
    import django

    django.setup()
    from benchmarks.durable import wait_until_served
    from orders.models import JournalBatch, Order
    from settlement.selectors import ledger_imbalances

    market = make_market()
    with roles("engine"):
        wait_until_served(market)
        stops = DurableStops(market, make_traders(market, USERS))
        stops.place()
        pending = Order.objects.filter(market=market, status="pending").count()
        assert pending == TRIGGERED, f"Invariant: every stop waits, not {pending}"
        last_seq = max(JournalBatch.objects.filter(market=market).values_list("last_seq", flat=True))
        took_ms = stops.trigger()
        filled = Order.objects.filter(market=market, type="stop", status="filled").count()
        batches = list(JournalBatch.objects.filter(market=market, last_seq__gt=last_seq))
    assert filled == TRIGGERED, f"Invariant: every stop is filled with the answer, not {filled}"
    assert ledger_imbalances() == [], "Invariant: no coin appears or disappears"
    return {"durable_ms": round(took_ms, 1), "batches": len(batches), "stops_filled": filled}


def run() -> dict[str, Any]:
    """Measure; the two ratios are between the most stops and none."""
    waiting = waiting_rows()
    triggered = [triggered_row("at once", at_once), triggered_row("in a cascade", cascade)]
    durable = durable_row()
    most = waiting[-1]
    return {
        "stops_trade_cost_ratio": most["steady_to_none"],
        "stops_rising_cost_ratio": most["rising_to_none"],
        "stops_triggered_batches": durable["batches"],
        "stops_triggered_durable_ms": durable["durable_ms"],
        "workload": WORKLOAD,
        "waiting": waiting,
        "triggered": triggered,
        "durable": [durable],
    }
