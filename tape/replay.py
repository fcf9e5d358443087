"""Sends a plan to the exchange over several connections and keeps the tally."""

import time
from collections.abc import Iterable, Sequence
from contextlib import closing
from queue import SimpleQueue
from threading import Thread
from typing import Any, NamedTuple

from client.rest import Answer, Connection, Endpoint, Session, Trader
from tape.flight import Flight
from tape.lobster import PRICE_STEPS
from tape.plan import Action, ActionKind
from tape.report import Tally


class _Placed(NamedTuple):
    account: int
    order_id: str
    quantity: int


class Replay:
    """Runs actions against one market. The last account takes, the others make, so that none trades with itself."""

    def __init__(
        self, *, endpoint: Endpoint, market: str, sessions: Sequence[Session], connections: int, run_id: str
    ) -> None:
        assert len(sessions) > 1, "Invariant: maker and taker are different accounts"
        self.tally = Tally()
        self._endpoint = endpoint
        self._market = market
        self._sessions = sessions
        self._run_id = run_id
        self._flight = Flight(connections)
        self._queue: SimpleQueue[tuple[int, Action] | None] = SimpleQueue()
        self._placed: dict[int, _Placed] = {}
        self._threads = [Thread(target=self._work, daemon=True) for _ in range(connections)]

    def run(self, actions: Iterable[Action], *, speed: float | None) -> None:
        """Send everything, in the tape's time multiplied by `speed`, or as fast as it goes.

        Raises ReplayStoppedError when the exchange cannot be reached. What is on its way is answered before this
        returns, also after an exception.
        """
        for thread in self._threads:
            thread.start()
        try:
            self._dispatch(actions, speed)
            self._flight.land()
        finally:
            for _ in self._threads:
                self._queue.put(None)
            for thread in self._threads:
                thread.join()

    def cancel_open_orders(self) -> int:
        """Cancel what earlier replays left in the market; return how many orders that were."""
        cancelled = 0
        with closing(Connection(self._endpoint)) as connection:
            for session in self._sessions:
                trader = Trader(connection, session)
                while found := trader.open_orders(self._market):
                    cancelled += sum(not trader.cancel(order_id).code for order_id in found)
        return cancelled

    def _dispatch(self, actions: Iterable[Action], speed: float | None) -> None:
        begun, first_ns = time.monotonic(), None
        for action in actions:
            if speed is not None:
                first_ns = action.time_ns if first_ns is None else first_ns
                due = begun + (action.time_ns - first_ns) / 1e9 / speed
                time.sleep(max(0.0, due - time.monotonic()))
            self._queue.put((self._flight.enter(action), action))

    # --- in the threads -----------------------------------------------------------------------------

    def _work(self) -> None:
        connection = Connection(self._endpoint)
        while (taken := self._queue.get()) is not None:
            number, action = taken
            try:
                self._do(connection, action)
            except Exception as error:  # whatever it is, the replay must end and say so
                self._flight.fail(error)
            finally:
                self._flight.leave(number)
        connection.close()

    def _do(self, connection: Connection, action: Action) -> None:
        if action.kind is ActionKind.EXECUTE:
            self._execute(connection, action)
        elif action.kind is ActionKind.PLACE:
            self._place(connection, action)
        elif action.order_id not in self._placed:
            self.tally.not_sent("its order was not accepted")
        elif action.kind is ActionKind.REDUCE:
            self._reduce(connection, action)
        else:
            self._cancel(connection, action)

    def _place(self, connection: Connection, action: Action) -> None:
        account = action.order_id % (len(self._sessions) - 1)
        order = self._limit(action, "gtc")
        answer = self._send_order(connection, account, f"{action.line}:{action.order_id}", order)
        if not answer.code:
            self._placed[action.order_id] = _Placed(account, answer.data["order"]["id"], action.size)

    def _execute(self, connection: Connection, action: Action) -> None:
        order = self._limit(action, "ioc")
        answer = self._send_order(connection, len(self._sessions) - 1, f"{action.line}:x", order)
        fills = [(trade["price"], int(trade["quantity"])) for trade in answer.data.get("trades", ())]
        self.tally.executed([(_price(fill.price_e4), fill.size) for fill in action.fills], fills)

    def _cancel(self, connection: Connection, action: Action) -> None:
        placed = self._placed.pop(action.order_id)
        begun = time.perf_counter()
        answer = Trader(connection, self._sessions[placed.account]).cancel(placed.order_id)
        self.tally.answered("cancel", time.perf_counter() - begun, answer)

    def _reduce(self, connection: Connection, action: Action) -> None:
        """Amend the total quantity, fills included, so that the order keeps its place in the queue."""
        placed = self._placed[action.order_id]
        quantity = placed.quantity - action.size
        begun = time.perf_counter()
        answer = Trader(connection, self._sessions[placed.account]).amend(placed.order_id, quantity)
        self.tally.answered("amend", time.perf_counter() - begun, answer)
        if not answer.code:
            self._placed[action.order_id] = placed._replace(quantity=quantity)

    def _send_order(self, connection: Connection, account: int, name: str, order: dict[str, Any]) -> Answer:
        order["client_order_id"] = f"tape:{self._run_id}:{name}"
        begun = time.perf_counter()
        answer = Trader(connection, self._sessions[account]).place(order)
        self.tally.answered("place", time.perf_counter() - begun, answer)
        return answer

    def _limit(self, action: Action, time_in_force: str) -> dict[str, Any]:
        return {
            "symbol": self._market,
            "side": "buy" if action.is_buy else "sell",
            "type": "limit",
            "time_in_force": time_in_force,
            "price": _price(action.price_e4),
            "quantity": str(action.size),
        }


def _price(price_e4: int) -> str:
    cents = price_e4 // PRICE_STEPS
    return f"{cents // 100}.{cents % 100:02d}"
