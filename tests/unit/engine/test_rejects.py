"""Every reason to refuse a command, and which one is given when several apply."""

import pytest

from matching.engine import (
    Command,
    Engine,
    OrderRejected,
    RejectReason,
    SetPriceBand,
    SetTradingState,
    TradingState,
)
from tests.unit.engine.cast import BUY, FOK, IOC, SELL, cancel, limit, market, run, typed

ASK, BID = limit(1, SELL, 5, 100), limit(2, BUY, 5, 90)
BAND = SetPriceBand(0, 100_000, 100)


def state(to: TradingState) -> SetTradingState:
    return SetTradingState(0, to)


REFUSALS: dict[str, tuple[RejectReason, list[Command], Command]] = {
    "closed": (RejectReason.MARKET_CLOSED, [state(TradingState.CLOSED)], limit(9, BUY, 1, 50)),
    "closed, market order": (RejectReason.MARKET_CLOSED, [ASK, state(TradingState.CLOSED)], market(9, BUY, 1)),
    "halted": (RejectReason.MARKET_HALTED, [state(TradingState.HALTED)], limit(9, BUY, 1, 50)),
    "pre-open": (RejectReason.MARKET_HALTED, [state(TradingState.PRE_OPEN)], limit(9, BUY, 1, 50)),
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
        [ASK, SetPriceBand(0, 100_000, 50)],
        market(9, BUY, 1),
    ),
    "budget below one lot": (RejectReason.INSUFFICIENT_LIQUIDITY, [ASK], market(9, BUY, budget=99)),
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
    "halted before liquidity": (RejectReason.MARKET_HALTED, [state(TradingState.HALTED)], market(9, BUY, 1)),
}
CASES = REFUSALS | PRECEDENCE


@pytest.mark.parametrize(("reason", "before", "command"), CASES.values(), ids=CASES.keys())
def test_a_refused_order_gets_the_first_reason_and_changes_nothing_but_seq(
    reason: RejectReason, before: list[Command], command: Command
) -> None:
    engine = Engine()
    run(engine, before)
    seq, depth = engine.seq, (engine.depth(BUY), engine.depth(SELL))
    events = run(engine, [command])
    assert typed(events) == typed([OrderRejected(seq + 1, command[1], reason)])
    assert (engine.depth(BUY), engine.depth(SELL)) == depth


def test_every_reason_has_a_row() -> None:
    assert {reason for reason, _, _ in REFUSALS.values()} == set(RejectReason) - {RejectReason.ORDER_NOT_FOUND}


def test_reasons_are_declared_in_order_of_precedence() -> None:
    assert list(RejectReason) == sorted(RejectReason)


def test_only_what_can_never_succeed_is_permanent() -> None:
    permanent = {reason for reason in RejectReason if not reason.is_transient}
    assert permanent == {RejectReason.DUPLICATE_ORDER_ID, RejectReason.ORDER_NOT_FOUND}


def test_a_refused_cancel_changes_nothing_but_seq() -> None:
    engine = Engine()
    run(engine, [ASK])
    other = Engine()
    run(other, [ASK])
    run(engine, [cancel(55)])
    assert engine.seq == other.seq + 1
    assert engine.depth(SELL) == other.depth(SELL)
