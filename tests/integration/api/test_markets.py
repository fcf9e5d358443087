"""Markets: reading them, seeding them, changing them with a trace."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from rest_framework.test import APIClient

from base.errors import ApiError, ErrorCode, ValidationError
from exchange.models import Asset, AuditEntry, FeeTier, Market, TradingState, User
from exchange.selectors import forget_markets, market_by_id, market_by_symbol
from exchange.services import (
    TierTerms,
    market_set_fee_tiers,
    market_set_state,
    market_update,
    markets_seed,
    on_market_changed,
)
from tests.fixtures import make_market


@pytest.mark.parametrize("pattern", ["{base}/{quote}", "{base}-{quote}", "{base}_{quote}"])
@pytest.mark.parametrize("change", [str, str.lower])
def test_a_symbol_is_found_in_every_notation(market: Market, pattern: str, change: type[str]) -> None:
    text = change(pattern.format(base=market.base_id, quote=market.quote_id))

    assert market_by_symbol(text) == market


@pytest.mark.parametrize("text", ["", "BTC", "BTCUSDT", "NO/SUCH", "A/B", "BTC/USDT/X", "BTC USDT", "x" * 500, "\x00"])
def test_an_unknown_symbol(text: str) -> None:
    with pytest.raises(ApiError) as caught:
        market_by_symbol(text)

    assert caught.value.code is ErrorCode.MARKET_NOT_FOUND


def test_a_known_market_costs_no_query(market: Market, django_assert_num_queries: object) -> None:
    market_by_symbol(market.symbol)

    with django_assert_num_queries(0):  # type: ignore[operator]  # the fixture's stub names no call
        again = market_by_symbol(market.slug)
        assert market_by_id(again.pk).scale.price_decimals == 2
        assert list(again.fee_tiers.all()) == []


def test_a_market_over_rest(visitor: APIClient, market: Market, staff: User) -> None:
    tiers = [TierTerms(1, Decimal(1_000), 800, 900), TierTerms(2, Decimal("5000.5"), 0, 500)]
    market_set_fee_tiers(actor=staff, market_id=market.pk, tiers=tiers)

    shown = visitor.get(f"/api/v1/markets/{market.slug.lower()}").json()["data"]

    assert shown == {
        "symbol": market.symbol,
        "base": market.base_id,
        "quote": market.quote_id,
        "base_decimals": 8,
        "quote_decimals": 8,
        "tick_size": "0.01",
        "lot_size": "0.001",
        "price_decimals": 2,
        "quantity_decimals": 3,
        "min_notional": "1",
        "min_quantity": "0",
        "max_quantity": "10000",
        "max_open_orders": 1_000,
        "max_stop_orders": 100,
        "maker_fee_rate": "0.001",
        "taker_fee_rate": "0.001",
        "fee_tiers": [
            {"level": 1, "min_volume": "1000", "maker_fee_rate": "0.0008", "taker_fee_rate": "0.0009"},
            {"level": 2, "min_volume": "5000.5", "maker_fee_rate": "0", "taker_fee_rate": "0.0005"},
        ],
        "price_band": "0.1",
        "reference_price": "100",
        "trading_state": "continuous",
    }


def test_all_markets_and_their_tiers_take_two_queries(
    visitor: APIClient, django_assert_num_queries: Callable[[int], AbstractContextManager[object]]
) -> None:
    for _ in range(3):
        tier = {"level": 1, "min_volume": 1, "maker_fee_ppm": 1, "taker_fee_ppm": 1}
        FeeTier.objects.create(market=make_market(max_open_orders=0), **tier)
    forget_markets()

    with django_assert_num_queries(2):
        rows = visitor.get("/api/v1/markets?limit=1000").json()["data"]

    assert len([row for row in rows if row["fee_tiers"]]) >= 3


def test_an_unknown_market_over_rest(visitor: APIClient) -> None:
    answer = visitor.get("/api/v1/markets/NO-SUCH")

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "MARKET_NOT_FOUND")


def test_seeding_twice_creates_once() -> None:
    try:
        first = markets_seed()
        assert len(first) == 10
        assert markets_seed() == []
        seeded = market_by_symbol("BTC-USDT")
        assert seeded.scale.tick_lot_units == 10
        assert (seeded.min_quantity, seeded.max_open_orders, seeded.max_stop_orders) == (Decimal("0.00005"), 1_000, 100)
        assert [tier.min_volume for tier in seeded.fee_tiers.all()] == [100_000, 1_000_000, 10_000_000]
        assert [market.symbol for market in first if market.min_quantity % market.lot_size] == []
    finally:
        Market.objects.filter(pk__in=[market.pk for market in first]).delete()
        Asset.objects.filter(code__in={code for market in first for code in market.symbol.split("/")}).delete()
        forget_markets()


def test_halting_leaves_a_trace_and_is_heard(market: Market, staff: User, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[Market] = []
    monkeypatch.setattr("exchange.services.markets._listeners", [])
    on_market_changed(heard.append)

    market_set_state(actor=staff, market_id=market.pk, state="halted", note="news pending")
    market_set_state(actor=staff, market_id=market.pk, state="halted", note="again")

    entry = AuditEntry.objects.get(actor=staff)
    assert (entry.action, entry.target_type, entry.target_id) == ("market.set_state", "exchange.market", str(market.pk))
    assert (entry.old, entry.new) == ({"trading_state": "continuous"}, {"trading_state": "halted"})
    assert entry.note == "news pending"
    assert [(each.pk, each.trading_state) for each in heard] == [(market.pk, "halted")]
    assert market_by_symbol(market.symbol).trading_state == "halted"


def test_changing_fees_records_what_changed(market: Market, staff: User) -> None:
    changed = market_update(
        actor=staff, market_id=market.pk, maker_fee_ppm=0, taker_fee_ppm=1_000, max_quantity=Decimal("12.5")
    )

    entry = AuditEntry.objects.get(actor=staff)
    assert (changed.maker_fee_ppm, changed.max_quantity) == (0, Decimal("12.5"))
    assert entry.old == {"maker_fee_ppm": 1_000, "max_quantity": "10000"}
    assert entry.new == {"maker_fee_ppm": 0, "max_quantity": "12.5"}


@pytest.mark.parametrize(
    "changes",
    [
        {"maker_fee_ppm": -1},
        {"taker_fee_ppm": 500_001},
        {"price_band_ppm": 1_000_001},
        {"min_notional": Decimal(-1)},
        {"max_quantity": Decimal(0)},
        {"max_quantity": Decimal("0.0005")},
        {"min_quantity": Decimal("0.0005")},
        {"min_quantity": Decimal("-0.001")},
        {"min_quantity": Decimal("10000.001")},
        {"max_quantity": Decimal("0.5"), "min_quantity": Decimal("0.501")},
        {"max_open_orders": -1},
        {"max_stop_orders": 1_000_001},
    ],
)
def test_a_change_out_of_range_changes_nothing(market: Market, staff: User, changes: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        market_update(actor=staff, market_id=market.pk, **changes)  # type: ignore[arg-type]  # one change of a table

    assert not AuditEntry.objects.filter(actor=staff).exists()


def test_limits_are_changed_and_recorded(market: Market, staff: User) -> None:
    limits = {"min_quantity": Decimal("0.5"), "max_open_orders": 7, "max_stop_orders": 0}

    market_update(actor=staff, market_id=market.pk, **limits)  # type: ignore[arg-type]  # as above

    same, entry = market_by_symbol(market.symbol), AuditEntry.objects.get(actor=staff)
    assert {name: getattr(same, name) for name in limits} == limits
    assert entry.old == {"min_quantity": "0", "max_open_orders": 1_000, "max_stop_orders": 100}
    assert entry.new == {"min_quantity": "0.5", "max_open_orders": 7, "max_stop_orders": 0}


@pytest.mark.parametrize(
    "changes",
    [
        {"min_quantity": Decimal(-1)},
        {"min_quantity": Decimal(2), "max_quantity": Decimal(1)},
        {"max_open_orders": -1},
        {"max_stop_orders": -1},
    ],
)
def test_the_database_refuses_limits_that_make_no_sense(market: Market, changes: dict[str, int]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Market.objects.filter(pk=market.pk).update(**changes)


@pytest.mark.parametrize("state", TradingState.values)
@pytest.mark.parametrize("before", TradingState.values)
def test_every_state_may_follow_every_other(staff: User, before: str, state: str) -> None:
    market = make_market(trading_state=before)

    market_set_state(actor=staff, market_id=market.pk, state=state, note="drill")

    assert market_by_symbol(market.symbol).trading_state == state
    assert AuditEntry.objects.filter(actor=staff).count() == (before != state)


def test_an_unknown_state_or_market(staff: User) -> None:
    market = make_market()
    with pytest.raises(ValidationError):
        market_set_state(actor=staff, market_id=market.pk, state="asleep")
    with pytest.raises(ApiError):
        market_set_state(actor=staff, market_id=32_000, state="halted", note="gone")


@pytest.mark.parametrize("note", ["", " \n"])
@pytest.mark.parametrize("state", ["halted", "closed"])
def test_nobody_stops_a_market_without_a_word(market: Market, staff: User, state: str, note: str) -> None:
    with pytest.raises(ValidationError) as refused:
        market_set_state(actor=staff, market_id=market.pk, state=state, note=note)

    assert list(refused.value.details) == ["note"]
    assert market_by_symbol(market.symbol).trading_state == "continuous"
    assert not AuditEntry.objects.filter(actor=staff).exists()


@pytest.mark.parametrize("state", ["pre_open", "post_only", "continuous"])
def test_a_market_that_goes_on_needs_no_word(staff: User, state: str) -> None:
    market = make_market(trading_state="halted")

    market_set_state(actor=staff, market_id=market.pk, state=state)

    assert market_by_symbol(market.symbol).trading_state == state
