"""A maker and takers in turn, in one thread: the one that is due acts, and in between the thread sleeps.

Nothing is remembered about orders: what the maker has in the book is read before it is changed. So an answer that
was lost, a restart of the exchange or of the flow needs no repair; the next look finds what there is. Should the flow
die, the dead man's switch of the maker takes its quotes out of the book, and the takers' orders expire.
"""

import heapq
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from itertools import count
from typing import Any

import structlog

from demo.flow.crowd import crowd_order, crowd_pair
from demo.flow.desk import AwayError, Desk, RefusedError
from demo.flow.ladder import RUNGS, Changes, Move, Pair, Style, changes
from demo.flow.world import World
from exchange import seeds

log = structlog.get_logger(__name__)

SWITCH_S = 120.0
_RENEW_S, _RULES_S, _STOCKS_S, _REPORT_S = 40.0, 30.0, 60.0, 600.0
_MOVES = 3  # of one market at a time
_BETWEEN_MOVES_S = 0.12
_PAUSE_S, _PAUSE_MAX_S = 0.5, 5.0
_MARKET_PAUSE_S, _POOR_PAUSE_S = 3.0, 60.0

STYLES = {
    "BTC/USDT": Style(30, 0.8, 4_000),
    "ETH/USDT": Style(18, 1.0, 3_000),
    "SOL/USDT": Style(12, 1.6, 1_500),
    "ETH/BTC": Style(6, 1.8, 1_500),
}
_STYLE_OTHERWISE = Style(7, 2.0, 1_000)
_MARKET_AWAY = frozenset(
    {"ENGINE_UNAVAILABLE", "TIMEOUT", "OVERLOADED", "MARKET_CLOSED", "MARKET_HALTED", "MARKET_PRE_OPEN"}
)
_TRADES = ("continuous", "post_only")

Act = Callable[[], None]


@dataclass(order=True, slots=True)
class _Turn:
    due_s: float
    number: int
    act: Act = field(compare=False)
    pair: Pair | None = field(compare=False, default=None)


