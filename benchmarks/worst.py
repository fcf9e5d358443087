"""The worst that one command of each kind can do to others: how long they wait for answers meanwhile.

Run with `python -m benchmarks worst`. Each kind is tried in several shapes, on a market of its own behind an engine
process. While the command is carried out, another user places and cancels an order in the same market all the time.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from itertools import islice
from typing import TYPE_CHECKING, Any

from benchmarks.environment import roles, wait_for
from benchmarks.figures import make_market, make_traders, percentiles_ms
from matching.engine import Instructions, OrderType, SelfTradePrevention, Side, TimeInForce
from matching.messages import Correlation

if TYPE_CHECKING:
    from exchange.models import Market, User
    from matching.messages import ClientRequest, PlaceRequest, Reply

USERS = 100
TIMEOUT_S = 60.0
AT_ONCE = 500  # requests sent before their answers are waited for
QUIET_PROBES = 20  # answered fast, one after the other: then the command and all that follows it is done
MIDDLE = 10_000
WORKLOAD = (
    f"one market for each shape, {USERS} users; the book is filled through the gateway, then one command is sent, and "
    "another user's orders are placed and cancelled one after the other until everything has become quiet. A latency "
    "runs from submit to the reply, which follows the commit; the first probe is sent right after the command"
)


class Stage:
    """A market, its users, and the gateway to its engine."""

    def __init__(self, market: "Market", users: "Sequence[User]") -> None:
        from orders.gateway import gateway

        self.market = market
        self.users = users
        self._gateway = gateway()

    def send(self, request: "ClientRequest") -> "Future[Reply]":
        return self._gateway.submit(self.market.slug, request, timeout_s=TIMEOUT_S)

    def fill(self, requests: "Iterator[PlaceRequest]") -> None:
        """Send requests and wait until all are executed."""
        while sent := [self.send(request) for request in islice(requests, AT_ONCE)]:
            for answer in sent:
                reply = answer.result(TIMEOUT_S)
                assert reply.code == "", f"Invariant: the book is filled: {reply}"

    def order(
        self,
        user: "User",
        side: Side,
        lots: int,
        price: int = 0,
        *,
        kind: OrderType = OrderType.LIMIT,
        time_in_force: TimeInForce = TimeInForce.GTC,
        **instructions: Any,
    ) -> "PlaceRequest":
        from base.ids import uuid7
        from matching.messages import PlaceRequest

        asked = Instructions(**instructions)
        return PlaceRequest(
            Correlation("", 0),
            deadline_ms(),
            uuid7().bytes,
            user.pk.bytes,
            side.value,
            kind.value,
            (TimeInForce.IOC if kind is OrderType.MARKET else time_in_force).value,
            False,
            price,
            lots,
            0,
            None,
            b"benchmark-digest",
            [int(value) for value in asked] if instructions else None,
        )

    def probe_until_quiet(self, user: "User", done: "Callable[[], bool]") -> list[float]:
        """Place and cancel one order after the other; return how long each answer took."""
        from matching.messages import CancelRequest

        took, quiet = [], 0
        while quiet < QUIET_PROBES:
            order = self.order(user, Side.BUY, 1, 1)
            cancel = CancelRequest(Correlation("", 0), deadline_ms(), order.order_id, user.pk.bytes)
            for request in (order, cancel):
                began = time.perf_counter()
                reply = self.send(request).result(TIMEOUT_S)
                took.append(time.perf_counter() - began)
                assert reply.code in ("", "MARKET_HALTED"), f"Invariant: others are served: {reply}"
            quiet = quiet + 1 if done() else 0
        return took


def deadline_ms() -> int:
    return int((time.time() + TIMEOUT_S) * 1_000)


# --- the kinds ------------------------------------------------------------------------------------------
# Each fills a book and returns the command, given as a function that starts it.


def sweep(
    stage: Stage, makers: int, levels: int, parts: int, kind: OrderType = OrderType.LIMIT
) -> "Callable[[], object]":
    """Return a taker of everything that so many makers offer, on so many levels, each as an iceberg of parts."""
    one, *others = stage.users
    hidden: dict[str, Any] = {"display_lots": 1} if parts > 1 else {}
    stage.fill(
        stage.order(others[n % len(others)], Side.SELL, parts, MIDDLE + n % levels, **hidden) for n in range(makers)
    )
    order = stage.order(one, Side.BUY, makers * parts, MIDDLE + levels if kind is OrderType.LIMIT else 0, kind=kind)
    return lambda: stage.send(order)


def own_orders(stage: Stage, count: int) -> "Callable[[], object]":
    """Return a taker that cancels its own resting orders one by one."""
    one = stage.users[0]
    stage.fill(stage.order(one, Side.SELL, 1, MIDDLE + n % 100) for n in range(count))
    mode = SelfTradePrevention.CANCEL_OLDEST
    order = stage.order(one, Side.BUY, count, MIDDLE + 100, self_trade_prevention=mode)
    return lambda: stage.send(order)


def whole_side(stage: Stage, resting: int) -> "Callable[[], object]":
    """Return a fill-or-kill order for the whole side, of a user whose own order is at its end."""
    one, *others = stage.users
    stage.fill(stage.order(others[n % len(others)], Side.SELL, 1, MIDDLE + n % 1_000) for n in range(resting))
    stage.fill(iter([stage.order(one, Side.SELL, 1, MIDDLE + 2_000)]))
    order = stage.order(one, Side.BUY, resting + 1, MIDDLE + 3_000, time_in_force=TimeInForce.FOK)
    return lambda: stage.send(order)


def cascade(stage: Stage, count: int, prices: int, kind: OrderType) -> "Callable[[], object]":
    """Return a trade that triggers so many stops, at so many prices, each of which trades."""
    one, two, *others = stage.users
    stage.fill(iter([stage.order(one, Side.SELL, 1, MIDDLE), stage.order(two, Side.BUY, 1, MIDDLE)]))
    bottom = MIDDLE - 100 - prices
    for first in range(0, count, AT_ONCE):
        numbers = range(first, min(count, first + AT_ONCE))
        stage.fill(_stop(stage, others[n % len(others)], kind, 100 + n % prices) for n in numbers)
    stage.fill(iter([stage.order(one, Side.BUY, count + 1, bottom)]))
    order = stage.order(two, Side.SELL, 1, bottom)
    return lambda: stage.send(order)


def _stop(stage: Stage, user: "User", kind: OrderType, distance: int) -> "PlaceRequest":
    if kind is OrderType.TRAILING_STOP:
        return stage.order(user, Side.SELL, 1, kind=kind, trail_ticks=distance)
    return stage.order(user, Side.SELL, 1, kind=kind, stop_price_ticks=MIDDLE - distance)


def cancel_all(stage: Stage, count: int) -> "Callable[[], object]":
    """Return the cancelling of so many orders of one user, as `DELETE /orders` does it."""
    from threading import Thread

    from orders.services import orders_cancel_all

    one = stage.users[0]
    stage.fill(stage.order(one, Side.SELL, 1, MIDDLE + n % 5_000) for n in range(count))
    return Thread(target=orders_cancel_all, kwargs={"user": one, "market": stage.market}).start


def expiry(stage: Stage, count: int) -> "Callable[[], object]":
    """Return the moment at which so many orders expire."""
    users, expire_ms = stage.users, int(time.time() * 1_000) + 1_000 + count * 1_000 // 2_500
    stage.fill(
        stage.order(
            users[n % len(users)],
            Side.SELL,
            1,
            MIDDLE + n % 5_000,
            time_in_force=TimeInForce.GTD,
            expire_ms=expire_ms,
        )
        for n in range(count)
    )
    return lambda: time.sleep(max(0, expire_ms / 1_000 - time.time() - 0.05))


def switch(stage: Stage, count: int) -> "Callable[[], object]":
    """Return the moment at which a dead man's switch cancels so many orders."""
    from matching.messages import CancelAfterRequest

    one = stage.users[0]
    stage.fill(stage.order(one, Side.SELL, 1, MIDDLE + n % 5_000) for n in range(count))
    stage.send(CancelAfterRequest(Correlation("", 0), deadline_ms(), one.pk.bytes, 1_000)).result(TIMEOUT_S)
    return lambda: time.sleep(0.95)


