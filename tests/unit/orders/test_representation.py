"""Orders and trades as JSON: every field of the public interface, strings of a fixed number of decimals, no query."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import msgpack
import pytest
from pytest_django import DjangoAssertNumQueries

from exchange.models import Asset, Market
from orders.models import Order, Trade
from orders.representation import order_as_json, own_trade_as_json, trade_as_json
from orders.rows import OrderExtras, OrderRow, order_from_row

MAKER, TAKER = UUID(int=1), UUID(int=2)
MOMENT = datetime(2026, 1, 31, 23, 59, 59, 123_987, tzinfo=UTC)


@pytest.fixture
def market() -> Market:
    return Market(
        id=1,
        symbol="BTC/USDT",
        base=Asset(code="BTC", decimals=8),
        quote=Asset(code="USDT", decimals=8),
        tick_size=Decimal("0.01"),
        lot_size=Decimal("0.00001"),
    )


def order(market: Market, **fields: object) -> Order:
    usual = {
        "id": UUID(int=7),
        "market_id": market.pk,
        "user_id": MAKER,
        "client_order_id": "mine-1",
        "side": "buy",
        "type": "limit",
        "time_in_force": "gtc",
        "post_only": False,
        "price": Decimal("65000.5"),
        "quantity": Decimal("0.3"),
        "filled_quantity": Decimal("0.1"),
        "filled_quote": Decimal("6500.04"),
        "fee_paid": Decimal("5.200032"),
        "status": "partially_filled",
        "seq": 41,
        "reason": "",
        "created_at": MOMENT,
        "updated_at": MOMENT,
    }
    return Order(**(usual | fields))


def trade(market: Market, **fields: object) -> Trade:
    usual = {
        "id": UUID(int=9),
        "market_id": market.pk,
        "seq": 3,
        "price": Decimal(65000),
        "quantity": Decimal("0.1"),
        "buyer_id": TAKER,
        "seller_id": MAKER,
        "buyer_order_id": UUID(int=21),
        "seller_order_id": UUID(int=20),
        "taker_side": "buy",
        "buyer_fee": Decimal("6.5"),
        "seller_fee": Decimal("5.2"),
        "executed_at": MOMENT,
        "settlement_status": "pending",
    }
    return Trade(**(usual | fields))


def test_an_order_has_every_field(market: Market, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(0):
        shown = order_as_json(order(market), market)

    assert shown == {
        "id": "00000000-0000-0000-0000-000000000007",
        "client_order_id": "mine-1",
        "user_id": str(MAKER),
        "symbol": "BTC/USDT",
        "side": "buy",
        "type": "limit",
        "time_in_force": "gtc",
        "post_only": False,
        "quantity": "0.30000",
        "price": "65000.50",
        "stop_price": None,
        "protection_price": None,
        "trailing_amount": None,
        "trailing_percent": None,
        "display_quantity": None,
        "quote_quantity": None,
        "filled_quantity": "0.10000",
        "remaining_quantity": "0.20000",
        "filled_quote": "6500.04000000",
        "average_price": "65000.40",
        "fee": "5.20003200",
        "fee_asset": "USDT",
        "status": "partially_filled",
        "seq": 41,
        "reason": None,
        "self_trade_prevention": "cancel_newest",
        "reprice": False,
        "group_id": None,
        "group_role": None,
        "expire_at": None,
        "triggered_at": None,
        "created_at": "2026-01-31T23:59:59.123Z",
        "updated_at": "2026-01-31T23:59:59.123Z",
    }


@pytest.mark.parametrize(
    ("quantity", "quote", "average"),
    [
        ("3", "10", "3.333333333"),
        ("0.3", "19.95", "66.50"),
        ("700000.00001", "45500000.0007", "65.00000000007143"),
        ("0.00001", "0.6500012", "65000.12"),
    ],
)
def test_the_average_times_what_is_filled_is_the_cost(market: Market, quantity: str, quote: str, average: str) -> None:
    shown = order_as_json(order(market, filled_quantity=Decimal(quantity), filled_quote=Decimal(quote)), market)

    assert shown["average_price"] == average
    assert round(Decimal(average) * Decimal(quantity), 8) == Decimal(shown["filled_quote"])


def test_a_market_order_by_budget_has_no_quantity_and_no_price(market: Market) -> None:
    budget = order(market, type="market", price=None, quantity=None, quote_quantity=Decimal(100))

    shown = order_as_json(budget, market)

    assert [shown[name] for name in ("quantity", "price", "remaining_quantity")] == [None, None, None]
    assert shown["quote_quantity"] == "100.00000000"


def test_a_stop_shows_its_protection_instead_of_a_price(market: Market) -> None:
    stop = order(
        market,
        type="trailing_stop",
        price=Decimal(58000),
        stop_price=Decimal("64000.5"),
        trailing_ppm=15_000,
        status="pending",
        group_id=UUID(int=5),
        group_role="stop_loss",
        self_trade_prevention="cancel_both",
        expire_at=MOMENT,
        triggered_at=MOMENT,
    )

    shown = order_as_json(stop, market)

    assert (shown["price"], shown["protection_price"], shown["stop_price"]) == (None, "58000.00", "64000.50")
    assert (shown["trailing_percent"], shown["trailing_amount"]) == ("1.5", None)
    assert (shown["group_id"], shown["group_role"]) == (str(UUID(int=5)), "stop_loss")
    assert shown["self_trade_prevention"] == "cancel_both"
    assert shown["expire_at"] == shown["triggered_at"] == "2026-01-31T23:59:59.123Z"


@pytest.mark.parametrize("order_type", ["limit", "stop_limit", "take_profit_limit"])
def test_who_named_a_price_sees_it(market: Market, order_type: str) -> None:
    shown = order_as_json(order(market, type=order_type, stop_price=Decimal(1)), market)

    assert (shown["price"], shown["protection_price"]) == ("65000.50", None)


def test_a_row_with_extras_is_shown_like_the_stored_order(market: Market) -> None:
    extras = OrderExtras(
        stop_price_ticks=100, trail_ticks=5, display_lots=20, visible_lots=10, expire_ms=1_000,
        self_trade_prevention=4, reprice=True, group_id=bytes(15) + b"\x05", group_role="oco_limit", triggered_ms=2_000,
    )  # fmt: skip
    row = OrderRow(
        id=bytes(16),
        market_id=1,
        user_id=bytes(16),
        client_order_id=None,
        side=1,
        type=2,
        time_in_force=1,
        post_only=True,
        price_ticks=100,
        quantity_lots=30,
        budget_units=0,
        maker_fee_ppm=0,
        taker_fee_ppm=0,
        created_ms=0,
        updated_ms=0,
        status="open",
        priority=1,
        extras=extras,
    )

    read = order_from_row(msgpack.unpackb(msgpack.packb(row.packed())), market)  # as it comes over the wire

    assert (read.stop_price, read.trailing_amount, read.trailing_ppm) == (Decimal(1), Decimal("0.05"), None)
    assert (read.display_quantity, read.visible_quantity) == (Decimal("0.00020"), Decimal("0.00010"))
    assert (read.self_trade_prevention, read.reprice) == ("decrement", True)
    assert (read.group_id, read.group_role) == (UUID(int=5), "oco_limit")
    assert [moment.timestamp() for moment in (read.expire_at, read.triggered_at) if moment] == [1, 2]


def test_a_public_trade_names_no_party(market: Market, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(0):
        shown = trade_as_json(trade(market), market)

    assert shown == {
        "id": "00000000-0000-0000-0000-000000000009",
        "symbol": "BTC/USDT",
        "price": "65000.00",
        "quantity": "0.10000",
        "taker_side": "buy",
        "executed_at": "2026-01-31T23:59:59.123Z",
        "seq": 3,
        "settlement_status": "pending",
    }


@pytest.mark.parametrize(
    ("party", "side", "role", "fee", "order_id"),
    [(TAKER, "buy", "taker", "6.50000000", UUID(int=21)), (MAKER, "sell", "maker", "5.20000000", UUID(int=20))],
)
def test_each_party_sees_its_own_side(
    market: Market, party: UUID, side: str, role: str, fee: str, order_id: UUID
) -> None:
    shown = own_trade_as_json(trade(market), market, party)

    assert (shown["side"], shown["role"], shown["fee"], shown["order_id"]) == (side, role, fee, str(order_id))


def test_who_trades_with_themselves_sees_the_takers_side(market: Market) -> None:
    shown = own_trade_as_json(trade(market, buyer_id=MAKER, taker_side="sell"), market, MAKER)

    assert (shown["side"], shown["role"]) == ("sell", "taker")