class Flow:
    """The maker, the takers and their world. `rate` is about how many orders they place and amend in a second."""

    def __init__(self, maker: Desk, takers: list[Desk], *, rate: float, rng: random.Random) -> None:
        self._maker, self._takers, self._rate, self._rng = maker, takers, rate, rng
        self._world: World | None = None
        self._pairs: list[Pair] = []
        self._stocks: dict[str, dict[str, Decimal]] = {}
        self._turns: list[_Turn] = []
        self._numbers = count()
        self._resting_until: dict[str, float] = {}
        self._pause_s = 0.0
        self._is_leaving = False
        self.done = {"quotes": 0, "moves": 0, "orders": 0, "trades": 0, "refusals": 0}

    def run(self, until_s: float) -> None:
        """Trade until a moment of the monotonic clock, or until `leave`; no answer of the exchange ends it."""
        for act in (self._begin, self._look_at_the_rules, self._renew_switch, self._next_order, self._look_at_the_book):
            self._in(0, act)
        self._in(_REPORT_S, self._report)
        while (now_s := time.monotonic()) < until_s and not self._is_leaving:
            wait_s = self._turns[0].due_s - now_s
            if wait_s > 0:
                time.sleep(min(wait_s, until_s - now_s))
            else:
                self._take(heapq.heappop(self._turns))

    def leave(self) -> None:
        """Have `run` return after the turn it is at. May be called from a signal handler."""
        self._is_leaving = True

    def stop(self) -> None:
        """Take all orders out of the books and turn the switch off. Raises AwayError; RefusedError at the end.

        Where a market's engine is away, its orders stay, and go by the switch or as they expire.
        """
        refusals: list[RefusedError] = []
        for desk in (self._maker, *self._takers):
            desk.hang_up()
            try:
                desk.cancel_all()
            except RefusedError as error:
                refusals.append(error)
        if refusals:
            raise refusals[0]
        self._maker.cancel_after(0)

    # --- turns ----------------------------------------------------------------------------------------

    def _in(self, wait_s: float, act: Act, pair: Pair | None = None) -> None:
        heapq.heappush(self._turns, _Turn(time.monotonic() + wait_s, next(self._numbers), act, pair))

    def _take(self, turn: _Turn) -> None:
        """Take a turn; a failure costs a pause. A regular turn has scheduled its next one before it can fail."""
        answers = self._answers()
        try:
            turn.act()
        except AwayError as error:
            self._pause(error)
        except RefusedError as error:
            self._refused(error.code, turn.pair)
        if self._pause_s and self._answers() > answers:
            self._pause_s = 0.0
            log.info("demo_flow_goes_on")

    def _answers(self) -> int:
        return sum(desk.answers for desk in (self._maker, *self._takers))

    def _pause(self, error: AwayError) -> None:
        if not self._pause_s:
            log.warning("demo_flow_waits", reason=str(error))
        self._pause_s = min(_PAUSE_MAX_S, max(_PAUSE_S, 2 * self._pause_s))
        time.sleep(max(error.wait_s, self._pause_s * self._rng.uniform(0.5, 1)))

    def _refused(self, code: str, pair: Pair | None) -> None:
        self.done["refusals"] += 1
        if pair is None:
            return
        if code in _MARKET_AWAY:
            self._resting_until[pair.symbol] = time.monotonic() + _MARKET_PAUSE_S
        elif code == "INSUFFICIENT_BALANCE":
            self._resting_until[pair.symbol] = time.monotonic() + _POOR_PAUSE_S
            log.warning("demo_flow_is_short_of_money", symbol=pair.symbol)
        elif code == "PRICE_OUT_OF_BAND":  # the market is not where its walk is
            self._in(0, lambda: self._start_from(self._known_world(), pair), pair)

    def _open_pairs(self) -> list[Pair]:
        now_s = time.monotonic()
        return [pair for pair in self._pairs if self._resting_until.get(pair.symbol, 0.0) <= now_s]

    def _known_world(self) -> World:
        assert self._world is not None, "Invariant: the rules of a market are known before anybody acts in it"
        self._world.advance(time.monotonic())
        return self._world

    # --- looking --------------------------------------------------------------------------------------

    def _begin(self) -> None:
        """Look at the markets and quote them all at once; again soon until it has worked once."""
        if self._world is not None:
            return
        self._in(_PAUSE_S, self._begin)
        found = self._seeded_markets()
        world = World(self._rng, {market["symbol"]: float(market["reference_price"]) for market in found})
        for pair in _trading(found):
            self._start_from(world, pair)
        self._world = world
        self._pairs = _trading(found)
        for pair in self._pairs:
            self._in(0, partial(self._quote, pair), pair)

    def _look_at_the_rules(self) -> None:
        self._in(_RULES_S, self._look_at_the_rules)
        if self._world is not None:
            self._pairs = _trading(self._seeded_markets())

    def _seeded_markets(self) -> list[dict[str, Any]]:
        seeded = {market.symbol for market in seeds.MARKETS}
        return [market for market in self._maker.markets() if market["symbol"] in seeded]

    def _start_from(self, world: World, pair: Pair) -> None:
        last = self._maker.last_price(pair)
        if last is not None:
            world.go_on_from(pair.symbol, last)

    def _renew_switch(self) -> None:
        self._in(_RENEW_S, self._renew_switch)
        self._maker.cancel_after(SWITCH_S)

    def _report(self) -> None:
        self._in(_REPORT_S, self._report)
        log.info("demo_flow_counts", **self.done)

    # --- the maker ------------------------------------------------------------------------------------

    def _look_at_the_book(self) -> None:
        self._in(4 / self._rate * self._rng.uniform(0.7, 1.3), self._look_at_the_book)
        if pairs := self._open_pairs():
            pair = crowd_pair(pairs, self._rng)
            self._in(0, partial(self._quote, pair), pair)

    def _quote(self, pair: Pair) -> None:
        wanted = self._changes(pair)
        if wanted.new:
            self.done["quotes"] += self._maker.place_several(wanted.new[: 2 * RUNGS])
        steps: list[Act] = [partial(self._move, pair, move) for move in wanted.moves]
        steps += [partial(self._maker.cancel, order) for order in wanted.surplus]
        for i, step in enumerate(steps[:_MOVES]):
            self._in(i * _BETWEEN_MOVES_S, step, pair)

    def _changes(self, pair: Pair) -> Changes:
        world = self._known_world()
        return changes(
            pair,
            price=world.price(pair.symbol),
            quote_dollars=world.dollars(pair.quote),
            heat=world.heat,
            orders=self._maker.open_orders(pair),
            rng=self._rng,
        )

    def _move(self, pair: Pair, move: Move) -> None:
        self._maker.move(pair, move)
        self.done["moves"] += 1

    # --- the takers -----------------------------------------------------------------------------------

    def _next_order(self) -> None:
        heat = self._world.heat if self._world else 1.0
        self._in(self._rng.expovariate(self._rate / 4 * heat), self._next_order)
        if pairs := self._open_pairs():
            pair, taker = crowd_pair(pairs, self._rng), self._rng.choice(self._takers)
            self._in(0, partial(self._trade, taker, pair), pair)

    def _trade(self, taker: Desk, pair: Pair) -> None:
        surplus = self._surplus(taker, pair.base)
        order = crowd_order(pair, self._known_world(), surplus=surplus, now=datetime.now(UTC), rng=self._rng)
        self.done["orders"] += 1
        self.done["trades"] += taker.place(order)

    def _surplus(self, taker: Desk, asset: str) -> float:
        """Return how much more of an asset a taker has than it began with; looked up now and then."""
        if taker.username not in self._stocks:
            self._stocks[taker.username] = taker.stocks()
            self._in(_STOCKS_S, partial(self._stocks.__delitem__, taker.username))
        return float(self._stocks[taker.username].get(asset, Decimal(0)) - seeds.demo_funds(asset))


def _trading(found: list[dict[str, Any]]) -> list[Pair]:
    trading = [market for market in found if market["trading_state"] in _TRADES]
    return [Pair.of(market, STYLES.get(market["symbol"], _STYLE_OTHERWISE)) for market in trading]
