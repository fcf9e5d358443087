"""Fee tiers of a market: set as a whole, checked, recorded, told to the engine."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from rest_framework.test import APIClient

from base.errors import ApiError, ErrorCode, ValidationError
from exchange.api.markets import rate_as_text
from exchange.models import AuditEntry, FeeTier, Market, User, UserFeeTier
from exchange.selectors import market_by_symbol
from exchange.services import TierTerms, market_set_fee_tiers, on_market_changed
from tests.integration.fees.trading import LEVELS


def test_setting_tiers_is_recorded_and_heard(market: Market, staff: User, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[Market] = []
    monkeypatch.setattr("exchange.services.markets._listeners", [])
    on_market_changed(heard.append)

    market_set_fee_tiers(actor=staff, market_id=market.pk, tiers=LEVELS[:1], note="summer")
    market_set_fee_tiers(actor=staff, market_id=market.pk, tiers=LEVELS[:1], note="again")

    entry = AuditEntry.objects.get(actor=staff)
    assert (entry.action, entry.target_id, entry.note) == ("market.set_fee_tiers", str(market.pk), "summer")
    assert (entry.old, entry.new) == ({"level 1": None}, {"level 1": "from 1000: maker 600 ppm, taker 900 ppm"})
    assert [(each.pk, each.fees_version) for each in heard] == [(market.pk, 1)]
    assert [tier.level for tier in market_by_symbol(market.symbol).fee_tiers.all()] == [1]


def test_volumes_may_trade_places_with_the_levels_given_in_any_order(market: Market, staff: User) -> None:
    market_set_fee_tiers(actor=staff, market_id=market.pk, tiers=LEVELS)
    raised = [tier._replace(min_volume=tier.min_volume * 100) for tier in LEVELS]

    stored = market_set_fee_tiers(actor=staff, market_id=market.pk, tiers=raised[::-1])

    assert [tier.min_volume for tier in stored] == [100_000, 1_000_000, 10_000_000]


@pytest.mark.parametrize(
    "tiers",
    [
        [LEVELS[0], LEVELS[1]._replace(min_volume=Decimal(1_000))],
        [LEVELS[0], LEVELS[1]._replace(min_volume=Decimal(1))],
        [LEVELS[0], LEVELS[0]],
        [LEVELS[0]._replace(level=0)],
        [LEVELS[0]._replace(min_volume=Decimal("-0.01"))],
        [LEVELS[0]._replace(maker_fee_ppm=500_001)],
        [LEVELS[0]._replace(taker_fee_ppm=-1)],
    ],
)
def test_tiers_that_make_no_sense_change_nothing(market: Market, staff: User, tiers: list[TierTerms]) -> None:
    with pytest.raises(ValidationError):
        market_set_fee_tiers(actor=staff, market_id=market.pk, tiers=tiers)

    assert not FeeTier.objects.filter(market=market).exists()
    assert not AuditEntry.objects.filter(actor=staff).exists()


def test_tiers_of_no_market(staff: User) -> None:
    with pytest.raises(ApiError) as caught:
        market_set_fee_tiers(actor=staff, market_id=32_000, tiers=LEVELS)

    assert caught.value.code is ErrorCode.MARKET_NOT_FOUND


@pytest.mark.parametrize(
    "changes", [{"level": 0}, {"min_volume": -1}, {"maker_fee_ppm": 500_001}, {"taker_fee_ppm": -1}, {"level": 1}]
)
def test_the_database_refuses_tiers_that_make_no_sense(market: Market, staff: User, changes: dict[str, Any]) -> None:
    market_set_fee_tiers(actor=staff, market_id=market.pk, tiers=LEVELS)

    with pytest.raises(IntegrityError), transaction.atomic():
        FeeTier.objects.filter(market=market, level=2).update(**changes)


def test_a_user_reads_the_rates_of_their_next_order_in_each_market(
    market: Market, staff: User, maker: User, taker: User, client_for: Callable[[User], APIClient]
) -> None:
    first, _, _ = market_set_fee_tiers(actor=staff, market_id=market.pk, tiers=LEVELS)
    UserFeeTier.objects.create(user=maker, market=market, tier=first, volume=1_000, computed_at=timezone.now())

    own = {user: rates_shown(client_for(user), market) for user in (maker, taker)}

    tier, base = ("0.0006", "0.0009"), (rate_as_text(market.maker_fee_ppm), rate_as_text(market.taker_fee_ppm))
    assert own == {maker: (1, *tier), taker: (None, *base)}


def rates_shown(client: APIClient, market: Market) -> tuple[int | None, str, str]:
    """Return level, maker rate and taker rate."""
    shown = client.get("/api/v1/fees?limit=1000").json()["data"]
    (own,) = (one for one in shown if one["symbol"] == market.symbol)
    return own["level"], own["maker_fee_rate"], own["taker_fee_rate"]


def test_nobody_reads_fee_rates_without_a_login(visitor: APIClient) -> None:
    assert visitor.get("/api/v1/fees").status_code == 401