def opening(stage: Stage, count: int) -> "Callable[[], object]":
    """Return the opening of a market in which so many orders of each side cross."""
    from exchange.models import Market
    from orders.models import MarketSequence

    users, rows = stage.users, Market.objects.filter(pk=stage.market.pk)
    rows.update(trading_state="pre_open")
    sequence = MarketSequence.objects.filter(market=stage.market, trading_state="pre_open")
    wait_for("the market to be before its opening", sequence.exists)
    half = len(users) // 2
    stage.fill(stage.order(users[n % half], Side.SELL, 1, MIDDLE - n % 1_000) for n in range(count))
    stage.fill(stage.order(users[half + n % half], Side.BUY, 1, MIDDLE + n % 1_000) for n in range(count))
    return lambda: rows.update(trading_state="continuous")


KINDS: dict[str, tuple[Callable[..., "Callable[[], object]"], list[dict[str, Any]]]] = {
    "sweep": (
        sweep,
        [
            {"makers": 3_000, "levels": 1, "parts": 1},
            {"makers": 3_000, "levels": 3_000, "parts": 1},
            {"makers": 990, "levels": 1, "parts": 100},
            {"makers": 990, "levels": 990, "parts": 100},
            {"makers": 3_000, "levels": 3_000, "parts": 1, "kind": OrderType.MARKET},
        ],
    ),
    "own orders": (own_orders, [{"count": 3_000}]),
    "fill or kill": (whole_side, [{"resting": 100_000}]),
    "cascade": (
        cascade,
        [
            {"count": 20_000, "prices": 1, "kind": OrderType.STOP},
            {"count": 20_000, "prices": 2_000, "kind": OrderType.STOP},
            {"count": 20_000, "prices": 1, "kind": OrderType.TRAILING_STOP},
            {"count": 20_000, "prices": 2_000, "kind": OrderType.TRAILING_STOP},
        ],
    ),
    "cancel all": (cancel_all, [{"count": 100_000}]),
    "expiry": (expiry, [{"count": 50_000}]),
    "switch": (switch, [{"count": 50_000}]),
    "auction": (opening, [{"count": 20_000}]),
}


