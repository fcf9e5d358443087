"""Every event and command of the engine has words."""

from decimal import Decimal
from typing import Any, get_args

import pytest

from exchange.models import Asset, Market
from matching.engine import (
    PLAIN,
    CancelReason,
    Command,
    Event,
    GroupKind,
    OrderType,
    PlaceOrder,
    RejectReason,
    Side,
    TimeInForce,
    TradingState,
)
from verification.explanation.words import Words

INSTRUCTIONS = PLAIN._replace(reprice=True)
ORDER = PlaceOrder(0, 1, 2, Side.BUY, OrderType.LIMIT, TimeInForce.GTC, True, 10_000, 500, 0, INSTRUCTIONS)
VALUES: dict[str, Any] = {
    "side": Side.BUY, "taker_side": Side.SELL, "state": TradingState.HALTED, "kind": GroupKind.OCO,
    "orders": (ORDER, ORDER), "type": OrderType.LIMIT, "time_in_force": TimeInForce.GTC, "instructions": PLAIN,
}  # fmt: skip


@pytest.fixture
def words() -> Words:
    base, quote = Asset(code="BTC", decimals=8), Asset(code="USDT", decimals=8)
    return Words(Market(base=base, quote=quote, tick_size=Decimal("0.01"), lot_size=Decimal("0.001")), {2: "alice"})


def filled(kind: Any) -> Any:
    reason = RejectReason.SELF_TRADE if "Rejected" in kind.__name__ else CancelReason.REQUESTED
    return kind(**{name: VALUES.get(name, reason if name == "reason" else 7) for name in kind._fields})


@pytest.mark.parametrize("kind", get_args(Event))
def test_every_event_has_words(words: Words, kind: Any) -> None:
    assert len(words.event(filled(kind))) > 10


@pytest.mark.parametrize("kind", get_args(Command))
def test_every_command_has_words(words: Words, kind: Any) -> None:
    assert len(words.command(filled(kind))) > 10


@pytest.mark.parametrize("reason", CancelReason)
def test_every_end_has_words(words: Words, reason: CancelReason) -> None:
    event = next(kind for kind in get_args(Event) if kind.__name__ == "OrderCancelled")(7, 1, reason, 3)
    assert "is cancelled" in words.event(event)


def test_an_order_is_told_as_its_owner_asked_for_it(words: Words) -> None:
    text = words.terms(ORDER)
    assert text == (
        "limit order to buy 0.5 at 100, gtc, repriced instead of refused, post-only (order …000000000001 of alice)"
    )
