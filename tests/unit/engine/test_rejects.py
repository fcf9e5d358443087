"""Every reason to refuse a command, and which one is given when several apply."""

import pytest

from matching.engine import (
    AmendOrder,
    AmendRejected,
    CancelOrder,
    CancelRejected,
    Command,
    Engine,
    Event,
    OrderRejected,
    OrderType,
    PlaceGroup,
    PlaceOrder,
    RejectReason,
    SelfTradePrevention,
    SetRules,
    SetTradingState,
    TradingState,
)
from tests.unit.engine.cast import (
    BUY,
    FOK,
    IOC,
    MAKER,
    OUTSIDER,
    SELL,
    TAKER,
    amend,
    asking,
    bracket,
    cancel,
    limit,
    market,
    oco,
    run,
    stop,
    typed,
)

ASK, BID = limit(1, SELL, 5, 100), limit(2, BUY, 5, 90)
BAND = SetRules(0, 100_000, 100)
TRADED_AT_95: list[Command] = [limit(91, SELL, 1, 95), limit(92, BUY, 1, 95, account=TAKER)]
ONE_ORDER, ONE_STOP = SetRules(0, 0, 0, max_orders=1), SetRules(0, 0, 0, max_stops=1)
STOP_LIMIT, TRAILING, TAKE_PROFIT = OrderType.STOP_LIMIT, OrderType.TRAILING_STOP, OrderType.TAKE_PROFIT
OLDEST = SelfTradePrevention.CANCEL_OLDEST


def state(to: TradingState) -> SetTradingState:
    return SetTradingState(0, to)


