"""The accounts and the short ways to write commands that the engine's tests share."""

from collections.abc import Iterable, Mapping
from typing import Any

from matching.engine import (
    AmendOrder,
    CancelOrder,
    Command,
    Engine,
    Event,
    GroupKind,
    GroupRole,
    Instructions,
    LevelChanged,
    OrderType,
    PlaceGroup,
    PlaceOrder,
    RestingOrder,
    RestoredOrder,
    RestoredSpecial,
    Side,
    TimeInForce,
    WaitingOrder,
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


def stop(
    order_id: int,
    side: Side,
    lots: int,
    stop_price: int = 0,
    *,
    kind: OrderType = OrderType.STOP,
    price: int = 0,
    account: int = MAKER,
    tif: TimeInForce = GTC,
    **instructions: Any,
) -> PlaceOrder:
    """Return an order that waits for `stop_price`; for a trailing stop give `trail_ticks` or `trail_ppm`."""
    asked = Instructions(stop_price_ticks=stop_price)._replace(**instructions)
    return PlaceOrder(0, order_id, account, side, kind, tif, False, price, lots, 0, asked)


def asking(order: PlaceOrder, **instructions: Any) -> PlaceOrder:
    """Return the order with instructions."""
    return order._replace(instructions=order.instructions._replace(**instructions))


def oco(limit_leg: PlaceOrder, stop_leg: PlaceOrder) -> PlaceGroup:
    return PlaceGroup(0, GroupKind.OCO, (limit_leg, stop_leg))


def bracket(entry: PlaceOrder, take_profit: PlaceOrder, stop_loss: PlaceOrder) -> PlaceGroup:
    return PlaceGroup(0, GroupKind.BRACKET, (entry, take_profit, stop_loss))


def amend(order_id: int, *, price: int = 0, lots: int = 0, stop_price: int = 0, account: int = MAKER) -> AmendOrder:
    return AmendOrder(0, order_id, account, price, lots, stop_price)


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
    resting = [_stored_resting(order) for order in engine.open_orders()]
    waiting = [_stored_waiting(order) for order in engine.waiting_orders()]
    return sorted(resting + waiting, key=lambda order: order.priority)


def _stored_resting(order: RestingOrder) -> RestoredOrder:
    return RestoredOrder(
        order.order_id,
        order.account_id,
        order.side,
        order.price_ticks,
        order.quantity_lots,
        order.total_lots,
        order.priority,
        _special_of(order) if order.is_special else None,
    )


def _special_of(order: RestingOrder) -> RestoredSpecial:
    tif = TimeInForce.GTD if order.instructions.expire_ms else GTC
    visible = order.remaining_lots
    return RestoredSpecial(OrderType.LIMIT, tif, order.post_only, order.instructions, visible, True)


def _stored_waiting(waiting: WaitingOrder) -> RestoredOrder:
    order, lots = waiting.order, waiting.total_lots
    special = RestoredSpecial(order.type, order.time_in_force, order.post_only, order.instructions, 0, False)
    return RestoredOrder(
        order.order_id, order.account_id, order.side, order.price_ticks, lots, lots, waiting.priority, special
    )


def restored(engine: Engine, groups: Mapping[int, tuple[int, GroupRole]] | None = None) -> Engine:
    """Return an engine rebuilt from what a database would keep; `groups` says what an order was placed in and as."""

    def grouped(order: RestoredOrder) -> RestoredOrder:
        if order.special is None or groups is None or order.order_id not in groups:
            return order
        group_id, role = groups[order.order_id]
        return order._replace(special=order.special._replace(group_id=group_id, group_role=role))

    return Engine.restore(
        map(grouped, stored(engine)),
        seq=engine.seq,
        trading_state=engine.trading_state,
        band_ppm=engine.band_ppm,
        reference_price_ticks=engine.reference_price_ticks,
        last_price_ticks=engine.last_price_ticks,
        max_orders=engine.max_orders,
        max_stops=engine.max_stops,
        trailing_marks=engine.trailing_marks(),
        cancel_after=dict(engine.cancel_after),
        edition=engine.edition,
        unfinished=engine.unfinished,
    )


def groups_of(commands: Iterable[Command]) -> dict[int, tuple[int, GroupRole]]:
    """Return the group and role of each order that the commands place in a group."""
    roles = {
        GroupKind.OCO: (GroupRole.OCO_LIMIT, GroupRole.OCO_STOP),
        GroupKind.BRACKET: (GroupRole.ENTRY, GroupRole.TAKE_PROFIT, GroupRole.STOP_LOSS),
    }
    return {
        order.order_id: (command.orders[0].order_id, role)
        for command in commands
        if isinstance(command, PlaceGroup)
        for order, role in zip(command.orders, roles[command.kind], strict=True)
    }
