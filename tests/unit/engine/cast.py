"""The accounts and the short ways to write commands that the engine's tests share."""

from collections.abc import Iterable

from matching.engine import (
    CancelOrder,
    Command,
    Engine,
    Event,
    LevelChanged,
    OrderType,
    PlaceOrder,
    RestoredOrder,
    Side,
    TimeInForce,
)

MAKER, TAKER, OUTSIDER = 101, 102, 103
BUY, SELL = Side.BUY, Side.SELL
GTC, IOC, FOK = TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK


def limit(
    order_id: int,
    side: Side,
    lots: int,
    price: int,
    *,
    account: int = MAKER,
    tif: TimeInForce = GTC,
    post_only: bool = False,
) -> PlaceOrder:
    return PlaceOrder(0, order_id, account, side, OrderType.LIMIT, tif, post_only, price, lots, 0)


def market(
    order_id: int,
    side: Side,
    lots: int = 0,
    *,
    budget: int = 0,
    account: int = TAKER,
    tif: TimeInForce = IOC,
    post_only: bool = False,
) -> PlaceOrder:
    return PlaceOrder(0, order_id, account, side, OrderType.MARKET, tif, post_only, 0, lots, budget)


def cancel(order_id: int, *, account: int = MAKER) -> CancelOrder:
    return CancelOrder(0, order_id, account)


def run(engine: Engine, commands: Iterable[Command]) -> list[Event]:
    """Execute commands, check the invariants after each, return all events."""
    events: list[Event] = []
    for command in commands:
        events += engine.execute(command)
        engine.check_invariants()
    return events


def typed(events: Iterable[tuple[int, ...]]) -> list[tuple[str, tuple[int, ...]]]:
    """Make events comparable: as bare tuples, two of different types could be equal."""
    return [(type(event).__name__, tuple(event)) for event in events]


def without_levels(events: Iterable[Event]) -> list[Event]:
    return [event for event in events if not isinstance(event, LevelChanged)]


def stored(engine: Engine) -> list[RestoredOrder]:
    """Return the open orders as a database would give them back."""
    return [
        RestoredOrder(o.order_id, o.account_id, o.side, o.price_ticks, o.quantity_lots, o.remaining_lots, o.priority)
        for o in engine.open_orders()
    ]


def restored(engine: Engine) -> Engine:
    return Engine.restore(
        stored(engine),
        seq=engine.seq,
        trading_state=engine.trading_state,
        band_ppm=engine.band_ppm,
        reference_price_ticks=engine.reference_price_ticks,
        last_price_ticks=engine.last_price_ticks,
    )