REFUSALS: dict[str, tuple[RejectReason, list[Command], Command]] = {
    "closed": (RejectReason.MARKET_CLOSED, [state(TradingState.CLOSED)], limit(9, BUY, 1, 50)),
    "closed, market order": (RejectReason.MARKET_CLOSED, [ASK, state(TradingState.CLOSED)], market(9, BUY, 1)),
    "halted": (RejectReason.MARKET_HALTED, [state(TradingState.HALTED)], limit(9, BUY, 1, 50)),
    "halted, stop": (RejectReason.MARKET_HALTED, [state(TradingState.HALTED)], stop(9, BUY, 1, 50)),
    "halted, amend": (RejectReason.MARKET_HALTED, [ASK, state(TradingState.HALTED)], amend(1, lots=4)),
    "pre-open, market order": (RejectReason.MARKET_PRE_OPEN, [state(TradingState.PRE_OPEN)], market(9, BUY, 1)),
    "pre-open, ioc": (RejectReason.MARKET_PRE_OPEN, [state(TradingState.PRE_OPEN)], limit(9, BUY, 1, 50, tif=IOC)),
    "pre-open, post-only": (
        RejectReason.MARKET_PRE_OPEN,
        [state(TradingState.PRE_OPEN)],
        limit(9, BUY, 1, 50, post_only=True),
    ),
    "too many orders": (RejectReason.TOO_MANY_ORDERS, [ONE_ORDER, ASK], limit(9, BUY, 1, 50)),
    "too many orders, stop": (RejectReason.TOO_MANY_ORDERS, [ONE_ORDER, ASK], stop(9, BUY, 1, 150)),
    "too many orders, oco": (
        RejectReason.TOO_MANY_ORDERS,
        [ONE_ORDER],
        oco(limit(8, SELL, 1, 200), stop(9, SELL, 1, 50)),
    ),
    "too many orders, bracket": (
        RejectReason.TOO_MANY_ORDERS,
        [SetRules(0, 0, 0, max_orders=2)],
        bracket(limit(7, BUY, 1, 50), limit(8, SELL, 1, 200), stop(9, SELL, 1, 40)),
    ),
    "too many stops": (RejectReason.TOO_MANY_STOPS, [ONE_STOP, stop(1, BUY, 1, 150)], stop(9, BUY, 1, 160)),
    "too many stops, bracket": (
        RejectReason.TOO_MANY_STOPS,
        [ONE_STOP, stop(1, BUY, 1, 150)],
        bracket(limit(7, BUY, 1, 50), limit(8, SELL, 1, 200), stop(9, SELL, 1, 40)),
    ),
    "expired before it came": (
        RejectReason.ALREADY_EXPIRED,
        [],
        asking(limit(9, BUY, 1, 50), expire_ms=7)._replace(time_ms=7),
    ),
    "trailing before the first trade": (
        RejectReason.NO_LAST_PRICE,
        [],
        stop(9, SELL, 1, kind=TRAILING, trail_ticks=3),
    ),
    "trailing below the lowest price": (
        RejectReason.PRICE_OUT_OF_BAND,
        TRADED_AT_95,
        stop(9, SELL, 1, kind=TRAILING, trail_ticks=95),
    ),
    "limit far from its stop": (
        RejectReason.PRICE_OUT_OF_BAND,
        [BAND],
        stop(9, BUY, 1, 150, kind=STOP_LIMIT, price=166),
    ),
    "stop-loss far from its stop": (
        RejectReason.PRICE_OUT_OF_BAND,
        [BAND],
        bracket(limit(7, BUY, 1, 95), limit(8, SELL, 1, 200), stop(9, SELL, 1, 90, kind=STOP_LIMIT, price=80)),
    ),
    "amend out of the band": (RejectReason.PRICE_OUT_OF_BAND, [ASK, BAND], amend(1, price=111)),
    "amend a stop's limit far from its stop": (
        RejectReason.PRICE_OUT_OF_BAND,
        [BAND, stop(1, BUY, 1, 150, kind=STOP_LIMIT, price=150)],
        amend(1, price=166),
    ),
    "stop below the last price that buys": (RejectReason.STOP_WOULD_TRIGGER, TRADED_AT_95, stop(9, BUY, 1, 95)),
    "stop above the last price that sells": (RejectReason.STOP_WOULD_TRIGGER, TRADED_AT_95, stop(9, SELL, 1, 96)),
    "take-profit that sells below": (
        RejectReason.STOP_WOULD_TRIGGER,
        TRADED_AT_95,
        stop(9, SELL, 1, 94, kind=TAKE_PROFIT),
    ),
    "stop on the wrong side of the reference price": (
        RejectReason.STOP_WOULD_TRIGGER,
        [BAND],
        stop(9, BUY, 1, 100),
    ),
    "oco, stop on the wrong side": (
        RejectReason.STOP_WOULD_TRIGGER,
        TRADED_AT_95,
        oco(limit(8, SELL, 1, 200), stop(9, SELL, 1, 96)),
    ),
    "oco, both legs on the wrong side": (
        RejectReason.STOP_WOULD_TRIGGER,
        [*TRADED_AT_95, BID],
        oco(limit(8, SELL, 1, 90, account=TAKER), stop(9, SELL, 1, 96, account=TAKER)),
    ),
    "oco, limit that would trade": (
        RejectReason.POST_ONLY_WOULD_TRADE,
        [BID],
        oco(limit(8, SELL, 1, 90, account=TAKER), stop(9, SELL, 1, 50, account=TAKER)),
    ),
    "reprice below the band": (
        RejectReason.POST_ONLY_WOULD_TRADE,
        [limit(1, SELL, 1, 90), BAND],
        asking(limit(9, BUY, 1, 95, post_only=True), reprice=True),
    ),
    "amend a post-only order across": (
        RejectReason.POST_ONLY_WOULD_TRADE,
        [ASK, limit(9, BUY, 1, 95, post_only=True)],
        amend(9, price=100),
    ),
    "own order first": (RejectReason.SELF_TRADE, [ASK], limit(9, BUY, 1, 100)),
    "own order first, market": (RejectReason.SELF_TRADE, [ASK], market(9, BUY, 1, account=MAKER)),
    "amend into an own order": (RejectReason.SELF_TRADE, [ASK, BID], amend(2, price=100)),
    "duplicate": (RejectReason.DUPLICATE_ORDER_ID, [ASK], limit(1, SELL, 1, 200)),
    "above the band": (RejectReason.PRICE_OUT_OF_BAND, [BAND], limit(9, BUY, 1, 111)),
    "below the band": (RejectReason.PRICE_OUT_OF_BAND, [BAND], limit(9, BUY, 1, 89)),
    "no price": (RejectReason.PRICE_OUT_OF_BAND, [], limit(9, BUY, 1, 0)),
    "price over 63 bits": (RejectReason.PRICE_OUT_OF_BAND, [], limit(9, BUY, 1, 1 << 63)),
    "post-only buy": (RejectReason.POST_ONLY_WOULD_TRADE, [ASK], limit(9, BUY, 1, 100, post_only=True)),
    "post-only sell": (RejectReason.POST_ONLY_WOULD_TRADE, [BID], limit(9, SELL, 1, 90, post_only=True)),
    "post-only market": (RejectReason.POST_ONLY_WOULD_TRADE, [ASK], market(9, BUY, 1, post_only=True)),
    "state post-only": (
        RejectReason.POST_ONLY_WOULD_TRADE,
        [ASK, state(TradingState.POST_ONLY)],
        limit(9, BUY, 1, 100, tif=IOC),
    ),
    "empty book": (RejectReason.INSUFFICIENT_LIQUIDITY, [BID], market(9, BUY, 1)),
    "empty book, fok": (RejectReason.INSUFFICIENT_LIQUIDITY, [BID], market(9, BUY, 1, tif=FOK)),
    "book outside the band": (
        RejectReason.INSUFFICIENT_LIQUIDITY,
        [ASK, SetRules(0, 100_000, 50)],
        market(9, BUY, 1),
    ),
    "budget below one lot": (RejectReason.INSUFFICIENT_LIQUIDITY, [ASK], market(9, BUY, budget=99)),
    "cancel of what is not there": (RejectReason.ORDER_NOT_FOUND, [ASK], cancel(55)),
    "cancel of another's order": (RejectReason.ORDER_NOT_FOUND, [ASK], cancel(1, account=OUTSIDER)),
    "amend of what is not there": (RejectReason.ORDER_NOT_FOUND, [ASK], amend(55, lots=1)),
    "amend of another's order": (RejectReason.ORDER_NOT_FOUND, [ASK], amend(1, lots=1, account=OUTSIDER)),
    "amend of an exit's quantity": (
        RejectReason.ORDER_LINKED,
        [bracket(limit(1, SELL, 5, 100), limit(2, BUY, 5, 50), stop(3, BUY, 5, 200))],
        amend(2, lots=4),
    ),
    "amend of a leg below what it may be": (
        RejectReason.POST_ONLY_WOULD_TRADE,
        [BID, oco(limit(4, SELL, 1, 200), stop(5, SELL, 1, 50))],
        amend(4, price=90),
    ),
    "amend to a stop price that is reached": (
        RejectReason.STOP_WOULD_TRIGGER,
        [SetRules(0, 0, 100), stop(1, BUY, 1, 150)],
        amend(1, stop_price=100),
    ),
    "price for a stop without a limit": (
        RejectReason.PRICE_NOT_AMENDABLE,
        [stop(1, BUY, 1, 150)],
        amend(1, price=151),
    ),
    "stop price for a limit order": (RejectReason.TRIGGER_NOT_AMENDABLE, [ASK], amend(1, stop_price=150)),
    "amend below what is filled": (
        RejectReason.QUANTITY_BELOW_FILLED,
        [ASK, limit(3, BUY, 2, 100, account=TAKER)],
        amend(1, lots=2),
    ),
}

