"""From an order to its durable answer: gateway, channel layer, engine, journal, all real."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from base.errors import ApiError, ErrorCode
from exchange.models import Market, User
from exchange.services import market_set_state
from orders.models import ClientOrderId, Order, OrderStatus, Trade
from orders.selectors import book_depth
from orders.services import order_cancel, order_place
from settlement.models import Account
from settlement.services import settle_pending
from tests.engines import running_engine, wait_until
from tests.fixtures import make_market
from tests.invariants import assert_ledger_balances
from tests.orders import buy, sell, ticket


@pytest.fixture
def other_market(market: Market) -> Market:
    """A second market of the same pair, so that the same funds trade on both."""
    other = make_market()
    Market.objects.filter(pk=other.pk).update(base=market.base, quote=market.quote)
    return Market.objects.select_related("base", "quote").get(pk=other.pk)


def balance(user: User, asset: str) -> tuple[Decimal, Decimal]:
    account = Account.objects.get(owner=user, asset_id=asset)
    return account.available, account.held


def test_an_order_rests_and_its_funds_are_held(market: Market, maker: User) -> None:
    before, _ = balance(maker, market.quote_id)
    with running_engine(market):
        placed = buy(maker, market, "2", "100")

    stored = Order.objects.get(pk=placed.order.pk)
    assert (stored.status, stored.filled_quantity, placed.trades) == (OrderStatus.OPEN, 0, [])
    hold = 200 + 200 * Decimal(max(market.maker_fee_ppm, market.taker_fee_ppm)) / 1_000_000
    assert stored.held == hold
    assert balance(maker, market.quote_id) == (before - hold, hold)


def test_a_taker_trades_at_the_makers_price_and_both_are_settled(market: Market, maker: User, taker: User) -> None:
    quote_before = {user: balance(user, market.quote_id)[0] for user in (maker, taker)}
    base_before = {user: balance(user, market.base_id)[0] for user in (maker, taker)}
    with running_engine(market):
        sell(maker, market, "2", "100")
        placed = buy(taker, market, "3", "101")
        order_cancel(user=taker, order_id=placed.order.pk)

    assert placed.order.status == OrderStatus.PARTIALLY_FILLED
    assert [(trade.price, trade.quantity) for trade in placed.trades] == [(100, 2)]
    settle_pending(market_id=market.pk, limit=10)
    buyer_fee = 200 * Decimal(market.taker_fee_ppm) / 1_000_000
    seller_fee = 200 * Decimal(market.maker_fee_ppm) / 1_000_000
    assert balance(taker, market.quote_id) == (quote_before[taker] - 200 - buyer_fee, 0)
    assert balance(maker, market.quote_id) == (quote_before[maker] + 200 - seller_fee, 0)
    assert balance(taker, market.base_id) == (base_before[taker] + 2, 0)
    assert balance(maker, market.base_id) == (base_before[maker] - 2, 0)
    assert_ledger_balances(assets=(market.base_id, market.quote_id))


def test_a_denied_order_stores_nothing_and_frees_its_client_id(market: Market, maker: User) -> None:
    everything, _ = balance(maker, market.quote_id)
    with running_engine(market):
        with pytest.raises(ApiError) as caught:
            buy(maker, market, "1000", str(everything), client_order_id="again")
        placed = buy(maker, market, "1", "100", client_order_id="again")

    assert caught.value.code is ErrorCode.INSUFFICIENT_BALANCE
    assert caught.value.details["asset"] == market.quote_id
    assert Order.objects.filter(user_id=maker.pk).count() == 1
    assert not placed.replayed
    assert_ledger_balances(assets=(market.base_id, market.quote_id))


def test_a_rejected_order_is_stored_and_holds_nothing(market: Market, maker: User, taker: User) -> None:
    with running_engine(market):
        sell(maker, market, "1", "100")
        with pytest.raises(ApiError) as caught:
            buy(taker, market, "1", "100", post_only=True)

    assert caught.value.code is ErrorCode.POST_ONLY_WOULD_TRADE
    stored = Order.objects.get(pk=caught.value.details["order_id"])
    assert (stored.status, stored.reason, stored.held) == (OrderStatus.REJECTED, "POST_ONLY_WOULD_TRADE", 0)
    assert balance(taker, market.quote_id)[1] == 0


def test_a_market_order_on_an_empty_book_is_rejected(market: Market, taker: User) -> None:
    with running_engine(market), pytest.raises(ApiError) as caught:
        buy(taker, market, "1")
    assert caught.value.code is ErrorCode.INSUFFICIENT_LIQUIDITY


def test_a_market_buy_by_budget_spends_no_more_than_its_budget(market: Market, maker: User, taker: User) -> None:
    before, _ = balance(taker, market.quote_id)
    with running_engine(market):
        sell(maker, market, "1", "100")
        sell(maker, market, "5", "103")
        placed = buy(taker, market, budget="250")

    settle_pending(market_id=market.pk, limit=10)
    available, held = balance(taker, market.quote_id)
    spent = before - available
    assert placed.order.status == OrderStatus.FILLED and held == 0
    assert 250 - 103 * market.lot_size * 2 < spent <= 250
    assert_ledger_balances(assets=(market.base_id, market.quote_id))


def test_a_market_buy_by_quantity_over_many_levels_pays_what_it_held(market: Market, maker: User, taker: User) -> None:
    with running_engine(market):
        for step in range(7):
            sell(maker, market, str(market.lot_size * (1001 + step)), str(100 + market.tick_size * step))
        placed = buy(taker, market, str(market.lot_size * 7028))

    settle_pending(market_id=market.pk, limit=10)
    assert placed.order.status == OrderStatus.FILLED
    assert len(placed.trades) == 7
    assert balance(taker, market.quote_id)[1] == 0
    assert_ledger_balances(assets=(market.base_id, market.quote_id))


def test_an_ioc_rest_is_cancelled_and_a_fok_is_all_or_nothing(market: Market, maker: User, taker: User) -> None:
    with running_engine(market):
        sell(maker, market, "1", "100")
        killed = buy(taker, market, "2", "100", time_in_force="fok")
        partly = buy(taker, market, "2", "100", time_in_force="ioc")

    assert (killed.order.status, killed.order.reason) == (OrderStatus.CANCELLED, "FOK_NOT_FILLABLE")
    assert (partly.order.status, partly.order.reason) == (OrderStatus.CANCELLED, "IOC_REMAINDER")
    assert partly.order.filled_quantity == 1


def test_the_same_client_order_id_from_many_connections_makes_one_order(market: Market, maker: User) -> None:
    with running_engine(market), ThreadPoolExecutor(8) as pool:
        placed = list(pool.map(lambda _: buy(maker, market, "1", "100", client_order_id="one"), range(24)))

    assert len({answer.order.pk for answer in placed}) == 1
    assert sum(not answer.replayed for answer in placed) == 1
    assert Order.objects.filter(user_id=maker.pk).count() == 1
    assert balance(maker, market.quote_id)[1] == Order.objects.get(user_id=maker.pk).held


def test_a_client_order_id_is_unique_across_markets(market: Market, other_market: Market, maker: User) -> None:
    with running_engine(market, other_market), ThreadPoolExecutor(2) as pool:
        for number in range(10):
            answers = list(
                pool.map(
                    lambda where, n=number: sell(maker, where, "1", "100", client_order_id=f"id-{n}"),
                    (market, other_market),
                )
            )
            assert answers[0].order.pk == answers[1].order.pk
            assert sorted(answer.replayed for answer in answers) == [False, True]
    assert ClientOrderId.objects.filter(user=maker).count() == 10


def test_a_replay_with_another_payload_says_so(market: Market, maker: User) -> None:
    with running_engine(market):
        first = buy(maker, market, "1", "100", client_order_id="p")
        again = buy(maker, market, "1", "99", client_order_id="p")
        same = buy(maker, market, "1.0", "100.00", client_order_id="p")
    assert again.order.pk == same.order.pk == first.order.pk
    assert (again.replayed, again.payload_differs) == (True, True)
    assert (same.replayed, same.payload_differs) == (True, False)


def test_cancelling_gives_the_hold_back_once(market: Market, maker: User, outsider: User) -> None:
    before = balance(maker, market.base_id)
    with running_engine(market):
        order = sell(maker, market, "2", "100").order
        with pytest.raises(ApiError) as foreign:
            order_cancel(user=outsider, order_id=order.pk)
        cancelled = order_cancel(user=maker, order_id=order.pk)
        with pytest.raises(ApiError) as again:
            order_cancel(user=maker, order_id=order.pk)

    assert cancelled.status == OrderStatus.CANCELLED
    assert foreign.value.code is ErrorCode.ORDER_NOT_FOUND
    assert again.value.code is ErrorCode.ORDER_NOT_CANCELLABLE
    assert balance(maker, market.base_id) == before


def test_halting_a_market_stops_orders_but_not_cancels(market: Market, maker: User, staff: User) -> None:
    with running_engine(market):
        order = buy(maker, market, "1", "100").order
        market_set_state(actor=staff, market_id=market.pk, state="halted", note="maintenance")
        wait_until(lambda: market.sequence.__class__.objects.get(pk=market.pk).trading_state == "halted", "halt")
        with pytest.raises(ApiError) as caught:
            buy(maker, market, "1", "100")
        order_cancel(user=maker, order_id=order.pk)
        market_set_state(actor=staff, market_id=market.pk, state="continuous", note="done")
        wait_until(lambda: market.sequence.__class__.objects.get(pk=market.pk).trading_state == "continuous", "resume")
        buy(maker, market, "1", "100")
    assert caught.value.code is ErrorCode.MARKET_HALTED


@pytest.mark.parametrize(
    ("quantity", "price", "code"),
    [
        ("1", "100.001", ErrorCode.TICK_SIZE),
        ("0.00000001", "100", ErrorCode.LOT_SIZE),
        ("0.001", "1", ErrorCode.MIN_NOTIONAL),
        ("100000000", "1", ErrorCode.MAX_QUANTITY),
    ],
)
def test_filters_of_the_market_deny_before_the_engine(
    market: Market, maker: User, quantity: str, price: str, code: ErrorCode
) -> None:
    with pytest.raises(ApiError) as caught:
        buy(maker, market, quantity, price)
    assert caught.value.code is code


def test_without_an_engine_the_answer_is_unavailable_at_once(market: Market, maker: User) -> None:
    with pytest.raises(ApiError) as caught:
        buy(maker, market, "1", "100")
    assert caught.value.code is ErrorCode.ENGINE_UNAVAILABLE
    assert not Order.objects.filter(user_id=maker.pk).exists()


def test_the_stored_book_is_the_engines_book(market: Market, maker: User, taker: User) -> None:
    with running_engine(market):
        for price in ("99", "98", "98", "97"):
            buy(maker, market, "1", price)
        sell(taker, market, "1.5", "98")
    depth = book_depth(market, None)
    assert [(level.price_ticks * market.tick_size, level.order_count) for level in depth.bids] == [
        (98, 2),
        (97, 1),
    ]
    assert depth.asks == []
    assert Trade.objects.filter(market_id=market.pk).count() == 2


def test_what_a_batch_makes_due_sooner_is_not_waited_for_until_the_next_look(
    market: Market, maker: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("matching.maintenance.MAINTENANCE_MS", 60_000)
    with running_engine(market):
        expires_at = timezone.now() + timedelta(milliseconds=300)
        due = replace(ticket("buy", "1", "100", time_in_force="gtd"), expire_at=expires_at)
        placed = order_place(user=maker, market=market, ticket=due)
        wait_until(lambda: Order.objects.get(pk=placed.order.pk).status == OrderStatus.EXPIRED, "its expiry")

    assert balance(maker, market.quote_id)[1] == 0
