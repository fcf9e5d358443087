"""Markets: trading state, fees, tiers, limits and new ones, each by a service and with an audit entry."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from exchange.admin.states import MEANINGS
from exchange.models import Asset, Market, TradingState, User
from tests.fixtures import fresh_name, make_market
from tests.integration.admin.scene import MARKETS, browser_of, messages_of, staff_with
from tests.trail import acts

RIGHTS = ("exchange.view_market", "exchange.change_market", "exchange.add_market")
CONFIRM = {"confirmed": "1", "note": "wallet maintenance"}
HALT = CONFIRM | {"state": "halted"}
NO_TIERS = {"fee_tiers-TOTAL_FORMS": "0", "fee_tiers-INITIAL_FORMS": "0"}
CHANGEABLE = (
    "maker_fee_ppm", "taker_fee_ppm", "price_band_ppm", "min_notional", "min_quantity", "max_quantity",
    "max_open_orders", "max_stop_orders",
)  # fmt: skip


def state_of(market: Market) -> str:
    return Market.objects.values_list("trading_state", flat=True).get(pk=market.pk)


def entries_of(user: User) -> list[tuple[str, str, dict[str, Any], str]]:
    entries = acts().filter(actor=user).order_by("id")
    return list(entries.values_list("action", "target_id", "new", "note"))


def form_of(market: Market, **changes: str) -> dict[str, str]:
    return {name: str(getattr(market, name)) for name in CHANGEABLE} | NO_TIERS | changes


def test_a_market_goes_through_every_state_with_a_note(market: Market) -> None:
    clerk = staff_with(*RIGHTS)
    browser, page = browser_of(clerk), f"{MARKETS}{market.pk}/state/"
    states = ["halted", "pre_open", "post_only", "closed", "continuous"]

    for state in states:
        done = browser.post(page, CONFIRM | {"state": state, "note": f"now {state}"})
        assert messages_of(done)[-1] == f"{market} is {state.replace('_', '-')}"
        assert state_of(market) == state

    assert entries_of(clerk) == [
        ("market.set_state", str(market.pk), {"trading_state": state}, f"now {state}") for state in states
    ]


def test_asking_for_a_state_explains_each_and_changes_nothing(market: Market) -> None:
    browser = browser_of(staff_with(*RIGHTS))

    asked = browser.get(f"{MARKETS}{market.pk}/state/")
    unsure = browser.post(f"{MARKETS}{market.pk}/state/", CONFIRM)
    wrong = browser.post(f"{MARKETS}{market.pk}/state/", CONFIRM | {"state": "asleep"})

    assert asked.context["lines"] == [f"{market}: continuous"]
    assert all(meaning in asked.content.decode() for meaning in MEANINGS.values())
    assert [list(page.context["form"].errors) for page in (unsure, wrong)] == [["state"], ["state"]]
    assert state_of(market) == "continuous"


def test_a_market_s_page_says_what_its_state_means(market: Market) -> None:
    page = browser_of(staff_with(*RIGHTS)).get(f"{MARKETS}{market.pk}/change/").content.decode()

    assert MEANINGS[TradingState.CONTINUOUS] in page
    assert f"{MARKETS}{market.pk}/state/" in page


def test_selected_markets_change_their_state_after_one_question(market: Market) -> None:
    other, clerk = make_market(trading_state="halted"), staff_with(*RIGHTS)
    browser = browser_of(clerk)
    selected = {"action": "change_state_of_selected", "_selected_action": [market.pk, other.pk], "index": "0"}

    asked = browser.post(MARKETS, selected)
    assert sorted(asked.context["lines"]) == sorted([f"{market}: continuous", f"{other}: halted"])
    assert (state_of(market), state_of(other)) == ("continuous", "halted")
    done = browser.post(MARKETS, selected | HALT)

    assert sorted(messages_of(done)) == sorted([f"{market} is halted", f"{other} is halted"])
    assert (state_of(market), state_of(other)) == ("halted", "halted")
    assert [entry[1] for entry in entries_of(clerk)] == [str(market.pk)]  # the other one was halted already


@pytest.mark.parametrize("rights", [("exchange.view_market",), ()])
def test_a_state_needs_the_right_to_change(market: Market, rights: tuple[str, ...]) -> None:
    viewer = staff_with(*rights)

    assert browser_of(viewer).post(f"{MARKETS}{market.pk}/state/", HALT).status_code == 403
    selected = {"action": "change_state_of_selected", "_selected_action": [market.pk]}
    browser_of(viewer).post(MARKETS, selected | HALT)

    assert state_of(market) == "continuous"
    assert entries_of(viewer) == []


def test_a_trader_and_a_stranger_are_sent_to_the_login(market: Market, outsider: User) -> None:
    for browser in (browser_of(outsider), Client()):
        response = browser.post(f"{MARKETS}{market.pk}/state/", HALT)
        assert response.headers["Location"].startswith("/admin/login/")
    assert state_of(market) == "continuous"


def test_fees_and_limits_are_changed_by_the_service(market: Market) -> None:
    clerk = staff_with(*RIGHTS)
    form = form_of(market, maker_fee_ppm="500", max_quantity="20", min_quantity="0.5", max_stop_orders="0")

    response = browser_of(clerk).post(f"{MARKETS}{market.pk}/change/", form)

    assert response.status_code == 302
    market.refresh_from_db()
    assert (market.maker_fee_ppm, market.max_quantity, market.max_stop_orders) == (500, Decimal(20), 0)
    assert [entry[:3] for entry in entries_of(clerk)] == [
        (
            "market.update",
            str(market.pk),
            {"maker_fee_ppm": 500, "min_quantity": "0.5", "max_quantity": "20", "max_stop_orders": 0},
        )
    ]


@pytest.mark.parametrize(
    ("field", "value"),
    [("max_quantity", "0.0005"), ("max_quantity", "0"), ("maker_fee_ppm", "50001"), ("min_notional", "-1"),
     ("price_band_ppm", "-1"), ("price_band_ppm", "1000001"), ("max_quantity", "abc"), ("min_quantity", "-1"),
     ("min_quantity", "0.0005"), ("min_quantity", "10000.001"), ("max_open_orders", "-1"),
     ("max_stop_orders", "1000001")],
)  # fmt: skip
def test_values_out_of_range_are_explained_beside_their_field(market: Market, field: str, value: str) -> None:
    clerk = staff_with(*RIGHTS)

    response = browser_of(clerk).post(f"{MARKETS}{market.pk}/change/", form_of(market, **{field: value}))

    assert response.status_code == 200
    assert list(response.context["adminform"].form.errors) == [field]
    assert entries_of(clerk) == []


def test_symbol_tick_lot_and_assets_never_change(market: Market) -> None:
    clerk = staff_with(*RIGHTS)
    form = form_of(market, symbol="X/Y", tick_size="5", lot_size="5", base=market.quote_id, trading_state="halted")

    browser_of(clerk).post(f"{MARKETS}{market.pk}/change/", form)

    same = Market.objects.get(pk=market.pk)
    for name in ("symbol", "tick_size", "lot_size", "base_id", "trading_state"):
        assert getattr(same, name) == getattr(market, name)


def new_market(**fields: str) -> dict[str, str]:
    name = fresh_name("")
    base = Asset.objects.create(code=f"NB{name}", name="Base", decimals=8)
    quote = Asset.objects.create(code=f"NQ{name}", name="Quote", decimals=6)
    defaults = {
        "base": base.code, "quote": quote.code, "tick_size": "0.01", "lot_size": "0.001", "reference_price": "100",
        "trading_state": "halted", "maker_fee_ppm": "1000", "taker_fee_ppm": "1000", "price_band_ppm": "100000",
        "min_notional": "1", "min_quantity": "0", "max_quantity": "1000", "max_open_orders": "50",
        "max_stop_orders": "5",
    }  # fmt: skip
    return defaults | fields


def test_a_market_is_created_and_recorded() -> None:
    clerk, form = staff_with(*RIGHTS), new_market()

    response = browser_of(clerk).post(f"{MARKETS}add/", form)

    assert response.status_code == 302
    market = Market.objects.get(symbol=f"{form['base']}/{form['quote']}")
    assert (market.tick_size, market.trading_state, market.max_open_orders) == (Decimal("0.01"), "halted", 50)
    action, target, new, _ = entries_of(clerk)[0]
    assert (action, target, new["lot_size"]) == ("market.create", str(market.pk), "0.001")


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"tick_size": "0.00001", "lot_size": "0.01"}, ["tick_size"]),  # 10^-7, but the quote has six decimals
        ({"lot_size": "0.000000001", "tick_size": "1000"}, ["lot_size", "reference_price"]),
        ({"max_quantity": "0.0005", "min_quantity": "0"}, ["max_quantity"]),
        ({"max_quantity": "1", "min_quantity": "1.001"}, ["min_quantity"]),
        ({"reference_price": "100.005"}, ["reference_price"]),
        ({"reference_price": "0"}, ["reference_price"]),
        ({"max_quantity": "99999999999999"}, ["max_quantity"]),
        ({"tick_size": "0"}, ["tick_size"]),
        ({"lot_size": "NaN"}, ["lot_size"]),
        ({"taker_fee_ppm": "500001"}, ["taker_fee_ppm"]),
    ],
)
def test_a_market_the_engine_could_not_count_in_is_refused(fields: dict[str, str], wrong: list[str]) -> None:
    clerk, form = staff_with(*RIGHTS), new_market(**fields)

    response = browser_of(clerk).post(f"{MARKETS}add/", form)

    assert response.status_code == 200
    assert sorted(response.context["adminform"].form.errors) == wrong
    assert not Market.objects.filter(base_id=form["base"]).exists()
    assert entries_of(clerk) == []


def test_a_market_of_one_asset_or_one_that_exists_is_refused(market: Market) -> None:
    clerk = staff_with(*RIGHTS)
    browser, form = browser_of(clerk), new_market()

    same = browser.post(f"{MARKETS}add/", form | {"quote": form["base"]})
    again = browser.post(f"{MARKETS}add/", form | {"base": market.base_id, "quote": market.quote_id})

    assert list(same.context["adminform"].form.errors) == ["quote"]
    assert list(again.context["adminform"].form.errors) == ["base"]