PRECEDENCE: dict[str, tuple[RejectReason, list[Command], Command]] = {
    "halted before duplicate": (
        RejectReason.MARKET_HALTED,
        [ASK, state(TradingState.HALTED)],
        limit(1, BUY, 1, 100),
    ),
    "closed before duplicate": (
        RejectReason.MARKET_CLOSED,
        [ASK, state(TradingState.CLOSED)],
        limit(1, BUY, 1, 100),
    ),
    "duplicate before band": (RejectReason.DUPLICATE_ORDER_ID, [ASK, BAND], limit(1, BUY, 1, 500)),
    "band before post-only": (
        RejectReason.PRICE_OUT_OF_BAND,
        [ASK, BAND],
        limit(9, BUY, 1, 500, post_only=True),
    ),
    "duplicate before post-only": (
        RejectReason.DUPLICATE_ORDER_ID,
        [ASK],
        limit(1, BUY, 1, 100, post_only=True),
    ),
    "duplicate before liquidity": (RejectReason.DUPLICATE_ORDER_ID, [BID], market(2, BUY, 1)),
    "post-only before own order": (
        RejectReason.POST_ONLY_WOULD_TRADE,
        [ASK],
        limit(9, BUY, 1, 100, post_only=True),
    ),
    "too many before band": (
        RejectReason.TOO_MANY_ORDERS,
        [ASK, SetRules(0, 100_000, 100, max_orders=1)],
        limit(9, BUY, 1, 500),
    ),
    "halted before not found": (RejectReason.MARKET_HALTED, [state(TradingState.HALTED)], amend(55, lots=1)),
    "linked before no price": (
        RejectReason.ORDER_LINKED,
        [bracket(limit(1, SELL, 5, 100), limit(2, BUY, 5, 50), stop(3, BUY, 5, 200))],
        amend(3, lots=4, price=150),
    ),
    "no price before no stop price": (
        RejectReason.PRICE_NOT_AMENDABLE,
        [ASK, limit(8, BUY, 1, 100, account=TAKER), stop(9, BUY, 1, kind=OrderType.TRAILING_STOP, trail_ticks=5)],
        amend(9, price=150, stop_price=150),
    ),
    "halted before liquidity": (RejectReason.MARKET_HALTED, [state(TradingState.HALTED)], market(9, BUY, 1)),
}
CASES = REFUSALS | PRECEDENCE