def measure(kind: str, shape: dict[str, Any]) -> dict[str, Any]:
    """Fill a market, start the command, and return how long others waited."""
    from benchmarks.durable import wait_until_served
    from orders.models import JournalBatch, MarketSequence

    market = make_market()
    *users, other = make_traders(market, USERS + 1)
    with roles("engine"):
        wait_until_served(market)
        stage = Stage(market, users)
        start = KINDS[kind][0](stage, **shape)
        known = {"seq": 0}

        def is_done() -> bool:
            """Tell whether nothing but the probes' own events has happened since the last look, and nothing is left."""
            sequence = MarketSequence.objects.select_related("market").get(pk=market.pk)
            if sequence.unfinished or sequence.trading_state != sequence.market.trading_state:
                return False
            last = JournalBatch.objects.filter(market=market).order_by("-id").values_list("first_seq", "last_seq")[:1]
            (first_seq, last_seq), before = last[0], known["seq"]
            known["seq"] = last_seq
            return bool(before) and last_seq - before <= 8 and last_seq - first_seq <= 8

        began = time.perf_counter()
        started = start()
        took = stage.probe_until_quiet(other, is_done)
        elapsed_s = time.perf_counter() - began
        reply = started.result(TIMEOUT_S) if isinstance(started, Future) else None
        assert reply is None or not reply.code, f"Invariant: the command is carried out: {reply}"
    return {
        "command": kind,
        "shape": ", ".join(f"{name} {_shown(value)}" for name, value in shape.items()),
        "ms": percentiles_ms(took),
        "until_quiet_s": round(elapsed_s, 1),
    }


def _shown(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, OrderType) else value.name.lower()


def run() -> dict[str, Any]:
    """Measure each shape of each kind; the figure is the longest that anybody waited."""
    import os

    import django

    django.setup()
    wanted = os.environ.get("WORST", "")
    rows = [measure(kind, shape) for kind, (_, shapes) in KINDS.items() if kind.startswith(wanted) for shape in shapes]
    return {"worst_answer_ms": max(row["ms"]["max"] for row in rows), "workload": WORKLOAD, "rows": rows}
