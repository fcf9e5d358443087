"""Markets: reading them, seeding them, changing them with a trace."""

from decimal import Decimal

import pytest
from rest_framework.test import APIClient

from exchange.errors import ApiError, ErrorCode, ValidationError
from exchange.models import Asset, AuditEntry, Market, User
from exchange.selectors import forget_markets, market_by_id, market_by_symbol
from exchange.services import market_set_state, market_update, markets_seed, on_market_changed
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

    with django_assert_num_queries(0):  # type: ignore[operator]
        again = market_by_symbol(market.slug)
        assert market_by_id(again.pk).scale.price_decimals == 2


def test_a_market_over_rest(visitor: APIClient, market: Market) -> None:
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
        "max_quantity": "10000",
        "maker_fee_rate": "0.001",
        "taker_fee_rate": "0.001",
        "price_band": "0.1",
        "reference_price": "100",
        "trading_state": "continuous",
    }


def test_an_unknown_market_over_rest(visitor: APIClient) -> None:
    answer = visitor.get("/api/v1/markets/NO-SUCH")

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "MARKET_NOT_FOUND")


def test_seeding_twice_creates_once() -> None:
    try:
        first = markets_seed()
        assert len(first) == 10
        assert markets_seed() == []
        assert market_by_symbol("BTC-USDT").scale.tick_lot_units == 10
    finally:
        Market.objects.filter(pk__in=[market.pk for market in first]).delete()
        Asset.objects.filter(code__in={code for market in first for code in market.symbol.split("/")}).delete()
        forget_markets()


def test_halting_leaves_a_trace_and_is_heard(market: Market, staff: User, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[Market] = []
    monkeypatch.setattr("exchange.services._listeners", [])
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
    ],
)
def test_a_change_out_of_range_changes_nothing(market: Market, staff: User, changes: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        market_update(actor=staff, market_id=market.pk, **changes)  # type: ignore[arg-type]

    assert not AuditEntry.objects.filter(actor=staff).exists()


def test_an_unknown_state_or_market(staff: User) -> None:
    market = make_market()
    with pytest.raises(ValidationError):
        market_set_state(actor=staff, market_id=market.pk, state="asleep")
    with pytest.raises(ApiError):
        market_set_state(actor=staff, market_id=32_000, state="halted")