def refused(command: Command, seq: int, reason: RejectReason) -> list[Event]:
    """Return what refusing a command tells: an event for each order that it names."""
    if isinstance(command, PlaceGroup):
        return [OrderRejected(seq + n, order.order_id, reason) for n, order in enumerate(command.orders, start=1)]
    assert isinstance(command, PlaceOrder | AmendOrder | CancelOrder)
    if isinstance(command, AmendOrder):
        return [AmendRejected(seq + 1, command.order_id, reason)]
    if isinstance(command, CancelOrder):
        return [CancelRejected(seq + 1, command.order_id, reason)]
    return [OrderRejected(seq + 1, command.order_id, reason)]


@pytest.mark.parametrize(("reason", "before", "command"), CASES.values(), ids=CASES.keys())
def test_a_refused_order_gets_the_first_reason_and_changes_nothing_but_seq(
    reason: RejectReason, before: list[Command], command: Command
) -> None:
    engine = Engine()
    run(engine, before)
    seq, depth = engine.seq, (engine.depth(BUY), engine.depth(SELL))
    events = run(engine, [command])
    assert typed(events) == typed(refused(command, seq, reason))
    assert (engine.depth(BUY), engine.depth(SELL)) == depth


def test_every_reason_has_a_row() -> None:
    assert {reason for reason, _, _ in REFUSALS.values()} == set(RejectReason)


def test_reasons_are_declared_in_order_of_precedence() -> None:
    assert list(RejectReason) == sorted(RejectReason)


def test_only_what_can_never_succeed_is_permanent() -> None:
    permanent = {reason for reason in RejectReason if not reason.is_transient}
    assert {reason.name for reason in permanent} == {
        "DUPLICATE_ORDER_ID",
        "ALREADY_EXPIRED",
        "ORDER_NOT_FOUND",
        "ORDER_LINKED",
        "PRICE_NOT_AMENDABLE",
        "TRIGGER_NOT_AMENDABLE",
        "QUANTITY_BELOW_FILLED",
    }


def test_a_refused_cancel_changes_nothing_but_seq() -> None:
    engine = Engine()
    run(engine, [ASK])
    other = Engine()
    run(other, [ASK])
    run(engine, [cancel(55)])
    assert engine.seq == other.seq + 1
    assert engine.depth(SELL) == other.depth(SELL)
