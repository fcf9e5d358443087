"""System checks say what is wrong with an installation."""

from decimal import Decimal
from typing import Any

import pytest
from pytest_django import Settings

from base.scaling import MarketScale
from config.processes import start_only_if_safe
from exchange import seeds
from exchange.checks import check_demo_accounts, check_hosts, check_market_scales, check_rates, check_secret_key
from exchange.models import User
from tests.fixtures import make_market


def ids(messages: Any) -> list[str]:
    return [message.id for message in messages]


def test_a_sound_installation_has_no_findings(settings: Settings) -> None:
    settings.SECRET_KEY = "x" * 50
    settings.ALLOWED_HOSTS = ["localhost"]

    assert ids(check_secret_key(None)) == []
    assert ids(check_hosts(None)) == []
    assert ids(check_rates(None)) == []


def test_a_short_key_is_an_error(settings: Settings) -> None:
    settings.SECRET_KEY = "short"

    assert ids(check_secret_key(None)) == ["exchange.E001"]


@pytest.mark.parametrize(
    ("debug", "demo", "tls", "expected"),
    [
        (True, False, True, ["exchange.E002"]),
        (False, True, True, ["exchange.E003"]),
        (False, False, False, ["exchange.W001"]),
        (False, False, True, []),
    ],
)
def test_what_must_not_be_public(settings: Settings, debug: bool, demo: bool, tls: bool, expected: list[str]) -> None:
    settings.ALLOWED_HOSTS = ["localhost", "exchange.example"]
    settings.DEBUG, settings.DEMO_MODE, settings.TLS_PROXY = debug, demo, tls

    assert ids(check_hosts(None)) == expected


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("BIND", "0.0.0.0", "BIND is 0.0.0.0"),  # noqa: S104  (names the value, binds nothing)
        ("BIND", "::", "BIND is ::"),
        ("BIND", "192.0.2.1", "BIND is 192.0.2.1"),
        ("ALLOWED_HOSTS", ["localhost", "*"], "ALLOWED_HOSTS names \\*"),
        ("TLS_PROXY", True, "TLS_PROXY is on"),
    ],
)
def test_a_demo_that_others_can_reach_is_an_error_and_no_server_starts_with_it(
    settings: Settings, name: str, value: Any, reason: str
) -> None:
    settings.SECRET_KEY, settings.DEMO_MODE, settings.BIND = "x" * 50, True, "127.0.0.1"
    settings.ALLOWED_HOSTS = ["localhost"]
    start_only_if_safe()
    setattr(settings, name, value)

    assert ids(check_hosts(None))[0] == "exchange.E003"
    with pytest.raises(SystemExit, match=reason):
        start_only_if_safe()
    settings.DEMO_MODE = False
    start_only_if_safe()


def test_a_rate_of_zero_is_an_error(settings: Settings) -> None:
    settings.ORDER_RATE_PER_SECOND = 0

    assert ids(check_rates(None)) == ["exchange.E004"]


def test_a_market_whose_money_does_not_come_out_even_is_an_error() -> None:
    market = make_market(tick_size=Decimal("0.000001"), lot_size=Decimal("0.001"))
    try:
        assert "exchange.E005" in ids(check_market_scales(None, databases=["default"]))
    finally:
        market.delete()


def test_a_market_whose_largest_order_does_not_fit_is_an_error() -> None:
    market = make_market(max_quantity=Decimal(10**15))
    try:
        assert "exchange.E006" in ids(check_market_scales(None, databases=["default"]))
    finally:
        market.delete()


def test_a_demo_account_that_is_left_is_a_finding_and_where_others_can_come_an_error(settings: Settings) -> None:
    settings.DEMO_MODE, settings.ALLOWED_HOSTS = False, ["localhost"]
    left = User(pk=seeds.demo_user_id("viewer"), username="viewer", is_staff=True)
    left.set_password(settings.DEMO_PASSWORD)
    left.save()
    try:
        assert ids(check_demo_accounts(None, databases=["default"])) == ["exchange.W002"]
        settings.ALLOWED_HOSTS = ["exchange.example"]
        assert ids(check_demo_accounts(None, databases=["default"])) == ["exchange.E007"]
        settings.DEMO_MODE = True
        assert ids(check_demo_accounts(None, databases=["default"])) == []
        settings.DEMO_MODE = False
        left.set_password("another good password")
        left.save()
        assert ids(check_demo_accounts(None, databases=["default"])) == []
    finally:
        left.delete()


@pytest.mark.parametrize("seed", seeds.MARKETS, ids=lambda seed: seed.symbol)
def test_seeded_markets_come_out_even(seed: seeds.MarketSeed) -> None:
    decimals = {asset.code: asset.decimals for asset in seeds.ASSETS}
    base, _, quote = seed.symbol.partition("/")
    scale = MarketScale(seed.tick_size, seed.lot_size, decimals[base], decimals[quote])

    assert scale.tick_lot_units >= 1
    assert scale.lot_units >= 1
    assert scale.price_ticks(seed.reference_price) > 100
    assert scale.quantity_lots(seed.max_quantity) > 1_000
