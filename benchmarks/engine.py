"""The matching engine alone: a mixed flow against a book of thousands of orders, in one process.

Run with `python -m benchmarks.engine`. The commands are built before the clock starts.
"""

import gc
import random
from dataclasses import dataclass
from time import perf_counter_ns

from matching.engine import (
    CancelOrder,
    Command,
    Engine,
    OrderAccepted,
    OrderType,
    PlaceOrder,
    SetRules,
    Side,
    TimeInForce,
    TradeExecuted,
)

SEED = 20_240_607
BOOK_ORDERS = 5_000
BATCH_SIZE = 500
BATCHES = 600
ROUNDS = 3
MID_TICKS = 100_000
BAND_PPM = 100_000
ID_BITS = 128
CANCEL_SHARE = 0.45
WORKLOAD = (
    f"seed {SEED}: book of about {BOOK_ORDERS:,} orders on some 300 price levels, 10 % price band, 128-bit "
    f"ids; {BATCHES:,} batches of {BATCH_SIZE}: 45 % cancels; otherwise a limit order that rests when the "
    "book is below its size, or else an order that takes (70 % limit GTC, 20 % limit IOC, 10 % market)"
)


class Workload:
    """Commands that keep the book at its size, made by driving an engine of its own."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._accounts = [self._random.getrandbits(ID_BITS) for _ in range(200)]
        self._engine = Engine()
        self._open: list[tuple[int, int]] = []
        self.opening: list[Command] = [
            SetRules(0, BAND_PPM, MID_TICKS),
            *(self._passive() for _ in range(BOOK_ORDERS)),
        ]
        for command in self.opening:
            self._run(command)
        self.mixed = [self._run(self._next()) for _ in range(BATCHES * BATCH_SIZE)]

    def _run(self, command: Command) -> Command:
        self._engine.execute(command)
        if isinstance(command, PlaceOrder) and self._engine.find(command.order_id):
            self._open.append((command.order_id, command.account_id))
        return command

    def _next(self) -> Command:
        if self._random.random() < CANCEL_SHARE:
            return self._cancel()
        if self._engine.open_order_count < BOOK_ORDERS:
            return self._passive()
        draw = self._random.random()
        if draw < 0.7:
            return self._aggressive(OrderType.LIMIT, TimeInForce.GTC)
        if draw < 0.9:
            return self._aggressive(OrderType.LIMIT, TimeInForce.IOC)
        return self._aggressive(OrderType.MARKET, TimeInForce.IOC)

    def _cancel(self) -> CancelOrder:
        while True:
            position = self._random.randrange(len(self._open))
            self._open[position], self._open[-1] = self._open[-1], self._open[position]
            order_id, account_id = self._open.pop()
            # Most traders know of their fills, one in forty cancels too late.
            if self._engine.find(order_id) or self._random.random() < 1 / 40:
                return CancelOrder(0, order_id, account_id)

    def _passive(self) -> PlaceOrder:
        side = self._random.choice((Side.BUY, Side.SELL))
        behind = 1 + min(int(self._random.expovariate(1 / 25)), 1_000)
        price = MID_TICKS - behind if side is Side.BUY else MID_TICKS + behind
        return self._order(side, OrderType.LIMIT, TimeInForce.GTC, price, self._random.randint(1, 100))

    def _aggressive(self, order_type: OrderType, time_in_force: TimeInForce) -> PlaceOrder:
        side = self._random.choice((Side.BUY, Side.SELL))
        best = self._engine.best_ask_ticks if side is Side.BUY else self._engine.best_bid_ticks
        price = (best or MID_TICKS) if order_type is OrderType.LIMIT else 0
        return self._order(side, order_type, time_in_force, price, self._random.randint(1, 150))

    def _order(
        self, side: Side, order_type: OrderType, time_in_force: TimeInForce, price_ticks: int, lots: int
    ) -> PlaceOrder:
        return PlaceOrder(
            time_ms=0,
            order_id=self._random.getrandbits(ID_BITS),
            account_id=self._random.choice(self._accounts),
            side=side,
            type=order_type,
            time_in_force=time_in_force,
            post_only=False,
            price_ticks=price_ticks,
            quantity_lots=lots,
            budget=0,
        )


@dataclass(frozen=True, slots=True)
class Timing:
    batch_ns: list[int]
    accepted: int
    trades: int
    open_orders: int

    def figures(self) -> dict[str, float]:
        per_command_us = sorted(batch_ns / BATCH_SIZE / 1_000 for batch_ns in self.batch_ns)
        return {
            "commands_per_s": round(len(per_command_us) * BATCH_SIZE * 1e9 / sum(self.batch_ns)),
            "p50_us": round(per_command_us[len(per_command_us) // 2], 2),
            "p99_us": round(per_command_us[len(per_command_us) * 99 // 100], 2),
            "max_us": round(per_command_us[-1], 2),
        }


def time_batches(workload: Workload, *, with_hash: bool) -> Timing:
    """Run the workload on a fresh engine and time each batch of it."""
    engine = Engine()
    for command in workload.opening:
        engine.execute(command)
    engine.state_hash()
    batch_ns, accepted, trades = [], 0, 0
    for start in range(0, len(workload.mixed), BATCH_SIZE):
        batch = workload.mixed[start : start + BATCH_SIZE]
        started_ns = perf_counter_ns()
        results = [engine.execute(command) for command in batch]
        if with_hash:
            engine.state_hash()
        batch_ns.append(perf_counter_ns() - started_ns)
        kinds = [type(event) for events in results for event in events]
        accepted += kinds.count(OrderAccepted)
        trades += kinds.count(TradeExecuted)
    return Timing(batch_ns, accepted, trades, engine.open_order_count)


def run() -> dict[str, object]:
    """Measure the engine; the figures are those of the fastest of the rounds, which are all listed.

    `engine_mixed_commands_per_s` is without the hash, microseconds are per command, averaged over a batch.
    """
    workload = Workload(SEED)
    # The garbage collector stays on, but does not scan the pre-built commands, which no real engine carries.
    gc.collect()
    gc.freeze()
    # Rounds take turns, so that a busy moment of the machine does not fall on one kind alone.
    rounds = [(time_batches(workload, with_hash=False), time_batches(workload, with_hash=True)) for _ in range(ROUNDS)]
    plain, hashed = (min(timings, key=lambda timing: sum(timing.batch_ns)) for timings in zip(*rounds, strict=True))
    return {
        "engine_mixed_commands_per_s": plain.figures()["commands_per_s"],
        "workload": WORKLOAD,
        "commands": len(workload.mixed),
        "orders_accepted": plain.accepted,
        "trades": plain.trades,
        "open_orders_at_end": plain.open_orders,
        "without_hash": plain.figures(),
        "with_hash_per_batch": hashed.figures(),
        "all_rounds_commands_per_s": [timing.figures()["commands_per_s"] for pair in rounds for timing in pair],
    }


if __name__ == "__main__":
    for name, value in run().items():
        print(f"{name:28} {value}")
